//===- EmitLoops.cpp - loops over the tiles of a contraction --------------===//
//
//   parallel batch, outer columns, outer rows, block of rows, panel:
//     for row in block:  tile
//
// A block of A stays in the second cache while the panels pass, a panel of B in
// the nearest one while the rows of a block pass. Rows that do not
// fill a tile: the last tile is moved back where its rows may be computed twice
// (C is only written); else smaller tiles follow.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

namespace {

/// Tiles of the rows [lower, upper) of one panel.
struct RowTiles {
  KernelBuilder &b;
  const Nest &nest;
  const DotProduct &dot;
  const Panels &panels;
  Start start;
  Tile place; ///< offsets of row 0
  Index lower, upper;

  void tiles(Index from, Index to, int64_t rows, bool moveBack) {
    b.loop(from, to, rows, [&](Index row) {
      if (moveBack)
        row = b.min(row, b.sub(nest.row.size, b.index(rows)));
      Tile tile = place;
      tile.shape.rows = rows;
      tile.a = b.add(tile.a, b.mul(row, nest.row.a));
      tile.c = b.add(tile.c, b.mul(row, nest.row.c));
      emitTile(b, nest, dot, panels, tile, start);
    });
  }

  void emit() {
    int64_t rows = place.shape.rows;
    std::optional<int64_t> size = constant(nest.row.size);
    bool mayRepeat = start.has_value();
    if (size && (*size % rows == 0 || (mayRepeat && *size >= rows)))
      return tiles(lower, upper, rows, *size % rows != 0);
    Index full = b.add(lower, b.roundDown(b.sub(upper, lower), rows));
    if (size) {
      tiles(lower, full, rows, false);
      // Only the last block has rows left.
      if (constant(lower) && constant(upper))
        return tiles(full, upper, *size % rows, false);
      return remainder(full, {*size % rows});
    }
    if (mayRepeat) {
      // Enough rows to move the last tile back: all rows; else none.
      Value enough = b.lessEqual(b.index(rows), nest.row.size);
      full = arith::SelectOp::create(b, enough, b.value(upper), b.value(lower))
                 .getResult();
    }
    tiles(lower, full, rows, mayRepeat);
    SmallVector<int64_t> steps;
    for (int64_t step : {4, 1})
      if (step < rows)
        steps.push_back(step);
    remainder(full, steps);
  }

  void remainder(Index from, ArrayRef<int64_t> steps) {
    for (int64_t step : steps) {
      Index to = b.add(from, b.roundDown(b.sub(upper, from), step));
      tiles(from, to, step, false);
      from = to;
    }
  }
};

} // namespace

namespace {

/// How rows are cut into blocks: `rows` of the row loop, or all of them and
/// `outer` steps of the loop around it.
struct RowBlock {
  int64_t rows, outer = 1;
};

} // namespace

/// A block of A is to stay in the second cache while the panels of B pass, and
/// to be small enough that there are blocks for all threads.
static RowBlock chooseBlock(const Nest &nest, int64_t tileRows, bool isFloat) {
  int64_t bytes = isFloat ? 4 : 1;
  for (const Loop &loop : nest.segments)
    bytes *= std::max<int64_t>(constant(loop.size).value_or(1), 1);
  bytes *= std::max<int64_t>(constant(nest.depth.size).value_or(1024), 1);
  int64_t rows = std::clamp<int64_t>((512 << 10) / bytes, 4 * tileRows, 256);
  RowBlock block{std::max<int64_t>(rows / tileRows, 1) * tileRows};
  if (!nest.rows.empty())
    if (std::optional<int64_t> size = constant(nest.row.size); size && *size)
      block.outer = std::max<int64_t>(rows / *size, 1);
  return block;
}

void emitLoops(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
               const Panels &panels, TileShape shape, Start start) {
  RowBlock block = chooseBlock(nest, shape.rows, dot.isFloat);
  SmallVector<Index> sizes;
  for (const Loop &loop : nest.batch)
    sizes.push_back(loop.size);
  for (const Loop &loop : nest.columns)
    sizes.push_back(loop.size);
  for (const Loop &loop : nest.rows)
    sizes.push_back(loop.size);
  if (!nest.rows.empty())
    sizes.back() = b.ceilDiv(sizes.back(), block.outer);
  sizes.push_back(b.ceilDiv(nest.row.size, block.rows));
  sizes.push_back(panels.count);

  b.nest(sizes, /*parallel=*/true, [&](ArrayRef<Index> ivs) {
    Index a = nest.a.offset, c = nest.c.offset, number = b.index(0);
    SmallVector<Index, 2> extras;
    for (const View &view : nest.extras)
      extras.push_back(view.offset);
    auto advance = [&](ArrayRef<Loop> loops, bool hasColumns) {
      for (const Loop &loop : loops) {
        Index iv = ivs.front();
        ivs = ivs.drop_front();
        a = b.add(a, b.mul(iv, loop.a));
        c = b.add(c, b.mul(iv, loop.c));
        extras = advanceExtras(b, extras, loop, iv);
        if (hasColumns)
          number = b.add(b.mul(number, loop.size), iv);
      }
    };
    advance(nest.batch, true);
    advance(nest.columns, true);
    Index outerLower = b.index(0), outerUpper = b.index(1);
    if (!nest.rows.empty()) {
      advance(ArrayRef(nest.rows).drop_back(), false);
      outerLower = b.mul(ivs.front(), b.index(block.outer));
      outerUpper =
          b.min(nest.rows.back().size, b.add(outerLower, b.index(block.outer)));
      ivs = ivs.drop_front();
    }
    Index lower = b.mul(ivs[0], b.index(block.rows));
    Index upper = b.min(nest.row.size, b.add(lower, b.index(block.rows)));
    Index panel = ivs[1];

    Index first = b.mul(panel, b.index(panels.width));
    Index left = b.sub(nest.column.size, first);
    RowTiles tiles{b, nest, dot, panels, start, {}, lower, upper};
    tiles.place.shape = shape;
    tiles.place.a = a;
    tiles.place.c = b.add(c, b.mul(first, nest.column.c));
    tiles.place.extras = advanceExtras(b, extras, nest.column, first);
    tiles.place.panel =
        b.mul(b.add(b.mul(number, panels.count), panel), panels.stride);
    tiles.place.columns = left;

    auto emit = [&](bool masked, int64_t vectors) {
      tiles.place.masked = masked;
      tiles.place.shape.vectors = vectors;
      if (nest.rows.empty())
        return tiles.emit();
      Tile first = tiles.place;
      b.loop(outerLower, outerUpper, 1, [&](Index i) {
        tiles.place.a = b.add(first.a, b.mul(i, nest.rows.back().a));
        tiles.place.c = b.add(first.c, b.mul(i, nest.rows.back().c));
        tiles.emit();
      });
      tiles.place = first;
    };
    std::optional<int64_t> size = constant(nest.column.size);
    if (size && *size % panels.width == 0)
      return emit(false, shape.vectors);
    int64_t lastVectors = shape.vectors;
    bool masked = true;
    if (size) {
      lastVectors = (*size % panels.width + dot.lanes - 1) / dot.lanes;
      masked = *size % dot.lanes != 0;
      if (*size < panels.width)
        return emit(masked, lastVectors);
    }
    b.ifThenElse(
        b.lessEqual(b.index(panels.width), left),
        [&] { emit(false, shape.vectors); },
        [&] { emit(masked, lastVectors); });
  });
}

} // namespace lowbit
