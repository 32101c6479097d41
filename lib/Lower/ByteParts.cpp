//===- ByteParts.cpp - operands of 16 bits as bytes -----------------------===//
//
// high = x >> 8, low = (x & 255) - 128: one linalg.generic for each.
//
//===----------------------------------------------------------------------===//
#include "ByteParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

/// The upper or the lower byte of each element; flipping the first bit of the
/// lower one takes 128 off.
static Value emitByte(OpBuilder &builder, Location loc, Value ints,
                      bool isHigh) {
  auto type = cast<RankedTensorType>(ints.getType());
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, ints),
      builder.getI8Type());
  SmallVector<AffineMap> maps(2,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, empty.getType(), ints, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        auto number = [&](int64_t value) {
          return arith::ConstantOp::create(b, l, b.getI16IntegerAttr(value));
        };
        Value x =
            isHigh ? Value(arith::ShRSIOp::create(b, l, args[0], number(8)))
                   : Value(arith::XOrIOp::create(b, l, args[0], number(128)));
        Value byte = arith::TruncIOp::create(b, l, b.getI8Type(), x);
        linalg::YieldOp::create(b, l, ValueRange{byte});
      });
  return generic.getResult(0);
}

SmallVector<BytePart, 2> lowbit::emitByteParts(OpBuilder &builder, Location loc,
                                               Value ints, int32_t &offset) {
  offset = 0;
  if (!cast<RankedTensorType>(ints.getType()).getElementType().isInteger(16))
    return {{ints, 1}};
  offset = 128;
  return {{emitByte(builder, loc, ints, /*isHigh=*/true), 256},
          {emitByte(builder, loc, ints, /*isHigh=*/false), 1}};
}
