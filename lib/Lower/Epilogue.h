//===- Epilogue.h - from accumulators to floats -----------------*- C++ -*-===//
//
// Builds the generic after an integer contraction.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_EPILOGUE_H
#define LOWBIT_LIB_LOWER_EPILOGUE_H

#include "ByteParts.h"
#include "QuantizedOperand.h"

#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Lower/IntegerContraction.h"

namespace lowbit {

/// y = float(sums - corrections) * (scale of a * scale of b) + init
class EpilogueBuilder {
public:
  EpilogueBuilder(mlir::OpBuilder &builder, mlir::ModuleOp module,
                  ParameterReader &reader, const Contraction &c);

  /// Subtracts times * sum(ints - subtract) of operand 0 or 1. Computed now
  /// when the integers are a constant and so are the zero points.
  void subtractSum(unsigned operand, mlir::Value ints, ZeroPoint subtract,
                   ZeroPoint times);
  /// Sets the scale to the product of those of the operands; `loopA` and
  /// `loopB` are the loops that they run along.
  void setScales(const QuantizedOperand &a, std::optional<unsigned> loopA,
                 const QuantizedOperand &b, std::optional<unsigned> loopB);
  /// The same where those of a or b are one for each row: the product is that
  /// of each element of the result.
  void setRowScales(const LoopTensor &a, const LoopTensor &b);
  /// The scales of an operand as a tensor, a constant or of the run.
  LoopTensor scalesOf(const QuantizedOperand &q, std::optional<unsigned> loop);
  /// The float result, in the place of that of the contraction: `sums` are
  /// added up, each times its factor.
  mlir::Value finish(llvm::ArrayRef<BytePart> sums);
  /// Adds and subtracts in 64 bits, where 32 may not hold the sum. Said before
  /// any sum is subtracted.
  void useWideSums() { isWide = true; }

private:
  std::optional<LoopTensor> foldSum(unsigned operand, mlir::Value ints,
                                    ZeroPoint subtract, ZeroPoint times);
  LoopTensor asTensor(const QuantizedOperand &q, std::optional<unsigned> loop,
                      llvm::ArrayRef<float> values);
  std::string constantName(llvm::StringRef suffix) const;
  mlir::AffineMap mapOf(const LoopTensor &tensor) const;

  mlir::OpBuilder &builder;
  mlir::ModuleOp module;
  ParameterReader &reader;
  const Contraction &c;
  /// A sum, and the zero points of rows that it is multiplied with.
  struct Correction {
    LoopTensor sum, times;
  };
  llvm::SmallVector<Correction> corrections;
  LoopTensor scale;
  /// What the scale is multiplied with first; a null value without rows.
  LoopTensor rowScale;
  std::optional<float> knownScale;
  bool isWide = false;
};

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_EPILOGUE_H
