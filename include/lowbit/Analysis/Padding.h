//===- Padding.h - which elements a mask leaves out -------------*- C++ -*-===//
//
// A mask is an input of the model that says which positions hold data and which
// only fill up (zero), such as attention_mask[batch, seq]. Here it is found out
// which dimensions of each observed value, and of each output, run along those
// of the mask, so that padded elements can be left out of statistics and
// errors.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_ANALYSIS_PADDING_H
#define LOWBIT_ANALYSIS_PADDING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

namespace lowbit {

/// A part of a dimension: [batch, seq] collapsed into one has two.
struct DimensionPart {
  /// The dimension of the mask that it runs along, or -1.
  int64_t maskDim = -1;
  /// Where it runs along none; ShapedType::kDynamic of at most one part.
  int64_t size = mlir::ShapedType::kDynamic;
};

/// The parts of each dimension of a value, outermost first. A dimension without
/// a part runs along no dimension of the mask.
using PaddedDimensions =
    llvm::SmallVector<llvm::SmallVector<DimensionPart, 1>, 4>;

struct PaddingPlan {
  /// Index of the mask among the function's arguments.
  unsigned argument = 0;
  std::string name;
  /// By observer id, or by the number of an output (0, 1, ...). What is not
  /// there counts whole.
  std::map<std::string, PaddedDimensions> values;
};

/// Analyzes the observers of `main` for the input called `mask`. An observer
/// where the analysis lost a dimension on the way gets a remark. Refused: a
/// name that no input has, an input without dimensions, a float one that is
/// multiplied with weights, and one that no observed value runs along.
llvm::FailureOr<PaddingPlan> analyzePadding(mlir::func::FuncOp main,
                                            llvm::StringRef mask);

/// The same for the outputs of `main`. They need not run along the mask.
llvm::FailureOr<PaddingPlan> analyzeOutputPadding(mlir::func::FuncOp main,
                                                  llvm::StringRef mask);

} // namespace lowbit

#endif // LOWBIT_ANALYSIS_PADDING_H
