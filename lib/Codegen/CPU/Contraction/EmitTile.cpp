//===- EmitTile.cpp - one register tile -----------------------------------===//
//
//   acc[r][v] = start + corrections[v]
//   for segment, for step:  acc[r][v] += dot(A[r][step], B[step][v])
//   C[r][v] = acc[r][v]          masked past the last column
//
// The body of the innermost loop is one step: rows x vectors dot products.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lowbit {

namespace {

struct TileEmitter {
  KernelBuilder &b;
  const Nest &nest;
  const DotProduct &dot;
  const Panels &panels;
  const Tile &tile;
  SmallVector<Value> masks; ///< by vector, empty where all lanes are valid
  Value lanesApart;         ///< offsets of the lanes where C is not contiguous

  VectorType maskType() { return VectorType::get(dot.lanes, b.getI1Type()); }
  bool contiguous() const { return isConstant(nest.column.c, 1); }

  void prepareStores() {
    if (tile.masked || !contiguous())
      for (int64_t v = 0; v < tile.shape.vectors; ++v)
        masks.push_back(vector::CreateMaskOp::create(
            b, maskType(),
            b.value(b.sub(tile.columns, b.index(v * dot.lanes)))));
    if (contiguous())
      return;
    lanesApart = lanesBy(nest.column.c);
  }

  /// 0, stride, 2 stride, ...
  Value lanesBy(Index stride) {
    auto type = VectorType::get(dot.lanes, b.getIndexType());
    SmallVector<Attribute> numbers;
    for (int64_t i = 0; i < dot.lanes; ++i)
      numbers.push_back(b.getIndexAttr(i));
    Value lane =
        arith::ConstantOp::create(b, DenseElementsAttr::get(type, numbers));
    Value factor = vector::BroadcastOp::create(b, type, b.value(stride));
    return arith::MulIOp::create(b, lane, factor);
  }

  Value addressOfC(int64_t r, int64_t v) {
    Index column = b.mul(nest.column.c, b.index(v * dot.lanes));
    Index row = b.mul(nest.row.c, b.index(r));
    return b.value(b.add(b.add(tile.c, row), column));
  }

  Value loadC(int64_t r, int64_t v) {
    Value at = addressOfC(r, v), none = zero();
    if (!contiguous())
      return vector::GatherOp::create(b, dot.accumulatorType(), nest.c.flat, at,
                                      lanesApart, masks[v], none);
    if (tile.masked)
      return vector::MaskedLoadOp::create(b, dot.accumulatorType(), nest.c.flat,
                                          at, masks[v], none);
    return vector::LoadOp::create(b, dot.accumulatorType(), nest.c.flat, at);
  }

  void storeC(Value x, int64_t r, int64_t v) {
    Value at = addressOfC(r, v);
    if (!contiguous())
      vector::ScatterOp::create(b, Type(), nest.c.flat, at, lanesApart,
                                masks[v], x);
    else if (tile.masked)
      vector::MaskedStoreOp::create(b, nest.c.flat, at, masks[v], x);
    else
      vector::StoreOp::create(b, x, nest.c.flat, at);
  }

  Value zero() { return b.zeros(dot.accumulatorElement(), dot.lanes); }

  /// -128 * (sum of the column) of each column of vector v.
  Value correction(int64_t v) {
    Index at = b.add(b.add(tile.panel, panels.corrections),
                     b.index(v * dot.lanes * 4));
    auto bytes = VectorType::get(dot.lanes * 4, b.getI8Type());
    Value x = vector::LoadOp::create(b, bytes, panels.flat, b.value(at));
    return vector::BitCastOp::create(b, dot.accumulatorType(), x);
  }

  SmallVector<Value> startValues(Start start) {
    SmallVector<Value> corrections, values;
    if (dot.biasesRows())
      for (int64_t v = 0; v < tile.shape.vectors; ++v)
        corrections.push_back(correction(v));
    Value fixed;
    bool isZero = start && *start == b.getZeroAttr((*start).getType());
    if (start)
      fixed = arith::ConstantOp::create(
          b, DenseElementsAttr::get(dot.accumulatorType(), Attribute(*start)));
    for (int64_t r = 0; r < tile.shape.rows; ++r)
      for (int64_t v = 0; v < tile.shape.vectors; ++v) {
        Value x = start ? fixed : loadC(r, v);
        if (!corrections.empty() && start && isZero)
          x = corrections[v];
        else if (!corrections.empty())
          x = arith::AddIOp::create(b, x, corrections[v]);
        values.push_back(x);
      }
    return values;
  }

