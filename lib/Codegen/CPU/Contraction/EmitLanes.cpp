//===- EmitLanes.cpp - contractions whose lanes are a batch loop ----------===//
//
// Depthwise convolution: every channel by itself, channels next to each other
// in A, B and C. The lanes of a vector are channels:
//
//   parallel batch, rows:  for row, for 16 channels:
//     acc = C;  for depth:  acc += A[...] * B[...]
//
// Channels that do not fill a vector are taken 8, then 4 at a time, then one by
// one.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

namespace {

struct LaneEmitter {
  KernelBuilder &b;
  const Nest &nest;
  const DotProduct &dot;
  Start start;

  Value load(const View &view, Index at, int64_t lanes) {
    Type element = cast<MemRefType>(view.flat.getType()).getElementType();
    auto type = VectorType::get(lanes, element);
    return vector::LoadOp::create(b, type, view.flat, b.value(at));
  }

  Value accumulate(Value acc, Value x, Value y) {
    if (dot.isFloat)
      return math::FmaOp::create(b, x, y, acc);
    x = arith::ExtSIOp::create(b, acc.getType(), x);
    y = arith::ExtSIOp::create(b, acc.getType(), y);
    return arith::AddIOp::create(b, acc, arith::MulIOp::create(b, x, y));
  }

  SmallVector<Value> sum(ArrayRef<Loop> loops, Index a, Index bAt,
                         ArrayRef<Value> acc, int64_t lanes) {
    if (loops.empty())
      return {
          accumulate(acc[0], load(nest.a, a, lanes), load(nest.b, bAt, lanes))};
    const Loop &loop = loops.front();
    return b.loop(b.index(0), loop.size, 1, acc,
                  [&](Index i, ArrayRef<Value> inside) {
                    return sum(loops.drop_front(), b.add(a, b.mul(i, loop.a)),
                               b.add(bAt, b.mul(i, loop.b)), inside, lanes);
                  });
  }

  /// Channels [from, to) at these offsets, `lanes` at a time.
  void channels(Index from, Index to, int64_t lanes, Index a, Index bAt,
                Index c) {
    SmallVector<Loop> depth(nest.segments);
    depth.push_back(nest.depth);
    b.loop(from, to, lanes, [&](Index i) {
      auto type = VectorType::get(lanes, dot.accumulatorElement());
      Value first =
          start ? arith::ConstantOp::create(
                      b, DenseElementsAttr::get(type, Attribute(*start)))
                      .getResult()
                : load(nest.c, b.add(c, i), lanes);
      Value total =
          sum(depth, b.add(a, i), b.add(bAt, i), first, lanes).front();
      vector::StoreOp::create(b, total, nest.c.flat, b.value(b.add(c, i)));
    });
  }
};

} // namespace

void emitLanes(KernelBuilder &b, Nest nest, const DotProduct &dot,
               Start start) {
  auto *found = llvm::find_if(
      nest.batch, [](const Loop &loop) { return isConstant(loop.c, 1); });
  assert(found != nest.batch.end() && "matched along a batch loop");
  Loop lanes = *found;
  nest.batch.erase(found);
  SmallVector<Loop> outer(nest.batch);
  outer.append(nest.columns);
  outer.push_back(nest.column);
  outer.append(nest.rows);
  outer.push_back(nest.row);
  SmallVector<Index> sizes;
  for (const Loop &loop : outer)
    sizes.push_back(loop.size);
  LaneEmitter emitter{b, nest, dot, start};
  b.nest(sizes, /*parallel=*/true, [&](ArrayRef<Index> ivs) {
    Index a = nest.a.offset, bAt = nest.b.offset, c = nest.c.offset;
    for (auto [loop, iv] : llvm::zip(outer, ivs)) {
      a = b.add(a, b.mul(iv, loop.a));
      bAt = b.add(bAt, b.mul(iv, loop.b));
      c = b.add(c, b.mul(iv, loop.c));
    }
    Index from = b.index(0);
    for (int64_t width : {16, 8, 4, 1}) {
      Index to = b.roundDown(lanes.size, width);
      emitter.channels(from, to, width, a, bAt, c);
      from = to;
    }
  });
}

} // namespace lowbit
