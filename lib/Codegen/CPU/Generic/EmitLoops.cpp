//===- EmitLoops.cpp - loops, and reductions outside of the lanes ---------===//
//
// A reduction over loops other than the lane loop keeps its accumulators in
// registers, starts from what the output holds and runs in the order of the
// loops, so it computes what the scalar program does:
//
//   for lanes of d1: acc = out[d1]; for d0: acc = body(acc, in[d0, d1]); out =
//   acc
//
//===----------------------------------------------------------------------===//
#include "Emitter.h"

using namespace mlir;

namespace lowbit::generic {

Emitter::Emitter(RewriterBase &builder, Nest &nest, const Plan &plan)
    : b(builder), loc(nest.op.getLoc()), nest(nest), plan(plan),
      ivs(nest.loops.size()) {}

Emitter::Blocks Emitter::scalarsOnly() {
  Blocks blocks(1);
  for (auto [argument, value] : nest.scalars)
    blocks.front().scalars[argument] = value;
  return blocks;
}

void Emitter::emit() {
  if (plan.chunk)
    emitChunks();
  else if (plan.parallelLoops)
    emitParallel();
  else
    emitFrom(0, scalarsOnly());
}

Emitter::Values Emitter::emitFor(Value lower, Value upper, int64_t step,
                                 ValueRange carried, BodyFn body) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(step), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  b.setInsertionPointToEnd(loop.getBody());
  // Without carried values the loop was made with its terminator.
  if (!results.empty())
    scf::YieldOp::create(b, loc, results);
  return Values(loop.getResults());
}

