//===- Plan.cpp - how a nest is vectorized --------------------------------===//
//
// See Plan.h. The lane loop is the last one where the order is a lane tree,
// otherwise the one along which most operands are contiguous, outputs first,
// and a reduction only where the order is free. Around it run the parallel
// loops in the order of the first output, inside it the reductions, in the
// order in which they are written. When an input is transposed against the
// output, the loop along which it is contiguous runs inside the lane loop, so
// that 16 of its cache lines are used up before the next 16.
//
//===----------------------------------------------------------------------===//
#include "Plan.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lowbit::generic {

/// Work below this many operations on elements is not worth a parallel loop.
constexpr int64_t kParallelWork = 16384;
/// Elements of a chunk when the lane loop itself runs in parallel.
constexpr int64_t kChunk = 4096, kReductionChunk = 128;

unsigned Plan::level(Value value) const {
  uint64_t set = dependsOn(value);
  unsigned level = 0;
  for (auto [i, loop] : llvm::enumerate(order))
    if (set >> loop & 1)
      level = i + 1;
  return level;
}

static bool isVectorElement(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.isSignless() &&
           llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
  return isa<IndexType, Float16Type, BFloat16Type, Float32Type, Float64Type>(
      type);
}

/// The dimension of `load` whose index is linalg.index(loop), or -1.
static int indexPosition(memref::LoadOp load, unsigned loop) {
  for (auto [i, index] : llvm::enumerate(load.getIndices()))
    if (auto op = index.getDefiningOp<linalg::IndexOp>())
      if (op.getDim() == loop)
        return i;
  return -1;
}

static LaneAccess classify(MemRefType type, int position) {
  int64_t offset;
  SmallVector<int64_t> strides;
  bool contiguous = position == type.getRank() - 1 &&
                    succeeded(type.getStridesAndOffset(strides, offset)) &&
                    strides.back() == 1;
  // An i1 is a byte in memory and a bit in a vector.
  return contiguous && !type.getElementType().isInteger(1)
             ? LaneAccess::Contiguous
             : LaneAccess::Scattered;
}

LaneAccess classify(const Access &access, unsigned lane) {
  if (!access.dependsOn(lane))
    return LaneAccess::Uniform;
  return access.isCompoundIn(lane)
             ? LaneAccess::Scattered
             : classify(access.type(), access.plainPosition(lane));
}

LaneAccess classify(memref::LoadOp load, const Plan &plan) {
  unsigned varying = llvm::count_if(
      load.getIndices(), [&](Value index) { return plan.varies(index); });
  if (varying == 0)
    return LaneAccess::Uniform;
  int position = varying == 1 ? indexPosition(load, plan.lane) : -1;
  return position < 0 ? LaneAccess::Scattered
                      : classify(load.getMemRefType(), position);
}

/// Which loops each value of the body depends on; fails on an op that cannot be
/// computed lane by lane.
static LogicalResult findDependences(RewriterBase &builder, Nest &nest,
                                     Plan &plan) {
  uint64_t all = 0;
  for (unsigned loop : nest.liveLoops())
    all |= uint64_t(1) << loop;
  auto accessSet = [&](const Access &access) {
    uint64_t set = 0;
    for (unsigned loop : nest.liveLoops())
      set |= uint64_t(access.dependsOn(loop)) << loop;
    return set;
  };
  for (const Access &access : nest.inputs)
    plan.dependences[access.element] = accessSet(access);
  for (const Access &access : nest.outputs)
    plan.dependences[access.element] =
        nest.hasReduction() ? all : accessSet(access);

  for (Operation &op : nest.body().without_terminator()) {
    if (op.getNumRegions() != 0 || op.getNumResults() != 1 ||
        !isVectorElement(op.getResult(0).getType()))
      return builder.notifyMatchFailure(&op, "not an operation on one element");
    uint64_t set = 0;
    for (Value operand : op.getOperands())
      set |= plan.dependsOn(operand);
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      if (!nest.loops[index.getDim()].dead)
        set |= uint64_t(1) << index.getDim();
    } else if (auto load = dyn_cast<memref::LoadOp>(op)) {
      // Look-ups in a buffer that is written here stay in program order.
      if (llvm::is_contained(nest.op.getOutputs(), load.getMemRef()))
        return builder.notifyMatchFailure(&op, "look-up in an output");
    } else if (!OpTrait::hasElementwiseMappableTraits(&op) &&
               !isa<arith::ConstantOp>(op)) {
      return builder.notifyMatchFailure(&op, "not elementwise");
    } else if (!isMemoryEffectFree(&op)) {
      return builder.notifyMatchFailure(&op, "has side effects");
    } else if (!isSpeculatable(&op)) {
      set = all; // A division must not run where the loop would not.
    }
    plan.dependences[op.getResult(0)] = set;
  }
  return success();
}

/// Every output is indexed by exactly the parallel loops, each once.
static bool areOutputsRegular(Nest &nest) {
  return llvm::all_of(nest.outputs, [&](const Access &access) {
    return llvm::all_of(nest.liveLoops(), [&](unsigned loop) {
      bool plain =
          access.plainPosition(loop) >= 0 && !access.isCompoundIn(loop);
      return nest.loops[loop].reduction ? !access.dependsOn(loop) : plain;
    });
  });
}

