//===- LowbitFields.h - the fields that all formats have --------*- C++ -*-===//
//
// Text form of `axis = 1`, `block = [1, 32]`, `scale = f8E8M0FNU` and
// `pack = 1`, in any order.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_DIALECT_LOWBIT_IR_LOWBITFIELDS_H
#define LOWBIT_LIB_DIALECT_LOWBIT_IR_LOWBITFIELDS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "llvm/ADT/SmallSet.h"

namespace lowbit {

struct FormatFields {
  std::optional<int64_t> axis, pack;
  llvm::SmallVector<int64_t> block;
  mlir::FloatType scale;
  llvm::SmallSet<llvm::StringRef, 4> seen;

  /// Parses one field.
  mlir::ParseResult parseNext(mlir::AsmParser &parser, bool allowsPack);
  /// What the fields say, checked; null after an error.
  GranularityAttr granularity(mlir::AsmParser &parser, llvm::SMLoc loc) const;
  /// The fields after the first one, and the closing bracket.
  static void printRest(mlir::AsmPrinter &printer, GranularityAttr granularity,
                        std::optional<int64_t> pack);
};

/// Constraint T5.
mlir::LogicalResult
verifyPack(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
           std::optional<int64_t> pack, unsigned width);

} // namespace lowbit

#endif // LOWBIT_LIB_DIALECT_LOWBIT_IR_LOWBITFIELDS_H
