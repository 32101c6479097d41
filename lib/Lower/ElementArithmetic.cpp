//===- ElementArithmetic.cpp - affine formats in arith and math -----------===//
//
// Rules N6 to N8 and N12 to N13 of docs/numerics.md, and the choice by format.
//
//   quantize    round(x / s), NaN to 0, clamp to lo - z .. hi - z, to i32, + z
//   dequantize  float(q - z) * s
//
// Clamping before the conversion keeps it defined.
//
//===----------------------------------------------------------------------===//
#include "ElementArithmetic.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lowbit;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

Value ElementBuilder::f32(float value) const {
  return make<arith::ConstantOp>(b.getF32FloatAttr(value));
}
Value ElementBuilder::i32(int64_t value) const {
  return make<arith::ConstantOp>(b.getI32IntegerAttr(int32_t(value)));
}
Value ElementBuilder::i64(int64_t value) const {
  return make<arith::ConstantOp>(b.getI64IntegerAttr(value));
}
Value ElementBuilder::compare(CmpIPredicate predicate, Value x, Value y) const {
  return make<arith::CmpIOp>(predicate, x, y);
}
Value ElementBuilder::compare(CmpFPredicate predicate, Value x, Value y) const {
  return make<arith::CmpFOp>(predicate, x, y);
}
Value ElementBuilder::select(Value condition, Value yes, Value no) const {
  return make<arith::SelectOp>(condition, yes, no);
}
Value ElementBuilder::isNaN(Value x) const {
  return compare(CmpFPredicate::UNO, x, x);
}
Value ElementBuilder::extend(Value x, Type type, bool isSigned) const {
  if (x.getType() == type)
    return x;
  return isSigned ? make<arith::ExtSIOp>(type, x)
                  : make<arith::ExtUIOp>(type, x);
}

StorageRange lowbit::rangeOf(AffineType format) {
  return {int32_t(format.getMin()), int32_t(format.getMax())};
}

Value lowbit::emitRound(ElementBuilder e, Value x, RoundingMode mode) {
  switch (mode) {
  case RoundingMode::HalfEven:
    return e.make<math::RoundEvenOp>(x);
  case RoundingMode::TowardZero:
    return e.make<math::TruncOp>(x);
  case RoundingMode::Floor:
    return e.make<math::FloorOp>(x);
  case RoundingMode::HalfAway: {
    // The distance is exact, and NaN for NaN and infinities.
    Value whole = e.make<math::TruncOp>(x);
    Value rest = e.make<math::AbsFOp>(e.make<arith::SubFOp>(x, whole));
    Value isUp = e.compare(CmpFPredicate::OGE, rest, e.f32(0.5f));
    Value one = e.make<math::CopySignOp>(e.f32(1.0f), x);
    return e.select(isUp, e.make<arith::AddFOp>(whole, one), whole);
  }
  case RoundingMode::HalfUp: {
    // The distance is exact where it is near a half.
    Value whole = e.make<math::FloorOp>(x);
    Value rest = e.make<arith::SubFOp>(x, whole);
    Value isUp = e.compare(CmpFPredicate::OGE, rest, e.f32(0.5f));
    return e.select(isUp, e.make<arith::AddFOp>(whole, e.f32(1.0f)), whole);
  }
  }
  llvm_unreachable("every mode has its case");
}

Value lowbit::emitBound(ElementBuilder e, int64_t end, ElementZeroPoint z) {
  if (z.known)
    return e.f32(float(end - *z.known));
  Value steps = e.make<arith::SubIOp>(e.i32(end), z.value);
  return e.make<arith::SIToFPOp>(e.b.getF32Type(), steps);
}

/// N13, where 2^63 or more saturates.
static Value emitWrappedSum(ElementBuilder e, Value rounded, Value z,
                            StorageRange range) {
  Type i64 = e.b.getI64Type();
  Value fits = e.compare(CmpFPredicate::OLT, e.make<math::AbsFOp>(rounded),
                         e.f32(0x1p63f));
  Value safe = e.select(fits, rounded, e.f32(0.0f));
  Value steps = e.make<arith::FPToSIOp>(i64, safe);
  Value wide = e.make<arith::ExtSIOp>(i64, z);
  Value sum = e.make<arith::AddIOp>(steps, wide);
  Value above = e.make<arith::SubIOp>(sum, e.i64(range.min));
  Value low = e.make<arith::AndIOp>(
      above, e.i64(int64_t(range.max) - int64_t(range.min)));
  Value wrapped = e.make<arith::TruncIOp>(
      e.b.getI32Type(), e.make<arith::AddIOp>(low, e.i64(range.min)));
  Value isPositive = e.compare(CmpFPredicate::OGT, rounded, e.f32(0.0f));
  Value end = e.select(isPositive, e.i32(range.max), e.i32(range.min));
  return e.select(fits, wrapped, end);
}

Value lowbit::emitSum(ElementBuilder e, Value rounded, ElementZeroPoint z,
                      StorageRange range, bool saturate) {
  Value isNaN = e.isNaN(rounded);
  Value defined = e.select(isNaN, e.f32(0.0f), rounded);
  if (!saturate)
    return emitWrappedSum(e, defined, z.value, range);
  Value low = emitBound(e, range.min, z);
  Value atLeast = e.make<arith::MaximumFOp>(defined, low);
  Value high = emitBound(e, range.max, z);
  Value clamped = e.make<arith::MinimumFOp>(atLeast, high);
  Value steps = e.make<arith::FPToSIOp>(e.b.getI32Type(), clamped);
  return e.make<arith::AddIOp>(steps, z.value);
}

Value lowbit::emitAffineValue(ElementBuilder e, Value q, Value scale, Value z) {
  Value steps = e.make<arith::SubIOp>(q, z);
  Value exact = e.make<arith::SIToFPOp>(e.b.getF32Type(), steps);
  return e.make<arith::MulFOp>(exact, scale);
}

Value lowbit::emitQuantize(ElementBuilder e, QuantizedTypeInterface format,
                           Value x, Value scale, ElementZeroPoint z,
                           RoundingMode mode, bool saturate) {
  Value quotient = e.make<arith::DivFOp>(x, scale);
  if (auto affine = dyn_cast<AffineType>(Type(format)))
    return emitSum(e, emitRound(e, quotient, mode), z, rangeOf(affine),
                   saturate);
  if (auto codebook = dyn_cast<CodebookType>(Type(format)))
    return emitNearestCode(e, quotient, codebook);
  Value code = emitEncode(
      e, quotient, toNumerics(cast<SmallFloatType>(Type(format))), saturate);
  // The scale of a block with a NaN is NaN, and its codes are 0 (N27).
  if (!saturate)
    return code;
  if (auto constant = scale.getDefiningOp<arith::ConstantOp>())
    return cast<FloatAttr>(constant.getValue()).getValue().isNaN() ? e.i32(0)
                                                                   : code;
  return e.select(e.isNaN(scale), e.i32(0), code);
}

Value lowbit::emitDequantize(ElementBuilder e, QuantizedTypeInterface format,
                             Value code, Value scale, ElementZeroPoint z) {
  if (isa<AffineType>(Type(format)))
    return emitAffineValue(e, code, scale, z.value);
  Value value;
  if (auto codebook = dyn_cast<CodebookType>(Type(format)))
    value = emitCodebookValue(e, code, codebook);
  else
    value = emitDecode(e, code, toNumerics(cast<SmallFloatType>(Type(format))));
  return e.make<arith::MulFOp>(value, scale);
}
