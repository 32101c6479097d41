//===- ExpandBFloat16.cpp - rounding to bf16 by integer operations --------===//
//
//   truncf f32 to bf16        ==> (bits + 0x7fff + bit 16) >> 16, one NaN
//   truncf f64 to bf16        ==> truncf to f32, rounded to odd, then as above
//   sitofp, uitofp to bf16    ==> to f32 or f64 exactly, then as above
//
// Processors that convert to bf16 themselves (vcvtneps2bf16) make subnormals 0,
// others call a library that a program need not have. Rounding to odd: what is
// not exact becomes the neighbour whose last bit is 1, so that the second
// rounding sees on which side of a tie it was.
//
//===----------------------------------------------------------------------===//
#include "ExpandBFloat16.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lowbit {
namespace {

bool isBFloat16(Type type) { return getElementTypeOrSelf(type).isBF16(); }

/// Arithmetic on values of the shape of `like`.
class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc, Type like)
      : b(builder), loc(loc), like(like) {}

  Type clone(Type element) const {
    auto vector = dyn_cast<VectorType>(like);
    return vector ? Type(vector.clone(element)) : element;
  }
  Type integer(unsigned width) const { return clone(b.getIntegerType(width)); }
  Value constant(unsigned width, int64_t value) {
    TypedAttr attr = b.getIntegerAttr(b.getIntegerType(width), value);
    if (auto vector = dyn_cast<VectorType>(integer(width)))
      attr = DenseElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  }
  template <typename OpTy, typename... Operands>
  Value make(Operands... operands) {
    return OpTy::create(b, loc, operands...);
  }

  /// The bf16 nearest to an f32, ties to even.
  Value round(Value x) {
    Value bits = make<arith::BitcastOp>(integer(32), x);
    Value sixteen = constant(32, 16);
    Value last = make<arith::AndIOp>(make<arith::ShRUIOp>(bits, sixteen),
                                     constant(32, 1));
    Value bias = make<arith::AddIOp>(last, constant(32, 0x7fff));
    Value rounded =
        make<arith::ShRUIOp>(make<arith::AddIOp>(bits, bias), sixteen);
    Value isNaN = make<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
    Value high = make<arith::SelectOp>(isNaN, constant(32, 0x7fc0), rounded);
    Value narrow = make<arith::TruncIOp>(integer(16), high);
    return make<arith::BitcastOp>(clone(b.getBF16Type()), narrow);
  }

  /// The f32 nearest to an f64, to odd.
  Value roundToOdd(Value x) {
    Type f32 = clone(b.getF32Type());
    Value near = make<arith::TruncFOp>(f32, x);
    Value back = make<arith::ExtFOp>(x.getType(), near);
    Value isAway =
        make<arith::CmpFOp>(arith::CmpFPredicate::OGT, make<math::AbsFOp>(back),
                            make<math::AbsFOp>(x));
    Value isInexact = make<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, x);
    Value bits = make<arith::BitcastOp>(integer(32), near);
    // One step toward zero is one less, for either sign.
    Value cut =
        make<arith::SubIOp>(bits, make<arith::ExtUIOp>(integer(32), isAway));
    Value odd =
        make<arith::OrIOp>(cut, make<arith::ExtUIOp>(integer(32), isInexact));
    return make<arith::BitcastOp>(f32, odd);
  }

  /// An i64 of at most 53 bits that rounds to the same bf16.
  Value shorten(Value x) {
    Value low = constant(64, 0xfff), zero = constant(64, 0);
    Value rest = make<arith::AndIOp>(x, low);
    Value hasRest = make<arith::CmpIOp>(arith::CmpIPredicate::ne, rest, zero);
    Value sticky = make<arith::SelectOp>(hasRest, constant(64, 0x800), zero);
    Value cut = make<arith::OrIOp>(make<arith::SubIOp>(x, rest), sticky);
    // Within 2^52 of zero it is short already.
    Value moved = make<arith::AddIOp>(x, constant(64, int64_t(1) << 52));
    Value isShort = make<arith::CmpIOp>(arith::CmpIPredicate::ult, moved,
                                        constant(64, int64_t(1) << 53));
    return make<arith::SelectOp>(isShort, x, cut);
  }

private:
  OpBuilder &b;
  Location loc;
  Type like;
};

struct RoundFloat : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type from = getElementTypeOrSelf(op.getIn().getType());
    bool isNearest =
        op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) ==
        arith::RoundingMode::to_nearest_even;
    if (!isBFloat16(op.getType()) || !isNearest ||
        !(from.isF32() || from.isF64()))
      return rewriter.notifyMatchFailure(op, "not to bf16");
    Emitter e(rewriter, op.getLoc(), op.getType());
    Value x = from.isF64() ? e.roundToOdd(op.getIn()) : op.getIn();
    rewriter.replaceOp(op, e.round(x));
    return success();
  }
};

template <typename OpTy, typename ExtendTy>
struct RoundInteger : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    unsigned width =
        getElementTypeOrSelf(op.getIn().getType()).getIntOrFloatBitWidth();
    if (!isBFloat16(op.getType()) || width > 64)
      return rewriter.notifyMatchFailure(op, "not to bf16");
    Emitter e(rewriter, op.getLoc(), op.getType());
    Value x = op.getIn();
    if (width <= 24) {
      x = e.make<OpTy>(e.clone(rewriter.getF32Type()), x);
    } else {
      if (width > 53) {
        if (width < 64)
          x = e.make<ExtendTy>(e.integer(64), x);
        x = e.shorten(x);
      }
      x = e.make<OpTy>(e.clone(rewriter.getF64Type()), x);
    }
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), x);
    return success();
  }
};

} // namespace

void populateRoundToBFloat16Patterns(RewritePatternSet &patterns) {
  patterns.add<RoundFloat, RoundInteger<arith::SIToFPOp, arith::ExtSIOp>,
               RoundInteger<arith::UIToFPOp, arith::ExtUIOp>>(
      patterns.getContext());
}

} // namespace lowbit
