//===- LowerRequantize.cpp - requantize in linalg -------------------------===//
//
//   float  q = clamp(round(float(x - zin) * s) + zout)                  (N14)
//   fixed  q = clamp((((x - zin) * m + r) >> shift) + zout), in i64     (N15)
//
// Refused: numbers in a resource that is not there.
//
//===----------------------------------------------------------------------===//
#include "LoweringPatterns.h"
#include "Storage.h"

using namespace mlir;
using namespace lowbit;

namespace {
class Requantize {
public:
  Requantize(OpBuilder &builder, RequantizeOp op)
      : builder(builder), op(op),
        format(cast<AffineType>(getElementTypeOrSelf(op.getType()))) {
    if (auto type = dyn_cast<RankedTensorType>(op.getType()))
      rank = type.getRank();
  }

  FailureOr<Value> emit() {
    Value input = op.getInput();
    Type element = getElementTypeOrSelf(input.getType());
    auto from = dyn_cast<AffineType>(element);
    isSigned = !from || from.isSigned();
    if (from)
      input = toCarrier(builder, input);
    inputs = {ElementInput::of(input)};
    if (failed(addParameters()))
      return failure();
    IntegerType carrier = carrierElement(format);
    return emitElementwise(
               builder, op, input, inputs, carrier,
               [&](ElementBuilder e, ValueRange args) -> SmallVector<Value> {
                 Value q = op.isFixedPoint() ? emitFixed(e, args)
                                             : emitFloat(e, args);
                 return {e.make<arith::TruncIOp>(carrier, q)};
               })
        .front();
  }

private:
  LogicalResult addParameters() {
    if (op.getDynamicScale())
      inputs.push_back(access(op.getDynamicScale()));
    if (op.getScaleAttr() &&
        failed(add(readFloats(op.getScaleAttr()), op.getScaleAttr(), "scale")))
      return failure();
    if (op.isFixedPoint() &&
        (failed(add(readIntegers(op.getMultiplierAttr()),
                    op.getMultiplierAttr(), "multiplier")) ||
         failed(
             add(readIntegers(op.getShiftAttr()), op.getShiftAttr(), "shift"))))
      return failure();
    if (op.getDynamicZeroPoint()) {
      inputs.push_back(ElementInput::single(op.getDynamicZeroPoint(), rank));
      return success();
    }
    if (failed(add(readIntegers(op.getZeroPointAttr()), op.getZeroPointAttr(),
                   "zero_point")))
      return failure();
    if (auto known = dyn_cast_or_null<IntegerAttr>(inputs.back().number))
      knownZeroPoint = known.getInt();
    return success();
  }

  /// Along the axis where there is one and the value has a dimension.
  ElementInput access(Value value) {
    SmallVector<AffineExpr> dims;
    if (op.getAxis())
      dims.push_back(builder.getAffineDimExpr(*op.getAxis()));
    ElementInput input;
    input.value = value;
    input.map = AffineMap::get(rank, 0, dims, builder.getContext());
    return input;
  }

  template <typename T>
  LogicalResult add(const std::optional<std::vector<T>> &values,
                    ElementsAttr attr, StringRef what) {
    if (!values)
      return op.emitOpError() << what
                              << " has no numbers here: its resource is "
                                 "missing or has another size";
    inputs.push_back(makeElementInput(builder, op, ArrayRef<T>(*values),
                                      attr.getShapedType().getShape(),
                                      ("." + what).str(), access(Value())));
    return success();
  }

  /// An i32; wider only as an i64.
  Value emitSteps(ElementBuilder e, Value x, Type type) {
    Value wide = e.extend(x, type, isSigned);
    int32_t zero = op.getInputZeroPoint();
    if (zero == 0)
      return wide;
    Value z = e.make<arith::ConstantOp>(e.b.getIntegerAttr(type, zero));
    return e.make<arith::SubIOp>(wide, z);
  }

  Value emitFloat(ElementBuilder e, ValueRange args) {
    // Only integers of at most 16 bits have a zero point (R11).
    Value steps = emitSteps(e, args[0], e.b.getI32Type());
    Value exact = e.make<arith::SIToFPOp>(e.b.getF32Type(), steps);
    Value scaled = e.make<arith::MulFOp>(exact, args[1]);
    return emitSum(e, emitRound(e, scaled, op.getRounding()),
                   {args[2], knownZeroPoint}, rangeOf(format),
                   /*saturate=*/true);
  }

  Value emitFixed(ElementBuilder e, ValueRange args) {
    Type i64 = e.b.getI64Type();
    Value value = emitSteps(e, args[0], i64);
    Value multiplier = e.make<arith::ExtSIOp>(i64, args[1]);
    Value shift = e.make<arith::ExtSIOp>(i64, args[2]);
    Value half =
        e.make<arith::ShLIOp>(e.i64(1), e.make<arith::SubIOp>(shift, e.i64(1)));
    if (op.getFixedRounding() == FixedRoundingMode::Double) {
      Value isLong = e.compare(arith::CmpIPredicate::sgt, shift, e.i64(31));
      Value isPositive = e.compare(arith::CmpIPredicate::sge, value, e.i64(0));
      Value first = e.select(isPositive, e.i64(int64_t(1) << 30),
                             e.i64(-(int64_t(1) << 30)));
      half = e.make<arith::AddIOp>(half, e.select(isLong, first, e.i64(0)));
    }
    Value sum =
        e.make<arith::AddIOp>(e.make<arith::MulIOp>(value, multiplier), half);
    Value scaled = e.make<arith::ShRSIOp>(sum, shift);
    Value moved =
        e.make<arith::AddIOp>(scaled, e.make<arith::ExtSIOp>(i64, args[3]));
    Value atLeast = e.make<arith::MaxSIOp>(moved, e.i64(format.getMin()));
    Value clamped = e.make<arith::MinSIOp>(atLeast, e.i64(format.getMax()));
    return e.make<arith::TruncIOp>(e.b.getI32Type(), clamped);
  }

  OpBuilder &builder;
  RequantizeOp op;
  AffineType format;
  unsigned rank = 0;
  bool isSigned = true;
  SmallVector<ElementInput> inputs;
  std::optional<int64_t> knownZeroPoint;
};

struct LowerRequantize : OpRewritePattern<RequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RequantizeOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Value> codes = Requantize(rewriter, op).emit();
    if (failed(codes))
      return failure();
    carryId(op, *codes);
    rewriter.replaceOp(
        op, fromCarrier(rewriter, op.getLoc(), *codes, op.getType()));
    return success();
  }
};
} // namespace

void lowbit::populateRequantizePatterns(RewritePatternSet &patterns) {
  patterns.add<LowerRequantize>(patterns.getContext());
}
