//===- BuildNest.cpp - from a matched operation to loops with strides -----===//
//
// Loops of one step are dropped, neighbours that step through all operands like
// one loop are merged. Then one loop of each kind is chosen: `row` (the tile's
// rows), `column` (its lanes), `depth` (contiguous products); the others stay
// outside of the tile, except `segments`, the outer loops of the reduction.
//
// The order of a float sum is that of the operation's own loops, whatever the
// layout: it does not depend on the ISA. Integer sums follow the layout of A.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace lowbit {

bool View::contiguous(unsigned outer, unsigned inner) const {
  if (outer >= inner)
    return false;
  std::optional<int64_t> so = constant(strides[outer]);
  std::optional<int64_t> si = constant(strides[inner]);
  std::optional<int64_t> size = constant(sizes[inner]);
  if (so && si && size)
    return *so == *size * *si;
  if (!rowMajor)
    return false;
  for (unsigned p = outer + 1; p < inner; ++p)
    if (!isConstant(sizes[p], 1))
      return false;
  return true;
}

View viewOf(KernelBuilder &b, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  View view;
  view.offset = metadata.getConstifiedMixedOffset();
  view.sizes = metadata.getConstifiedMixedSizes();
  view.strides = metadata.getConstifiedMixedStrides();
  view.rowMajor = type.getLayout().isIdentity();
  Index length = view.offset;
  if (type.hasStaticShape() && type.getNumElements() == 0) {
    length = b.index(0);
  } else {
    // An empty buffer of unknown shape is taken for longer than it is: nothing
    // reads the length.
    for (auto [size, stride] : llvm::zip(view.sizes, view.strides))
      length = b.add(length, b.mul(b.sub(size, b.index(1)), stride));
    length = b.add(length, b.index(1));
  }
  int64_t fixed = constant(length).value_or(ShapedType::kDynamic);
  view.flat = memref::ReinterpretCastOp::create(
      b, MemRefType::get({fixed}, type.getElementType()),
      metadata.getBaseBuffer(), Index(b.index(0)), ArrayRef<Index>{length},
      ArrayRef<Index>{Index(b.index(1))});
  return view;
}

static Index strideOf(KernelBuilder &b, const View &view, const Access &access,
                      unsigned loop) {
  Index stride = b.index(0);
  for (auto [p, row] : llvm::enumerate(access.coefficients))
    if (row[loop] != 0)
      stride = b.add(stride, b.mul(view.strides[p], b.index(row[loop])));
  return stride;
}

static Index sizeOf(KernelBuilder &b, const Match &match, const View &a,
                    const View &bView, const View &c, const Access &accessA,
                    unsigned loop) {
  if (match.extents[loop] != ShapedType::kDynamic)
    return b.index(match.extents[loop]);
  if (int p = match.accessC.positionOf(loop); p >= 0)
    return c.sizes[p];
  if (int p = match.accessB.positionOf(loop); p >= 0)
    return bView.sizes[p];
  return a.sizes[accessA.positionOf(loop)];
}

namespace {
struct Operand {
  const View &view;
  Index Loop::*stride;
  int Loop::*outer;
  int Loop::*inner;
};
} // namespace

/// Whether one loop of outer.size * inner.size steps moves `operand` alike.
static bool stepsAlike(const Operand &operand, const Loop &outer,
                       const Loop &inner) {
  Index so = outer.*operand.stride, si = inner.*operand.stride;
  if (isConstant(so, 0) && isConstant(si, 0))
    return true;
  std::optional<int64_t> o = constant(so), i = constant(si);
  std::optional<int64_t> n = constant(inner.size);
  if (o && i && n)
    return *o == *n * *i;
  int po = outer.*operand.inner, pi = inner.*operand.outer;
  return po >= 0 && pi >= 0 && operand.view.contiguous(po, pi);
}

static bool extrasStepAlike(const Loop &outer, const Loop &inner) {
  for (auto [so, si] : llvm::zip_equal(outer.extras, inner.extras)) {
    if (isConstant(so, 0) && isConstant(si, 0))
      continue;
    std::optional<int64_t> o = constant(so), i = constant(si);
    std::optional<int64_t> n = constant(inner.size);
    if (!o || !i || !n || *o != *n * *i)
      return false;
  }
  return true;
}

SmallVector<Index, 2> advanceExtras(KernelBuilder &b, ArrayRef<Index> offsets,
                                    const Loop &loop, Index count) {
  SmallVector<Index, 2> result;
  for (auto [offset, stride] : llvm::zip_equal(offsets, loop.extras))
    result.push_back(b.add(offset, b.mul(count, stride)));
  return result;
}

