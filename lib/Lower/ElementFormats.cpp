//===- ElementFormats.cpp - small floats and codebooks in arith -----------===//
//
// Rules N25 and N26 of docs/numerics.md. Small floats are encoded and decoded
// by integer arithmetic on the bits of the f32, as in SmallFloat.h. A codebook
// of n values has n - 1 thresholds, the smallest floats that belong to the next
// value, found here with nearestCode itself:
//
//   code = number of thresholds that x reaches       up to 16 values
//   code = binary search in the thresholds           more values
//
//===----------------------------------------------------------------------===//
#include "ElementArithmetic.h"

#include "lowbit/Numerics/Codebook.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

//===----------------------------------------------------------------------===//
// Small floats
//===----------------------------------------------------------------------===//

Value lowbit::emitEncode(ElementBuilder e, Value x, const SmallFloat &format,
                         bool saturate) {
  assert(format.isSigned && "scales are chosen, not encoded");
  Type i32 = e.b.getI32Type();
  Value bits = e.make<arith::BitcastOp>(i32, x);
  Value magnitude = e.make<arith::AndIOp>(bits, e.i32(0x7fffffff));

  // magnitude = significand * 2^(field - 150).
  Value field = e.make<arith::ShRUIOp>(magnitude, e.i32(23));
  Value fraction = e.make<arith::AndIOp>(magnitude, e.i32(0x7fffff));
  Value isNormal = e.compare(CmpIPredicate::ne, field, e.i32(0));
  Value leading = e.select(isNormal, e.i32(0x800000), e.i32(0));
  Value significand = e.make<arith::OrIOp>(fraction, leading);
  field = e.make<arith::MaxSIOp>(field, e.i32(1));
  // Steps above the lowest binade, and below it: one of them is 0.
  Value step = e.make<arith::SubIOp>(field, e.i32(128 - format.bias));
  Value above = e.make<arith::MaxSIOp>(step, e.i32(0));
  Value below = e.make<arith::SubIOp>(above, step);
  // From 26 on every significand is less than a quarter of a step.
  Value shift = e.make<arith::MinSIOp>(
      e.make<arith::AddIOp>(below, e.i32(23 - format.mantissaBits)), e.i32(26));
  Value odd = e.make<arith::AndIOp>(e.make<arith::ShRUIOp>(significand, shift),
                                    e.i32(1));
  // Half a step less one: (1 << (shift - 1)) - 1.
  Value half = e.make<arith::SubIOp>(
      e.make<arith::ShLIOp>(e.i32(1), e.make<arith::SubIOp>(shift, e.i32(1))),
      e.i32(1));
  Value sum =
      e.make<arith::AddIOp>(e.make<arith::AddIOp>(significand, half), odd);
  Value rounded = e.make<arith::ShRUIOp>(sum, shift);
  // The leading bit carries into the exponent, and so does a rounding up.
  Value code = e.make<arith::AddIOp>(
      e.make<arith::ShLIOp>(above, e.i32(format.mantissaBits)), rounded);

  // Without a code for it, an overflow saturates in either mode.
  uint32_t overflow = saturate || !format.hasNaN() ? format.maxCode
                      : format.hasInf              ? format.maxCode + 1u
                                                   : format.nanCode;
  Value isAbove = e.compare(CmpIPredicate::sgt, code, e.i32(format.maxCode));
  code = e.select(isAbove, e.i32(overflow), code);
  Value sign = e.make<arith::AndIOp>(
      e.make<arith::ShRUIOp>(bits, e.i32(32 - format.width())),
      e.i32(format.signBit()));
  code = e.make<arith::OrIOp>(code, sign);
  uint32_t nan = format.hasNaN() ? format.nanCode : format.maxCode;
  Value isNaN = e.compare(CmpIPredicate::sgt, magnitude, e.i32(0x7f800000));
  return e.select(isNaN, e.i32(nan), code);
}

/// 2^(code - 127); all bits set is NaN.
static Value emitDecodePower(ElementBuilder e, Value code) {
  Value bits = e.make<arith::ShLIOp>(code, e.i32(23));
  Value isLowest = e.compare(CmpIPredicate::eq, code, e.i32(0));
  bits = e.select(isLowest, e.i32(0x400000), bits);
  Value isNaN = e.compare(CmpIPredicate::eq, code, e.i32(0xff));
  bits = e.select(isNaN, e.i32(0x7fc00000), bits);
  return e.make<arith::BitcastOp>(e.b.getF32Type(), bits);
}

