//===- PackedElements.cpp - codes in bytes and back -----------------------===//
//
// Rule N24 of docs/numerics.md, along one dimension of a tensor. Byte j has the
// bits [8 j, 8 j + 8) of its row, element i the bits [w i, w i + w):
//
//   byte(j)  = or over k of code(8 j / w + k) << (w (8 j / w + k) - 8 j)
//   code(i)  = (byte(w i / 8) | byte(w i / 8 + 1) << 8) >> w i % 8, w bits
//
// Neighbours beyond the end are read as the last one and fall off.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "Storage.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace {
/// A tensor of which one dimension is indexed anew.
struct PackedAccess {
  ElementBuilder e;
  Value tensor;
  int64_t dim;
  /// The last index of that dimension; null where no index goes beyond it.
  Value last;

  Value index(int64_t value) const {
    return e.make<arith::ConstantOp>(e.b.getIndexAttr(value));
  }
  /// The element at `at`, at most the last one, as an i32 without a sign.
  Value read(Value at) const {
    SmallVector<Value> indices;
    int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
    for (int64_t d = 0; d < rank; ++d)
      indices.push_back(d != dim ? e.make<linalg::IndexOp>(d)
                        : last   ? e.make<arith::MinUIOp>(at, last)
                                 : at);
    Value element = e.make<tensor::ExtractOp>(tensor, indices);
    return e.make<arith::ExtUIOp>(e.b.getI32Type(), element);
  }
};
} // namespace

/// size * times / over, where it is not known to fill whole units the run
/// checks it.
static OpFoldResult scaleSize(OpBuilder &builder, Operation *op,
                              OpFoldResult size, int64_t times, int64_t over,
                              StringRef message) {
  Location loc = op->getLoc();
  if (auto known = getConstantIntValue(size))
    return builder.getIndexAttr(*known * times / over);
  Value dynamic = cast<Value>(size);
  Value factor = arith::ConstantIndexOp::create(builder, loc, times);
  Value divisor = arith::ConstantIndexOp::create(builder, loc, over);
  Value product = arith::MulIOp::create(builder, loc, dynamic, factor);
  Value rest = arith::RemUIOp::create(builder, loc, product, divisor);
  Value number =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), rest);
  Value tensor = tensor::FromElementsOp::create(builder, loc, number);
  CheckRangeOp::create(builder, loc, tensor, builder.getI64IntegerAttr(0),
                       builder.getI64IntegerAttr(1),
                       builder.getStringAttr(message));
  return arith::DivUIOp::create(builder, loc, product, divisor).getResult();
}

/// The index of the last element of a dimension; 0 if there is none.
static Value lastIndex(OpBuilder &builder, Location loc, Value tensor,
                       int64_t dim) {
  Value size = tensor::DimOp::create(builder, loc, tensor, dim);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  return arith::SubIOp::create(
      builder, loc, arith::MaxUIOp::create(builder, loc, size, one), one);
}

/// A generic over a tensor of `sizes` that reads `source` anew along the packed
/// dimension.
static Value emitRearranged(
    OpBuilder &builder, Operation *op, RankedTensorType quantized, Value source,
    SmallVector<OpFoldResult> sizes, RankedTensorType type,
    llvm::function_ref<Value(const PackedAccess &, Value index)> element) {
  Location loc = op->getLoc();
  auto format = cast<QuantizedTypeInterface>(quantized.getElementType());
  int64_t dim = *format.getPack();
  Value last;
  if (8 % format.getStorageWidth() != 0)
    last = lastIndex(builder, loc, source, dim);
  Value like =
      tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  Value made = emitElementwise(
                   builder, op, like, {}, type.getElementType(),
                   [&](ElementBuilder e, ValueRange) {
                     PackedAccess access{e, source, dim, last};
                     Value code = element(access, e.make<linalg::IndexOp>(dim));
                     return SmallVector<Value>{
                         e.make<arith::TruncIOp>(type.getElementType(), code)};
                   })
                   .front();
  return emitTensorCast(builder, loc, made, type);
}

Value lowbit::emitPack(OpBuilder &builder, Operation *op, Value codes,
                       RankedTensorType quantized) {
  auto format = cast<QuantizedTypeInterface>(quantized.getElementType());
  int64_t width = format.getStorageWidth(), dim = *format.getPack();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, op->getLoc(), codes);
  sizes[dim] =
      scaleSize(builder, op, sizes[dim], width, 8,
                "packed elements do not fill whole bytes; bits left over");
  // How many elements a byte has bits of; a row may begin inside one.
  int64_t count = 8 % width == 0 ? 8 / width : (8 + 2 * width - 2) / width;
  return emitRearranged(
      builder, op, quantized, codes, sizes,
      cast<RankedTensorType>(carrierType(quantized)),
      [&](const PackedAccess &a, Value byte) {
        const ElementBuilder &e = a.e;
        Type i32 = e.b.getI32Type();
        Value bit = e.make<arith::MulIOp>(byte, a.index(8));
        Value first = e.make<arith::DivUIOp>(bit, a.index(width));
        // Bits of the first element that belong to the byte before.
        Value before = e.make<arith::IndexCastOp>(
            i32, e.make<arith::RemUIOp>(bit, a.index(width)));
        Value result = e.i32(0);
        for (int64_t k = 0; k < count; ++k) {
          Value code =
              a.read(k == 0 ? first : e.make<arith::AddIOp>(first, a.index(k)));
          code = e.make<arith::AndIOp>(code, e.i32((1 << width) - 1));
          Value up = e.make<arith::ShLIOp>(code, e.i32(k * width));
          result =
              e.make<arith::OrIOp>(result, e.make<arith::ShRUIOp>(up, before));
        }
        return result;
      });
}

Value lowbit::emitUnpack(OpBuilder &builder, Operation *op, Value bytes,
                         RankedTensorType quantized) {
  auto format = cast<QuantizedTypeInterface>(quantized.getElementType());
  int64_t width = format.getStorageWidth(), dim = *format.getPack();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, op->getLoc(), bytes);
  sizes[dim] =
      scaleSize(builder, op, sizes[dim], 8, width,
                "packed bytes do not hold whole elements; bits left over");
  return emitRearranged(
      builder, op, quantized, bytes, sizes,
      quantized.clone(builder.getI8Type()),
      [&](const PackedAccess &a, Value index) {
        const ElementBuilder &e = a.e;
        Type i32 = e.b.getI32Type();
        Value bit = e.make<arith::MulIOp>(index, a.index(width));
        Value byte = e.make<arith::DivUIOp>(bit, a.index(8));
        Value shift = e.make<arith::IndexCastOp>(
            i32, e.make<arith::RemUIOp>(bit, a.index(8)));
        Value bits = a.read(byte);
        if (8 % width != 0) {
          Value next = a.read(e.make<arith::AddIOp>(byte, a.index(1)));
          bits =
              e.make<arith::OrIOp>(bits, e.make<arith::ShLIOp>(next, e.i32(8)));
        }
        Value code = e.make<arith::AndIOp>(e.make<arith::ShRUIOp>(bits, shift),
                                           e.i32((1 << width) - 1));
        if (!isSignedFormat(format))
          return code;
        Value unused = e.i32(32 - width);
        return e.make<arith::ShRSIOp>(e.make<arith::ShLIOp>(code, unused),
                                      unused);
      });
}
