//===- ReductionOrder.h - in which order floats are summed up ---*- C++ -*-===//
//
// Rules F2 to F4 of docs/numerics-float.md: the order of an operation's float
// reduction is read off its loops, maps and body. A pass that changes maps or
// body writes the order down first, so that it stays what it was.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_REDUCTIONORDER_H
#define LOWBIT_CODEGEN_CPU_REDUCTIONORDER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

/// out = combine(out, x), the one way in which an output is reduced.
struct Combiner {
  mlir::Operation *op = nullptr;
  /// The value that is added; `accumulatorFirst` is its place in `op`.
  mlir::Value added;
  bool accumulatorFirst = true;
  mlir::TypedAttr identity;
};

/// Set when every output is reduced by a known combiner whose other operand
/// does not read an accumulator; empty otherwise.
llvm::SmallVector<Combiner> matchCombiners(mlir::linalg::LinalgOp op);
/// Any order and grouping gives the same result: integers, and maxima and
/// minima that tell the zeros apart.
bool isOrderFree(const Combiner &combiner);

enum class ReductionOrder {
  Free,       ///< nothing to keep: no reduction, or order-free combiners
  Sequential, ///< in the order of the loops, the last one fastest
  Lanes,      ///< the lane tree of EmitLaneReduction.cpp
};

/// Written down by lowbit-fix-reduction-orders: "sequential" or "lanes".
constexpr llvm::StringLiteral kReductionOrderAttr = "lowbit.reduction_order";

/// The attribute where there is one, otherwise rules F3 and F4.
ReductionOrder reductionOrder(mlir::linalg::LinalgOp op);

/// The body is acc + a * b, or fma(a, b, acc), in floats: a and b are different
/// inputs, extended or not (rule F2).
struct MultiplyAdd {
  mlir::Value a, b, accumulator;
};
std::optional<MultiplyAdd> matchMultiplyAdd(mlir::linalg::LinalgOp op);

/// Rounds the products of rule F2 with their sum: acc + a * b becomes
/// fma(a, b, acc) in the body of `op`.
void fuseMultiplyAdd(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op,
                     const MultiplyAdd &multiplyAdd);

} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_REDUCTIONORDER_H