Value lowbit::emitDecode(ElementBuilder e, Value code,
                         const SmallFloat &format) {
  if (!format.isSigned)
    return emitDecodePower(e, code);
  Type f32 = e.b.getF32Type(), i32 = e.b.getI32Type();
  unsigned mantissa = format.mantissaBits;
  Value magnitude = e.make<arith::AndIOp>(code, e.i32(format.signBit() - 1));
  Value normal = e.make<arith::AddIOp>(
      e.make<arith::ShLIOp>(magnitude, e.i32(23 - mantissa)),
      e.i32(int64_t(127 - format.bias) << 23));
  // Below the first exponent field values are multiples of the smallest.
  Value small = e.make<arith::BitcastOp>(
      i32, e.make<arith::MulFOp>(
               e.make<arith::SIToFPOp>(f32, magnitude),
               e.f32(std::ldexp(1.0f, 1 - format.bias - int(mantissa)))));
  Value isSmall =
      e.compare(CmpIPredicate::slt, magnitude, e.i32(1 << mantissa));
  Value bits = e.select(isSmall, small, normal);
  if (format.hasNaN()) {
    Value isBeyond =
        e.compare(CmpIPredicate::sgt, magnitude, e.i32(format.maxCode));
    Value special = e.i32(0x7fc00000);
    if (format.hasInf) {
      Value isInf =
          e.compare(CmpIPredicate::eq, magnitude, e.i32(format.maxCode + 1));
      special = e.select(isInf, e.i32(0x7f800000), special);
    }
    bits = e.select(isBeyond, special, bits);
  }
  Value sign = e.make<arith::ShLIOp>(
      e.make<arith::AndIOp>(code, e.i32(format.signBit())),
      e.i32(32 - format.width()));
  return e.make<arith::BitcastOp>(f32, e.make<arith::OrIOp>(bits, sign));
}

//===----------------------------------------------------------------------===//
// Codebooks
//===----------------------------------------------------------------------===//

/// Floats in ascending order as integers, and back.
static int64_t orderOf(float x) {
  int32_t bits = static_cast<int32_t>(lowbit::detail::bitsOf(x));
  return bits >= 0 ? bits : -int64_t(bits & 0x7fffffff);
}
static float fromOrder(int64_t order) {
  uint32_t bits = order >= 0 ? uint32_t(order) : uint32_t(-order) | 0x80000000u;
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// Threshold i is the smallest float whose nearest code is beyond i.
static SmallVector<float> thresholdsOf(CodebookType format) {
  ArrayRef<float> values = format.getValues().asArrayRef();
  Codebook table{values.data(), format.getStorageWidth()};
  SmallVector<float> thresholds;
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    // The lower value has code i, the upper one i + 1.
    int64_t low = orderOf(values[i]), high = orderOf(values[i + 1]);
    while (high - low > 1) {
      int64_t middle = low + (high - low) / 2;
      (nearestCode(fromOrder(middle), table) > i ? high : low) = middle;
    }
    thresholds.push_back(fromOrder(high));
  }
  return thresholds;
}

static Value emitLookup(ElementBuilder e, ArrayRef<float> table, Value code) {
  auto type = RankedTensorType::get({int64_t(table.size())}, e.b.getF32Type());
  Value tensor = e.make<arith::ConstantOp>(DenseElementsAttr::get(type, table));
  Value index = e.make<arith::IndexCastUIOp>(e.b.getIndexType(), code);
  return e.make<tensor::ExtractOp>(tensor, ValueRange{index});
}

Value lowbit::emitNearestCode(ElementBuilder e, Value x, CodebookType format) {
  SmallVector<float> thresholds = thresholdsOf(format);
  Value zero = e.f32(0.0f);
  x = e.select(e.isNaN(x), zero, x);
  Value code = e.i32(0);
  if (thresholds.size() < 16) {
    for (float threshold : thresholds) {
      Value isReached = e.compare(CmpFPredicate::OGE, x, e.f32(threshold));
      code = e.make<arith::AddIOp>(
          code, e.make<arith::ExtUIOp>(e.b.getI32Type(), isReached));
    }
    return code;
  }
  // The last entry is never read; with it every probe is in the table.
  thresholds.push_back(thresholds.back());
  for (size_t step = thresholds.size() / 2; step > 0; step /= 2) {
    Value probe = e.make<arith::AddIOp>(code, e.i32(int64_t(step)));
    Value threshold =
        emitLookup(e, thresholds, e.make<arith::SubIOp>(probe, e.i32(1)));
    Value isReached = e.compare(CmpFPredicate::OGE, x, threshold);
    code = e.select(isReached, probe, code);
  }
  return code;
}

Value lowbit::emitCodebookValue(ElementBuilder e, Value code,
                                CodebookType format) {
  ArrayRef<float> values = format.getValues().asArrayRef();
  Value inside = e.make<arith::AndIOp>(code, e.i32(int64_t(values.size()) - 1));
  return emitLookup(e, values, inside);
}