static SmallVector<Loop> mergeLoops(KernelBuilder &b, ArrayRef<Loop> loops,
                                    ArrayRef<Operand> operands) {
  SmallVector<Loop> merged;
  for (const Loop &loop : loops) {
    if (isConstant(loop.size, 1))
      continue;
    if (merged.empty() || !extrasStepAlike(merged.back(), loop) ||
        !llvm::all_of(operands, [&](const Operand &o) {
          return stepsAlike(o, merged.back(), loop);
        })) {
      merged.push_back(loop);
      continue;
    }
    Loop one = loop;
    const Loop &outer = merged.back();
    one.size = b.mul(outer.size, loop.size);
    one.outerA = outer.outerA;
    one.outerB = outer.outerB;
    one.outerC = outer.outerC;
    merged.back() = one;
  }
  return merged;
}

/// Takes the loop that `better` ranks first out of the list.
static Loop take(SmallVectorImpl<Loop> &loops, Loop otherwise,
                 function_ref<bool(const Loop &, const Loop &)> better) {
  if (loops.empty())
    return otherwise;
  auto *best = loops.begin();
  for (auto *it = loops.begin(); it != loops.end(); ++it)
    if (better(*it, *best))
      best = it;
  Loop taken = *best;
  loops.erase(best);
  return taken;
}

Nest buildNest(KernelBuilder &b, const Match &match, View a, View bView, View c,
               const DotProduct &dot, const Access &accessA) {
  Nest nest;
  auto addConstants = [&](View &view, const Access &access) {
    for (auto [p, k] : llvm::enumerate(access.constants))
      view.offset = b.add(view.offset, b.mul(view.strides[p], b.index(k)));
  };
  addConstants(a, accessA);
  addConstants(bView, match.accessB);
  addConstants(c, match.accessC);
  nest.decode = match.decode;
  for (const Decode::Extra &extra : match.decode.extras) {
    nest.extras.push_back(viewOf(b, extra.buffer));
    addConstants(nest.extras.back(), extra.access);
  }
  Operand inA{a, &Loop::a, &Loop::outerA, &Loop::innerA};
  Operand inB{bView, &Loop::b, &Loop::outerB, &Loop::innerB};
  Operand inC{c, &Loop::c, &Loop::outerC, &Loop::innerC};

  auto collect = [&](SmallVector<unsigned> ids, const Access *order) {
    auto first = [&](unsigned loop) {
      unsigned p = 0;
      while (p < order->coefficients.size() &&
             order->coefficients[p][loop] == 0)
        ++p;
      return p;
    };
    if (order)
      llvm::sort(ids, [&](unsigned x, unsigned y) {
        return std::make_pair(first(x), x) < std::make_pair(first(y), y);
      });
    SmallVector<Loop> loops;
    for (unsigned id : ids) {
      Loop loop;
      loop.size = sizeOf(b, match, a, bView, c, accessA, id);
      loop.a = strideOf(b, a, accessA, id);
      loop.b = strideOf(b, bView, match.accessB, id);
      loop.c = strideOf(b, c, match.accessC, id);
      for (auto [view, extra] :
           llvm::zip_equal(nest.extras, match.decode.extras))
        loop.extras.push_back(strideOf(b, view, extra.access, id));
      loop.outerA = loop.innerA = accessA.positionOf(id);
      loop.outerB = loop.innerB = match.accessB.positionOf(id);
      loop.outerC = loop.innerC = match.accessC.positionOf(id);
      loops.push_back(loop);
    }
    return mergeLoops(b, loops, {inA, inB, inC});
  };
  nest.batch = collect(match.batch, &match.accessC);
  nest.rows = collect(match.rows, &match.accessC);
  nest.columns = collect(match.columns, &match.accessC);
  nest.segments = collect(match.depth, match.isFloat ? nullptr : &accessA);

  Index zero = b.index(0), one = b.index(1);
  Loop single;
  single.size = one;
  single.a = single.b = single.c = zero;
  single.extras.assign(nest.extras.size(), zero);
  nest.row = take(nest.rows, single, [](const Loop &x, const Loop &y) {
    // An unknown size counts as a middling one; of equals the inner one.
    return constant(x.size).value_or(64) >= constant(y.size).value_or(64);
  });
  single.b = single.c = one;
  nest.column = take(nest.columns, single, [](const Loop &x, const Loop &y) {
    return isConstant(x.c, 1) || !isConstant(y.c, 1);
  });
  single.a = one;
  single.c = zero;
  nest.depth = single;
  // Groups of products are read together: they must lie together in A.
  if (!nest.segments.empty() &&
      (dot.group == 1 || isConstant(nest.segments.back().a, 1)))
    nest.depth = nest.segments.pop_back_val();
  nest.a = std::move(a);
  nest.b = std::move(bView);
  nest.c = std::move(c);
  return nest;
}

Index Nest::batchColumns(KernelBuilder &b) const {
  Index n = b.index(1);
  for (const Loop &loop : batch)
    n = b.mul(n, loop.size);
  for (const Loop &loop : columns)
    n = b.mul(n, loop.size);
  return n;
}

Index Nest::segmentCount(KernelBuilder &b) const {
  Index n = b.index(1);
  for (const Loop &loop : segments)
    n = b.mul(n, loop.size);
  return n;
}

} // namespace lowbit
