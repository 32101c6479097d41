//===- Plan.h - how a nest is vectorized ------------------------*- C++ -*-===//
//
// What goes in: a nest. What comes out: the loop that runs over lanes, the
// order of the others, which values of the body differ from lane to lane, which
// loops run in parallel. The choice of the lane loop reads only the indexing
// maps and the body, never the strides of a buffer, so the order of a float
// reduction does not depend on where bufferization put a value. Loops whose
// extent is known to be 1 do not count.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H
#define LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H

#include "Nest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lowbit::generic {

/// Lanes of a vector, for every element type and target.
constexpr int64_t kLanes = 16;
/// Accumulators of a reduction over lanes.
constexpr int64_t kAccumulators = 4;

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
llvm::SmallVector<Combiner> matchCombiners(Nest &nest);
/// The result of `combiner` does not depend on the order of its operands.
bool isOrderFree(const Combiner &combiner);

struct Plan {
  /// The loop over lanes.
  unsigned lane = 0;
  /// All live loops, outermost first.
  llvm::SmallVector<unsigned> order;
  unsigned lanePosition = 0;
  /// Position in `order` of the first reduction that is not the lane loop, or
  /// the size of `order`. Reductions are the innermost loops.
  unsigned firstReduction = 0;
  /// The lane loop is a reduction: accumulators and a tree.
  bool laneReduction = false;
  llvm::SmallVector<Combiner> combiners;
  /// The first `parallelLoops` of `order` run in parallel, as one loop.
  unsigned parallelLoops = 0;
  /// If not 0 the lane loop, which is the outermost, runs in parallel by
  /// chunks.
  int64_t chunk = 0;
  /// Vectors of a step of the lane loop.
  int64_t unroll = 1;
  /// The loops that a value of the body, or an argument of it, depends on.
  llvm::DenseMap<mlir::Value, uint64_t> dependences;

  /// Unknown values come from outside and depend on nothing.
  uint64_t dependsOn(mlir::Value value) const {
    return dependences.lookup(value);
  }
  bool varies(mlir::Value value) const { return dependsOn(value) >> lane & 1; }
  /// How many loops are open where `value` is computed.
  unsigned level(mlir::Value value) const;
};

/// How the elements of consecutive lanes lie.
enum class LaneAccess { Uniform, Contiguous, Scattered };
LaneAccess classify(const Access &access, unsigned lane);
LaneAccess classify(mlir::memref::LoadOp load, const Plan &plan);

/// Fails with a reason when the nest cannot be vectorized.
mlir::FailureOr<Plan> makePlan(mlir::RewriterBase &builder, Nest &nest,
                               llvm::SmallVector<Combiner> combiners);

} // namespace lowbit::generic

#endif // LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H