/// How good `loop` is as the lane loop.
static int score(Nest &nest, unsigned loop) {
  auto rate = [&](const Access &access, int good, int bad) {
    int p = access.plainPosition(loop);
    if (p < 0)
      return 0;
    return p + 1 == int(access.indices.size()) ? good : bad;
  };
  int total = 0;
  for (const Access &access : nest.outputs)
    total += nest.loops[loop].reduction ? 6 : rate(access, 6, -6);
  for (const Access &access : nest.inputs)
    total += rate(access, 2, -4);
  nest.body().walk([&](memref::LoadOp load) {
    int p = indexPosition(load, loop);
    if (p >= 0)
      total += p + 1 == int(load.getIndices().size()) ? 2 : -4;
  });
  return total;
}

static bool pickLane(Nest &nest, Plan &plan) {
  bool isFree = nest.order == ReductionOrder::Free && !plan.combiners.empty();
  if (nest.order == ReductionOrder::Lanes && !nest.loops[nest.lastLoop].dead) {
    plan.lane = nest.lastLoop;
    return true;
  }
  std::optional<int> best;
  for (unsigned loop : nest.liveLoops()) {
    bool compound = llvm::any_of(nest.inputs, [&](const Access &access) {
      return access.isCompoundIn(loop);
    });
    if (compound || (nest.loops[loop].reduction && !isFree))
      continue;
    int value = score(nest, loop);
    if (best && value < *best)
      continue;
    best = value;
    plan.lane = loop;
  }
  return best.has_value();
}

/// A parallel loop along which an input that is scattered over the lanes is
/// contiguous.
static std::optional<unsigned> transposedLoop(Nest &nest, const Plan &plan) {
  for (const Access &access : nest.inputs) {
    if (classify(access, plan.lane) != LaneAccess::Scattered)
      continue;
    if (auto dim = dyn_cast<AffineDimExpr>(access.indices.back()))
      if (dim.getPosition() != plan.lane)
        return dim.getPosition();
  }
  return std::nullopt;
}

static void orderLoops(Nest &nest, Plan &plan) {
  std::optional<unsigned> inner;
  if (!nest.hasReduction())
    inner = transposedLoop(nest, plan);
  SmallVector<unsigned> reductions;
  for (unsigned loop : nest.liveLoops()) {
    if (loop == plan.lane || loop == inner)
      continue;
    (nest.loops[loop].reduction ? reductions : plan.order).push_back(loop);
  }
  llvm::sort(plan.order, [&](unsigned a, unsigned b) {
    return nest.outputs[0].plainPosition(a) < nest.outputs[0].plainPosition(b);
  });
  plan.laneReduction = nest.loops[plan.lane].reduction;
  if (plan.laneReduction) {
    plan.firstReduction = plan.order.size();
    plan.order.append(reductions);
    plan.order.push_back(plan.lane);
  } else {
    plan.order.push_back(plan.lane);
    if (inner)
      plan.order.push_back(*inner);
    plan.firstReduction = plan.order.size();
    plan.order.append(reductions);
  }
  plan.lanePosition = llvm::find(plan.order, plan.lane) - plan.order.begin();
}

static void chooseThreads(Nest &nest, Plan &plan) {
  int64_t iterations = nest.iterations();
  int64_t ops = std::max<int64_t>(1, nest.body().getOperations().size() - 1);
  if (nest.op->getParentOfType<scf::ParallelOp>() ||
      nest.op->getParentOfType<scf::ForallOp>() ||
      (!ShapedType::isDynamic(iterations) && iterations * ops < kParallelWork))
    return;
  unsigned outer = std::min(plan.lanePosition, plan.firstReduction);
  // One or two loops are enough to keep every thread busy.
  int64_t tasks = 1;
  while (plan.parallelLoops < std::min(outer, 2u) && tasks < 32) {
    int64_t size = nest.loops[plan.order[plan.parallelLoops++]].size;
    tasks *= ShapedType::isDynamic(size) ? 1 : size;
  }
  int64_t chunk =
      nest.hasReduction() || plan.order.size() > 1 ? kReductionChunk : kChunk;
  int64_t size = nest.loops[plan.lane].size;
  if (outer == 0 && !plan.laneReduction &&
      (ShapedType::isDynamic(size) || size > chunk))
    plan.chunk = chunk;
}

/// Four accumulators, where a reduction would otherwise wait for its own last
/// addition. Elementwise loops gain nothing from longer steps.
static void chooseUnroll(Nest &nest, Plan &plan) {
  constexpr int64_t vectors = 4;
  int64_t size = nest.loops[plan.lane].size;
  if (nest.hasReduction() && !plan.laneReduction &&
      (ShapedType::isDynamic(size) || size >= vectors * kLanes))
    plan.unroll = vectors;
}

FailureOr<Plan> makePlan(RewriterBase &builder, Nest &nest) {
  Plan plan;
  if (nest.hasReduction())
    plan.combiners = matchCombiners(nest.op);
  auto refuse = [&](const char *reason) {
    return builder.notifyMatchFailure(nest.op, reason);
  };
  if (nest.loops.size() > 64)
    return refuse("more than 64 loops");
  for (SmallVectorImpl<Access> *accesses : {&nest.inputs, &nest.outputs})
    for (Access &access : *accesses)
      if (!isVectorElement(access.type().getElementType()))
        return refuse("an element type that a vector cannot load");
  if (!areOutputsRegular(nest))
    return refuse("an output is not indexed by each parallel loop");
  if (!pickLane(nest, plan))
    return refuse("no loop to vectorize");
  if (failed(findDependences(builder, nest, plan)))
    return failure();
  orderLoops(nest, plan);
  chooseUnroll(nest, plan);
  chooseThreads(nest, plan);
  return plan;
}

} // namespace lowbit::generic