void Emitter::emitParallel() {
  Blocks blocks = scalarsOnly();
  emitItems(0, blocks);
  Value total;
  for (unsigned i = 0; i < plan.parallelLoops; ++i) {
    Value extent = nest.loops[plan.order[i]].extent;
    total = total ? arith::MulIOp::create(b, loc, total, extent) : extent;
  }
  auto parallel = scf::ParallelOp::create(
      b, loc, ValueRange{index(0)}, ValueRange{total}, ValueRange{index(1)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  Value rest = parallel.getInductionVars().front();
  for (unsigned i = plan.parallelLoops; i-- > 0;) {
    unsigned loop = plan.order[i];
    ivs[loop] = rest;
    if (i == 0)
      break;
    Value extent = nest.loops[loop].extent;
    ivs[loop] = arith::RemUIOp::create(b, loc, rest, extent);
    rest = arith::DivUIOp::create(b, loc, rest, extent);
  }
  for (unsigned i = 1; i < plan.parallelLoops; ++i)
    emitItems(i, blocks);
  emitFrom(plan.parallelLoops, blocks);
}

void Emitter::emitChunks() {
  Blocks blocks = scalarsOnly();
  emitItems(0, blocks);
  Value extent = nest.loops[plan.lane].extent;
  auto parallel =
      scf::ParallelOp::create(b, loc, ValueRange{index(0)}, ValueRange{extent},
                              ValueRange{index(plan.chunk)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  Value lower = parallel.getInductionVars().front();
  Value upper =
      arith::MinSIOp::create(b, loc, addIndex(lower, plan.chunk), extent);
  int64_t size = nest.loops[plan.lane].size;
  bool hasTail = ShapedType::isDynamic(size) || size % kLanes != 0;
  emitLaneLoop(blocks.front(), lower, upper, ShapedType::kDynamic, hasTail);
}

void Emitter::emitFrom(unsigned position, Blocks blocks) {
  if (nest.hasReduction() && position == plan.firstReduction) {
    if (plan.laneReduction)
      return emitLaneReduction(position, std::move(blocks));
    return emitSequentialReduction(position, std::move(blocks));
  }
  emitItems(position, blocks);
  if (position == plan.order.size()) {
    Operation *yield = nest.body().getTerminator();
    // All loads come before all stores: an output may be an input's buffer.
    for (Lanes &lanes : blocks)
      for (auto [access, value] :
           llvm::zip_equal(nest.outputs, yield->getOperands()))
        storeVector(access, vector(lanes, value), lanes);
    return;
  }
  const Loop &loop = nest.loops[plan.order[position]];
  if (position == plan.lanePosition) {
    bool hasTail = ShapedType::isDynamic(loop.size) || loop.size % kLanes != 0;
    return emitLaneLoop(std::move(blocks.front()), index(0), loop.extent,
                        loop.size, hasTail);
  }
  emitFor(index(0), loop.extent, 1, {}, [&](Value iv, ValueRange) {
    ivs[plan.order[position]] = iv;
    emitFrom(position + 1, blocks);
    return Values();
  });
}

Value Emitter::maskFrom(Value base, Value upper) {
  Value count = arith::SubIOp::create(b, loc, upper, base);
  return vector::CreateMaskOp::create(b, loc, laneType(b.getI1Type()),
                                      ValueRange{count});
}

Emitter::Lanes Emitter::lanesAt(const Lanes &outer, Value base, Value upper,
                                bool masked) {
  Lanes lanes = outer;
  lanes.base = base;
  if (masked) {
    lanes.mask = maskFrom(base, upper);
    lanes.last = addIndex(upper, -1);
  }
  return lanes;
}

void Emitter::emitLaneLoop(Lanes outer, Value lower, Value upper, int64_t size,
                           bool hasTail) {
  bool isStatic = !ShapedType::isDynamic(size);
  // Where the steps of `width` that begin at `from` end.
  auto endOfSteps = [&](Value from, int64_t width) -> Value {
    if (isStatic)
      return index(size - size % width);
    Value length = arith::SubIOp::create(b, loc, upper, lower);
    Value rest = arith::RemUIOp::create(b, loc, length, index(width));
    return arith::SubIOp::create(b, loc, upper, rest);
  };
  auto emitSteps = [&](Value from, int64_t unroll) {
    Value end = endOfSteps(from, unroll * kLanes);
    emitFor(from, end, unroll * kLanes, {}, [&](Value iv, ValueRange) {
      Blocks blocks;
      for (int64_t i = 0; i < unroll; ++i)
        blocks.push_back(
            lanesAt(outer, addIndex(iv, i * kLanes), upper, false));
      emitFrom(plan.lanePosition + 1, std::move(blocks));
      return Values();
    });
    return end;
  };

  Value from = lower;
  int64_t wide = plan.unroll * kLanes;
  if (plan.unroll > 1)
    from = emitSteps(from, plan.unroll);
  if (plan.unroll == 1 || !isStatic || size % wide >= kLanes)
    if (!isStatic || size >= kLanes)
      from = emitSteps(from, 1);
  if (!hasTail)
    return;
  auto emitTail = [&] {
    Blocks blocks;
    blocks.push_back(lanesAt(outer, from, upper, true));
    emitFrom(plan.lanePosition + 1, std::move(blocks));
  };
  if (isStatic)
    return emitTail();
  Value more =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, from, upper);
  auto branch = scf::IfOp::create(b, loc, more, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitTail();
}

void Emitter::emitSequentialReduction(unsigned position, Blocks blocks) {
  Values sums;
  for (Lanes &lanes : blocks)
    for (const Access &access : nest.outputs)
      sums.push_back(loadVector(access, lanes));
  sums = emitReductionLoops(position, blocks, std::move(sums));
  auto next = sums.begin();
  for (Lanes &lanes : blocks)
    for (const Access &access : nest.outputs)
      storeVector(access, *next++, lanes);
}

Emitter::Values Emitter::emitReductionLoops(unsigned position, Blocks blocks,
                                            Values sums) {
  if (position == plan.order.size()) {
    auto next = sums.begin();
    for (Lanes &lanes : blocks)
      for (const Access &access : nest.outputs)
        lanes.vectors[access.element] = *next++;
    emitItems(position, blocks);
    Values results;
    for (Lanes &lanes : blocks)
      for (Value value : nest.body().getTerminator()->getOperands())
        results.push_back(vector(lanes, value));
    return results;
  }
  emitItems(position, blocks);
  unsigned loop = plan.order[position];
  return emitFor(index(0), nest.loops[loop].extent, 1, sums,
                 [&](Value iv, ValueRange carried) {
                   ivs[loop] = iv;
                   return emitReductionLoops(position + 1, blocks,
                                             Values(carried));
                 });
}

} // namespace lowbit::generic
