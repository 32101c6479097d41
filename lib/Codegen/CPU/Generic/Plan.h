//===- Plan.h - how a nest is vectorized ------------------------*- C++ -*-===//
//
// What goes in: a nest. What comes out: the loop that runs over lanes, the
// order of the others, which values of the body differ from lane to lane, which
// loops run in parallel. Where the order of a float reduction is defined
// (ReductionOrder.h), it says whether the lanes run along the last loop or
// along a parallel one; the rest of the choice is for speed and changes no
// result.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H
#define LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H

#include "Nest.h"
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lowbit::generic {

/// Lanes of a vector, for every element type and target.
constexpr int64_t kLanes = 16;
/// Accumulators of a reduction over lanes.
constexpr int64_t kAccumulators = 4;

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
mlir::FailureOr<Plan> makePlan(mlir::RewriterBase &builder, Nest &nest);

} // namespace lowbit::generic

#endif // LOWBIT_LIB_CODEGEN_CPU_GENERIC_PLAN_H
