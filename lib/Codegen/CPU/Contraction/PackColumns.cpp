//===- PackColumns.cpp - panels of B, packed while the program runs -------===//
//
// Before: B of any layout. After: panels of `width` columns, each
//   [segment][ceil(depth / group)][width][group], zeros past the last column
//   and the last product, then, where rows are biased, width x i32 of -128 *
//   (sum of the column).
// packParameter (PackWeights.cpp) makes the same bytes for parameters.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Transpose.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

Panels Panels::describe(KernelBuilder &b, const Nest &nest,
                        const DotProduct &dot, TileShape tile) {
  Panels panels;
  panels.width = tile.vectors * dot.lanes;
  panels.count = b.ceilDiv(nest.column.size, panels.width);
  panels.groups = b.ceilDiv(nest.depth.size, dot.group);
  panels.corrections = b.product(
      {nest.segmentCount(b), panels.groups, b.index(panels.width * dot.group)});
  panels.stride = panels.corrections;
  if (dot.biasesRows())
    panels.stride = b.add(panels.stride, b.index(panels.width * 4));
  return panels;
}

namespace {

/// Packs one panel; the members are its place.
struct PanelPacker {
  KernelBuilder &b;
  const Nest &nest;
  const DotProduct &dot;
  const Panels &panels;
  Index source;  ///< of the panel's first column in B
  Index target;  ///< of the panel
  Index columns; ///< valid columns

  int64_t group() const { return dot.group; }
  Index stepSize() const { return b.index(panels.width * dot.group); }

  Value loadElement(Index at) {
    return memref::LoadOp::create(b, nest.b.flat, b.value(at));
  }
  void store(Value v, Index at) {
    if (isa<VectorType>(v.getType()))
      vector::StoreOp::create(b, v, panels.flat, b.value(at));
    else
      memref::StoreOp::create(b, v, panels.flat, b.value(at));
  }

  /// body(offset in B, offset in the panel) for each segment.
  void forSegments(function_ref<void(Index, Index)> body) {
    SmallVector<Index> sizes;
    for (const Loop &loop : nest.segments)
      sizes.push_back(loop.size);
    b.nest(sizes, /*parallel=*/false, [&](ArrayRef<Index> ivs) {
      Index from = source, number = b.index(0);
      for (auto [loop, iv] : llvm::zip(nest.segments, ivs)) {
        from = b.add(from, b.mul(iv, loop.b));
        number = b.add(b.mul(number, loop.size), iv);
      }
      body(from, b.add(target, b.product({number, panels.groups, stepSize()})));
    });
  }

  void fillZero(Index from, Index size) {
    Value zero = b.zeros(dot.columnElement(), dot.lanes * group());
    b.loop(b.index(0), size, dot.lanes * group(),
           [&](Index i) { store(zero, b.add(from, i)); });
  }

  /// Element by element, or a group at a time where B is contiguous along
  /// depth.
  void copyElements(Index from, Index to, Index lower, Index upper) {
    int64_t g = group();
    bool together = g > 1 && isConstant(nest.depth.b, 1);
    Index whole = together ? b.roundDown(upper, g) : lower;
    b.loop(b.index(0), columns, 1, [&](Index n) {
      Index src = b.add(from, b.mul(n, nest.column.b));
      Index dst = b.add(to, b.mul(n, b.index(g)));
      if (together)
        b.loop(lower, whole, g, [&](Index k) {
          Index step = b.floorDiv(k, g);
          auto type = VectorType::get(g, dot.columnElement());
          Value x = vector::LoadOp::create(b, type, nest.b.flat,
                                           b.value(b.add(src, k)));
          store(x, b.add(dst, b.mul(step, stepSize())));
        });
      b.loop(whole, upper, 1, [&](Index k) {
        Index step = b.floorDiv(k, g);
        Index inGroup = b.sub(k, b.mul(step, b.index(g)));
        Value x = loadElement(b.add(src, b.mul(k, nest.depth.b)));
        store(x, b.add(b.add(dst, b.mul(step, stepSize())), inGroup));
      });
    });
  }

  /// One step of a full panel where B is contiguous along columns: rows of B
  /// are interleaved. Rows from `rows` on are zeros.
  void interleave(Index from, Index to, Index k, int64_t rows) {
    for (int64_t v = 0; v < panels.width / dot.lanes; ++v) {
      auto type = VectorType::get(dot.lanes, dot.columnElement());
      SmallVector<Value> parts;
      for (int64_t i = 0; i < group(); ++i) {
        if (i >= rows) {
          parts.push_back(b.zeros(dot.columnElement(), dot.lanes));
          continue;
        }
        Index row = b.mul(b.add(k, b.index(i)), nest.depth.b);
        Value at = b.value(b.add(b.add(from, row), b.index(v * dot.lanes)));
        parts.push_back(vector::LoadOp::create(b, type, nest.b.flat, at));
      }
      // 0 2 and 1 3, then both: 0 1 2 3 of each column lie together.
      while (parts.size() > 1) {
        size_t half = parts.size() / 2;
        for (size_t i = 0; i < half; ++i)
          parts[i] = vector::InterleaveOp::create(b, parts[i], parts[i + half]);
        parts.resize(half);
      }
      Index step = b.mul(b.floorDiv(k, group()), stepSize());
      store(parts.front(),
            b.add(b.add(to, step), b.index(v * dot.lanes * group())));
    }
  }

