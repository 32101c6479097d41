//===- Contractions.h - what counts as a contraction ------------*- C++ -*-===//
//
// The vocabulary that phases 2 to 6 share: which linalg operations multiply
// two tensors and add up, and which loop plays which part. Forms are told by
// their maps and body, not by their name, so a generic that spells a matmul is
// one too.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_CONTRACTIONS_H
#define LOWBIT_IMPORT_CONTRACTIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

/// C[batch, rows, columns] += sum over `reduction` of A * B. A convolution is
/// one that reads an operand, its image, at sums of loops (y * stride + ky *
/// dilation). There the rows are the batch and the output image, the columns
/// the output channels, the reduction the window and the input channels, and
/// groups and channels of a depthwise convolution are batch loops.
struct Contraction {
  mlir::linalg::LinalgOp op;
  bool isConvolution = false;
  /// The operand that is the image; the other one is the filter.
  unsigned image = 0;
  /// Loops of `op` by the operands that they index: batch A, B, C; rows A, C;
  /// columns B, C; reduction A, B.
  llvm::SmallVector<unsigned, 2> batch, rows, columns, reduction;

  mlir::Value lhs() const { return op->getOperand(0); }
  mlir::Value rhs() const { return op->getOperand(1); }
  mlir::Value init() const { return op->getOperand(2); }
  /// True when `loop` runs over the window of a convolution.
  bool isWindow(unsigned loop) const;
  mlir::AffineMap map(unsigned operand) const {
    return mlir::linalg::LinalgOp(op).getIndexingMapsArray()[operand];
  }
  /// Extents of the loops; ShapedType::kDynamic where unknown.
  llvm::SmallVector<int64_t, 4> loopExtents() const;
  /// The number of products in a sum; none when it is not known.
  std::optional<int64_t> reductionSize() const;
  /// The dimension of operand 0 or 1 that the single row (column) loop indexes:
  /// the output channels of a weight. None when there are several such loops;
  /// in the filter of a convolution, whose groups are channels too, the
  /// longest.
  std::optional<int64_t> channelDim(unsigned operand) const;
  /// The dimension of operand 0 or 1 that is summed over: in a convolution the
  /// input channels. None when there are several.
  std::optional<int64_t> reductionDim(unsigned operand) const;
  /// The dimension of the result that loop `loop` indexes.
  std::optional<unsigned> resultDim(unsigned loop) const;
};

/// Matches an operation on tensors whose body multiplies and adds, in floats or
/// in integers.
std::optional<Contraction> matchContraction(mlir::Operation *op);

/// The same, where the elements are f32.
std::optional<Contraction> matchFloatContraction(mlir::Operation *op);

/// Whether matchFloatContraction matches.
bool isFloatContraction(mlir::Operation *op);

/// d, d * factor with a positive factor, or a sum of these: how a window moves
/// over an image.
bool isSumOfLoops(mlir::AffineExpr expr);

/// Of known rank, with f32 elements.
bool isF32Tensor(mlir::Value value);

/// How `lowbit.float_reason` begins where a rule of a recipe is the reason.
inline constexpr llvm::StringLiteral kKeptFloat = "kept float by ";

/// Whether a rule of a recipe keeps the operation float.
bool isKeptFloat(mlir::Operation *op);

/// True when `value` is filled with zeros.
bool isZeroFilled(mlir::Value value);

/// The name of the value in the source model, or a stand-in that says where it
/// is made.
std::string valueName(mlir::Value value);

} // namespace lowbit

#endif // LOWBIT_IMPORT_CONTRACTIONS_H