  /// An extra of the columns of vector v: one for each, or one for all.
  Value loadExtra(unsigned number, Index at, int64_t v) {
    Value flat = nest.extras[number].flat;
    Type element = cast<MemRefType>(flat.getType()).getElementType();
    auto type = VectorType::get(dot.lanes, element);
    if (isConstant(nest.column.extras[number], 0))
      return vector::BroadcastOp::create(
          b, type, memref::LoadOp::create(b, flat, b.value(at)));
    Index stride = nest.column.extras[number];
    Value place = b.value(b.add(at, b.mul(stride, b.index(v * dot.lanes))));
    if (!isConstant(stride, 1)) {
      Value all = tile.masked ? masks[v] : b.splat(b.getI1Type(), dot.lanes, 1);
      return vector::GatherOp::create(b, type, flat, place, lanesBy(stride),
                                      all, b.zeros(element, dot.lanes));
    }
    if (tile.masked)
      return vector::MaskedLoadOp::create(b, type, flat, place, masks[v],
                                          b.zeros(element, dot.lanes));
    return vector::LoadOp::create(b, type, flat, place);
  }

  /// The operations of the body that make the factor, on vectors.
  Value decode(Value elements, int64_t v, ArrayRef<Index> extras) {
    IRMapping mapping;
    mapping.map(nest.decode.element, elements);
    for (auto [number, extra] : llvm::enumerate(nest.decode.extras))
      mapping.map(extra.inBody, loadExtra(number, extras[number], v));
    return vectorize(nest.decode.factor, mapping);
  }

  Value vectorize(Value value, IRMapping &mapping) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    auto type = VectorType::get(dot.lanes, value.getType());
    Attribute number;
    Value made;
    if (matchPattern(value, m_Constant(&number))) {
      made = arith::ConstantOp::create(b, DenseElementsAttr::get(type, number));
    } else {
      Operation *op = value.getDefiningOp();
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(vectorize(operand, mapping));
      OperationState state(b.getLoc(), op->getName(), operands, type,
                           op->getAttrs());
      made = b.create(state)->getResult(0);
    }
    mapping.map(value, made);
    return made;
  }

  /// Adds one step: A from `a`, B from `columns`.
  SmallVector<Value> step(Index a, Index columns, ArrayRef<Index> extras,
                          ArrayRef<Value> acc, ArrayRef<Index> rowOffsets) {
    SmallVector<Value> loaded, next;
    for (int64_t v = 0; v < tile.shape.vectors; ++v) {
      Value x = dot.loadColumns(
          b, panels.flat,
          b.value(b.add(columns, b.index(v * dot.lanes * dot.group))));
      loaded.push_back(nest.decode.factor ? decode(x, v, extras) : x);
    }
    for (int64_t r = 0; r < tile.shape.rows; ++r) {
      Value row = dot.loadRow(b, nest.a.flat, b.value(b.add(a, rowOffsets[r])));
      for (int64_t v = 0; v < tile.shape.vectors; ++v)
        next.push_back(
            dot.emitDot(b, acc[r * tile.shape.vectors + v], row, loaded[v]));
    }
    return next;
  }

  /// The loops from segment `level` on. `a` and `number` are the offset in A
  /// and the count of segments before this one.
  SmallVector<Value> segments(unsigned level, Index a, Index number,
                              ArrayRef<Index> extras, ArrayRef<Value> acc,
                              ArrayRef<Index> rowOffsets) {
    if (level < nest.segments.size()) {
      const Loop &loop = nest.segments[level];
      return b.loop(b.index(0), loop.size, 1, acc,
                    [&](Index i, ArrayRef<Value> inside) {
                      Index next = b.add(b.mul(number, loop.size), i);
                      return segments(level + 1, b.add(a, b.mul(i, loop.a)),
                                      next, advanceExtras(b, extras, loop, i),
                                      inside, rowOffsets);
                    });
    }
    int64_t width = panels.width * dot.group;
    Index first =
        b.add(tile.panel, b.product({number, panels.groups, b.index(width)}));
    Index stepA = b.mul(nest.depth.a, b.index(dot.group));
    return b.loop(b.index(0), panels.groups, 1, acc,
                  [&](Index i, ArrayRef<Value> inside) {
                    return step(b.add(a, b.mul(i, stepA)),
                                b.add(first, b.mul(i, b.index(width))),
                                advanceExtras(b, extras, nest.depth, i), inside,
                                rowOffsets);
                  });
  }
};

} // namespace

void emitTile(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
              const Panels &panels, const Tile &tile, Start start) {
  TileEmitter emitter{b, nest, dot, panels, tile, {}, nullptr};
  emitter.prepareStores();
  SmallVector<Index> rowOffsets;
  for (int64_t r = 0; r < tile.shape.rows; ++r)
    rowOffsets.push_back(b.mul(nest.row.a, b.index(r)));
  SmallVector<Value> acc = emitter.startValues(start);
  acc = emitter.segments(0, tile.a, b.index(0), tile.extras, acc, rowOffsets);
  for (int64_t r = 0; r < tile.shape.rows; ++r)
    for (int64_t v = 0; v < tile.shape.vectors; ++v)
      emitter.storeC(acc[r * tile.shape.vectors + v], r, v);
}

} // namespace lowbit
