//===- EmitLaneReduction.cpp - reductions over the lanes ------------------===//
//
// The order in which a reduction along its contiguous dimension combines its
// elements x[0], ..., x[n-1], the same for any target and number of threads.
// op is the combiner, id its identity (addf: -0.0, mulf: 1, maximumf: -inf,
// minimumf: +inf, maxnumf and minnumf: NaN), and acc the 4 x 16 partial
// results:
//
//   acc[a][l] = id                                            for a < 4, l < 16
//   acc[a][l] = acc[a][l] op x[64 * i + 16 * a + l]     for i = 0, 1, 2, ...
//   v[l]      = (acc[0][l] op acc[1][l]) op (acc[2][l] op acc[3][l])
//   v[l]      = v[l] op v[l + h]           for l < h, for h = 8, then 4, 2, 1
//   out       = out op v[0]
//
// An element beyond n is not combined: its lane keeps its value. With other
// reduction loops around, the accumulators live across them and the last two
// lines come once. Where the body has the accumulator on the right of op, so do
// the second and the last line.
//
//===----------------------------------------------------------------------===//
#include "Emitter.h"

using namespace mlir;

namespace lowbit::generic {

Value Emitter::combine(const Combiner &combiner, Value accumulator,
                       Value added) {
  IRMapping mapping;
  Value lhs = combiner.accumulatorFirst ? accumulator : added;
  Value rhs = combiner.accumulatorFirst ? added : accumulator;
  mapping.map(combiner.op->getOperand(0), lhs);
  mapping.map(combiner.op->getOperand(1), rhs);
  Operation *clone = b.clone(*combiner.op, mapping);
  clone->getResult(0).setType(accumulator.getType());
  return clone->getResult(0);
}

Value Emitter::reduceTree(const Combiner &combiner, ArrayRef<Value> sums) {
  // The tree has the earlier lane on the left, whatever the body's order is.
  Combiner tree = combiner;
  tree.accumulatorFirst = true;
  Value low = sums[0];
  if (sums.size() > 1)
    low = combine(tree, low, sums[1]);
  if (sums.size() > 2) {
    Value high = sums[2];
    if (sums.size() > 3)
      high = combine(tree, high, sums[3]);
    low = combine(tree, low, high);
  }
  // Sums of integers are the same in any order. LLVM 22 takes a tree of them
  // over products of 16 bytes for vpdpbusd and forgets its last two steps
  // (test/Regression/sum-of-sixteen-products.mlir), but not this.
  if (isa<arith::AddIOp>(combiner.op))
    return vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, low);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    auto left = llvm::to_vector(llvm::seq<int64_t>(0, half));
    auto right = llvm::to_vector(llvm::seq<int64_t>(half, 2 * half));
    Value a = vector::ShuffleOp::create(b, loc, low, low, left);
    Value c = vector::ShuffleOp::create(b, loc, low, low, right);
    low = combine(tree, a, c);
  }
  return vector::ExtractOp::create(b, loc, low, 0);
}

/// Combines one step of each block into its accumulators. `sums` holds
/// `perOutput` accumulators an output, of which block i takes the i-th.
Emitter::Values Emitter::accumulate(Blocks &blocks, Values sums,
                                    unsigned perOutput) {
  emitItems(plan.order.size(), blocks);
  for (auto [o, combiner] : llvm::enumerate(plan.combiners))
    for (auto [i, lanes] : llvm::enumerate(blocks)) {
      Value &sum = sums[o * perOutput + i];
      Value next = combine(combiner, sum, vector(lanes, combiner.added));
      sum = lanes.mask ? arith::SelectOp::create(b, loc, lanes.mask, next, sum)
                             .getResult()
                       : next;
    }
  return sums;
}

Emitter::Values Emitter::emitSweep(Lanes outer, Values sums) {
  constexpr int64_t width = kLanes * kAccumulators;
  const Loop &loop = nest.loops[plan.lane];
  unsigned perOutput = sums.size() / plan.combiners.size();
  bool isStatic = !ShapedType::isDynamic(loop.size);
  Value upper = loop.extent, main = index(0);
  if (!isStatic || loop.size >= width) {
    if (isStatic)
      main = index(loop.size - loop.size % width);
    else
      main = arith::SubIOp::create(
          b, loc, upper, arith::RemUIOp::create(b, loc, upper, index(width)));
    sums = emitFor(index(0), main, width, sums, [&](Value iv, ValueRange c) {
      Blocks blocks;
      for (int64_t i = 0; i < kAccumulators; ++i)
        blocks.push_back(
            lanesAt(outer, addIndex(iv, i * kLanes), upper, false));
      return accumulate(blocks, Values(c), perOutput);
    });
  }
  if (isStatic) {
    Blocks blocks;
    for (int64_t i = loop.size - loop.size % width; i < loop.size; i += kLanes)
      blocks.push_back(lanesAt(outer, index(i), upper, i + kLanes > loop.size));
    return blocks.empty() ? sums : accumulate(blocks, sums, perOutput);
  }
  // Four masked steps; the accumulators turn by one each time, so that the
  // first one is due and all are back in place at the end.
  Value more =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, main, upper);
  auto branch =
      scf::IfOp::create(b, loc, TypeRange(ValueRange(sums)), more, true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, sums);
  b.setInsertionPointToStart(branch.thenBlock());
  Value end = addIndex(main, width);
  Values tail = emitFor(main, end, kLanes, sums, [&](Value iv, ValueRange c) {
    Blocks blocks;
    blocks.push_back(lanesAt(outer, iv, upper, true));
    Values next = accumulate(blocks, Values(c), perOutput);
    for (unsigned o = 0; o < next.size(); o += perOutput)
      std::rotate(next.begin() + o, next.begin() + o + 1,
                  next.begin() + o + perOutput);
    return next;
  });
  scf::YieldOp::create(b, loc, tail);
  return Values(branch.getResults());
}

Emitter::Values Emitter::emitSweeps(unsigned position, Blocks blocks,
                                    Values sums) {
  emitItems(position, blocks);
  unsigned loop = plan.order[position];
  if (loop == plan.lane)
    return emitSweep(std::move(blocks.front()), std::move(sums));
  return emitFor(index(0), nest.loops[loop].extent, 1, sums,
                 [&](Value iv, ValueRange carried) {
                   ivs[loop] = iv;
                   return emitSweeps(position + 1, blocks, Values(carried));
                 });
}

void Emitter::emitLaneReduction(unsigned position, Blocks blocks) {
  // Accumulators that no element reaches are left out: the identity changes
  // nothing.
  int64_t size = nest.loops[plan.lane].size, count = kAccumulators;
  if (!ShapedType::isDynamic(size))
    count = std::clamp<int64_t>(llvm::divideCeil(size, kLanes), 1, count);
  Values sums;
  for (const Combiner &combiner : plan.combiners) {
    VectorType type = laneType(combiner.added.getType());
    Value identity = arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, Attribute(combiner.identity)));
    sums.append(count, identity);
  }
  sums = emitSweeps(position, std::move(blocks), std::move(sums));
  for (auto [o, combiner] : llvm::enumerate(plan.combiners)) {
    const Access &access = nest.outputs[o];
    Value total = reduceTree(combiner, ArrayRef(sums).slice(o * count, count));
    Values indices = indicesOf(access, Value());
    Value initial = memref::LoadOp::create(b, loc, access.buffer, indices);
    memref::StoreOp::create(b, loc, combine(combiner, initial, total),
                            access.buffer, indices);
  }
}

} // namespace lowbit::generic
