//===- DotProduct.h - the inner step of a contraction, by ISA ---*- C++ -*-===//
//
// A register tile is `rows` x `vectors` accumulators of `lanes` columns each.
// One step adds `group` consecutive products to every accumulator:
//
//   acc[r][v] += dot(row[r], columns[v])
//
// where row[r] is `group` elements of a row of A, repeated in every lane, and
// columns[v] is `group` elements of each of `lanes` columns of B.
//
// A is read as `rowElement`. Where that is not what the program holds, A is
// copied once, through `convertRows`. vpdpbusd multiplies unsigned by signed
// bytes: there A is held as a ^ 0x80 = a + 128, and 128 * (sum of the column)
// is taken off every accumulator (`biasesRows`).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_DOTPRODUCT_H
#define LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_DOTPRODUCT_H

#include "KernelBuilder.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include <memory>

namespace lowbit {

struct TileShape {
  int64_t rows = 1;
  int64_t vectors = 1;
};

class DotProduct {
public:
  virtual ~DotProduct() = default;
  DotProduct(mlir::MLIRContext *context, bool isFloat, int64_t lanes,
             int64_t group, int64_t registers)
      : context(context), isFloat(isFloat), lanes(lanes), group(group),
        registers(registers) {}

  mlir::MLIRContext *const context;
  const bool isFloat;
  const int64_t lanes;     ///< columns of one accumulator
  const int64_t group;     ///< products that one step adds
  const int64_t registers; ///< vector registers of the machine

  mlir::Type sourceElement() const;
  /// What B holds: source elements, or integers that are decoded to them.
  virtual mlir::Type columnElement() const { return sourceElement(); }
  mlir::Type accumulatorElement() const;
  mlir::VectorType accumulatorType() const;

  /// Element type that A is read in; its rows are copied when it is not i8 or
  /// f32 as it comes, or when `biasesRows`.
  virtual mlir::Type rowElement() const { return sourceElement(); }
  virtual bool biasesRows() const { return false; }
  bool copiesRows() const {
    return biasesRows() || rowElement() != sourceElement();
  }
  /// A scalar or vector of source elements in the form that loadRow reads.
  virtual mlir::Value convertRows(KernelBuilder &b, mlir::Value v) const {
    return v;
  }

  virtual mlir::Value loadRow(KernelBuilder &b, mlir::Value rows,
                              mlir::Value at) const = 0;
  virtual mlir::Value loadColumns(KernelBuilder &b, mlir::Value columns,
                                  mlir::Value at) const = 0;
  virtual mlir::Value emitDot(KernelBuilder &b, mlir::Value accumulator,
                              mlir::Value row, mlir::Value columns) const = 0;
  /// A row and columns made of nothing: for the peak loop, and for sums of
  /// columns (a row of 128s, where rows are biased).
  virtual mlir::Value constantRow(KernelBuilder &b) const = 0;

  /// Registers that a step needs beside accumulators, columns and one row.
  virtual int64_t scratchRegisters() const { return 0; }
  /// Instructions of one emitDot.
  virtual int64_t dotCost() const { return 1; }

  /// The tile that takes the fewest cycles for this many rows and columns
  /// (nothing: only known at run time), by a small model of the machine.
  TileShape chooseTile(std::optional<int64_t> rows,
                       std::optional<int64_t> columns) const;
};

std::unique_ptr<DotProduct> createDotProduct(mlir::MLIRContext *context,
                                             TargetISA isa, bool isFloat);
/// f32 rows, columns of `element` that the kernel decodes after loadColumns.
std::unique_ptr<DotProduct> createDecodingProduct(mlir::MLIRContext *context,
                                                  TargetISA isa,
                                                  mlir::Type element);

} // namespace lowbit

#endif // LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_DOTPRODUCT_H