  /// Four steps of a full panel where B is contiguous along depth and a group
  /// is 32 bits.
  void transpose(Index from, Index to, Index k) {
    auto four = VectorType::get(4 * group(), dot.columnElement());
    auto step = VectorType::get(dot.lanes * group(), dot.columnElement());
    for (int64_t v = 0; v < panels.width / dot.lanes; ++v) {
      SmallVector<Value> columns;
      for (int64_t n = 0; n < dot.lanes; ++n) {
        Index column = b.mul(b.index(v * dot.lanes + n), nest.column.b);
        Value at = b.value(b.add(b.add(from, column), k));
        Value x = vector::LoadOp::create(b, four, nest.b.flat, at);
        columns.push_back(vector::BitCastOp::create(
            b, VectorType::get(4, b.getI32Type()), x));
      }
      for (auto [i, x] : llvm::enumerate(transposeWords(b, columns))) {
        Index number = b.add(b.floorDiv(k, group()), b.index(i));
        store(vector::BitCastOp::create(b, step, x),
              b.add(b.add(to, b.mul(number, stepSize())),
                    b.index(v * dot.lanes * group())));
      }
    }
  }

  /// The steps from `whole` on, where the last group is not full.
  void packTail(Index from, Index to, Index whole) {
    b.loop(whole, nest.depth.size, group(), [&](Index k) {
      fillZero(b.add(to, b.mul(b.floorDiv(k, group()), stepSize())),
               stepSize());
      copyElements(from, to, k, nest.depth.size);
    });
  }

  void packTransposed() {
    Index depth = nest.depth.size;
    forSegments([&](Index from, Index to) {
      Index fours = b.roundDown(depth, 4 * group());
      Index whole = b.roundDown(depth, group());
      b.loop(b.index(0), fours, 4 * group(),
             [&](Index k) { transpose(from, to, k); });
      copyElements(from, to, fours, whole);
      packTail(from, to, whole);
    });
  }

  void packElements() {
    Index depth = nest.depth.size;
    bool wholeGroups = constant(depth) && *constant(depth) % group() == 0 &&
                       constant(columns) && *constant(columns) == panels.width;
    if (!wholeGroups)
      fillZero(target, panels.corrections);
    forSegments([&](Index from, Index to) {
      copyElements(from, to, b.index(0), depth);
    });
  }

  void packVectors() {
    Index depth = nest.depth.size;
    forSegments([&](Index from, Index to) {
      Index whole = b.roundDown(depth, group());
      b.loop(b.index(0), whole, group(),
             [&](Index k) { interleave(from, to, k, group()); });
      if (std::optional<int64_t> fixed = constant(depth)) {
        if (*fixed % group() != 0)
          interleave(from, to, whole, *fixed % group());
        return;
      }
      packTail(from, to, whole);
    });
  }

  /// -128 * (sum of the column): every row element is 128 too large.
  void appendCorrections() {
    Value row = dot.constantRow(b);
    for (int64_t v = 0; v < panels.width / dot.lanes; ++v) {
      Value zero = b.zeros(dot.accumulatorElement(), dot.lanes);
      Index first = b.add(target, b.index(v * dot.lanes * group()));
      SmallVector<Value> sum =
          b.loop(b.index(0), panels.corrections, panels.width * group(), {zero},
                 [&](Index i, ArrayRef<Value> acc) -> SmallVector<Value> {
                   Value part = dot.loadColumns(b, panels.flat,
                                                b.value(b.add(first, i)));
                   return {dot.emitDot(b, acc[0], row, part)};
                 });
      Value negated = arith::SubIOp::create(b, zero, sum[0]);
      auto bytes = VectorType::get(dot.lanes * 4, b.getI8Type());
      store(
          vector::BitCastOp::create(b, bytes, negated),
          b.add(b.add(target, panels.corrections), b.index(v * dot.lanes * 4)));
    }
  }
};

} // namespace

void packColumns(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
                 const Panels &panels) {
  SmallVector<Loop> outer(nest.batch);
  outer.append(nest.columns);
  SmallVector<Index> sizes;
  for (const Loop &loop : outer)
    sizes.push_back(loop.size);
  sizes.push_back(panels.count);
  b.nest(sizes, /*parallel=*/true, [&](ArrayRef<Index> ivs) {
    Index source = nest.b.offset, number = b.index(0);
    for (auto [loop, iv] : llvm::zip(outer, ivs)) {
      source = b.add(source, b.mul(iv, loop.b));
      number = b.add(b.mul(number, loop.size), iv);
    }
    Index width = b.index(panels.width);
    Index first = b.mul(ivs.back(), width);
    Index left = b.sub(nest.column.size, first);
    std::optional<int64_t> size = constant(nest.column.size);
    PanelPacker packer{
        b,
        nest,
        dot,
        panels,
        b.add(source, b.mul(first, nest.column.b)),
        b.mul(b.add(b.mul(number, panels.count), ivs.back()), panels.stride),
        size && *size % panels.width == 0 ? width : b.min(left, width)};
    // A full panel is packed by whole vectors, where B is contiguous.
    bool alongColumns = isConstant(nest.column.b, 1);
    bool alongDepth =
        isConstant(nest.depth.b, 1) &&
        dot.group * dot.columnElement().getIntOrFloatBitWidth() == 32;
    auto pack = [&](bool full) {
      if (full && alongColumns)
        packer.packVectors();
      else if (full && alongDepth)
        packer.packTransposed();
      else
        packer.packElements();
    };
    if (std::optional<int64_t> valid = constant(packer.columns))
      pack(*valid == panels.width);
    else if (alongColumns || alongDepth)
      b.ifThenElse(
          b.lessEqual(width, left), [&] { pack(true); }, [&] { pack(false); });
    else
      pack(false);
    if (dot.biasesRows())
      packer.appendCorrections();
  });
}

} // namespace lowbit
