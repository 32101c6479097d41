//===- ExpandMath.cpp - math functions become polynomials -----------------===//
//
// What goes in: math operations on f32, scalars or vectors. What comes out:
// arith, math.fma, sqrt, roundeven and others that are one instruction, so that
// nothing calls libm at run time and every target computes the same bits.
//
//   math.exp %x ==> MathPolynomials<Ops>::exp, and so on
//   math.rsqrt %x ==> 1 / sqrt(x)
//   arith.maxnumf %a, %b ==> selections and arith.maximumf
//
// f16 and bf16 compute in f32; what rounds to bf16 is in ExpandBFloat16.cpp.
// Rare functions (tan, atan, sinh, ...) take upstream's expansions into the
// ones above and into polynomials. Refused, with an error: functions on f64
// that round more than once.
//
//===----------------------------------------------------------------------===//
#include "ExpandBFloat16.h"

#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Numerics/MathPolynomials.h"
#include "lowbit/Numerics/PowPolynomial.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"

namespace lowbit {
#define GEN_PASS_DEF_EXPANDMATH
#include "lowbit/Codegen/Passes.h.inc"
} // namespace lowbit

using namespace mlir;

namespace lowbit {
namespace {

/// The operations of MathPolynomials.h on values whose shape is that of `like`.
class MlirOps {
public:
  using F = Value;
  using I = Value;
  using M = Value;

  MlirOps(OpBuilder &b, Location loc, Type like, unsigned width)
      : b(b), loc(loc),
        f(cloneWith(like, width == 64 ? Type(b.getF64Type()) : b.getF32Type())),
        i(cloneWith(like, b.getIntegerType(width))) {}

  F c(double v) {
    APFloat value(v);
    bool losesInfo;
    value.convert(cast<FloatType>(getElementTypeOrSelf(f)).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    return constant(f, b.getFloatAttr(getElementTypeOrSelf(f), value));
  }
  I ci(int64_t v) {
    return constant(i, b.getIntegerAttr(getElementTypeOrSelf(i), v));
  }
  F inf() { return c(std::numeric_limits<double>::infinity()); }
  F nan() { return c(std::numeric_limits<double>::quiet_NaN()); }
  F add(F x, F y) { return arith::AddFOp::create(b, loc, x, y); }
  F sub(F x, F y) { return arith::SubFOp::create(b, loc, x, y); }
  F mul(F x, F y) { return arith::MulFOp::create(b, loc, x, y); }
  F div(F x, F y) { return arith::DivFOp::create(b, loc, x, y); }
  F fma(F x, F y, F z) { return math::FmaOp::create(b, loc, x, y, z); }
  F abs(F x) { return math::AbsFOp::create(b, loc, x); }
  F roundeven(F x) { return math::RoundEvenOp::create(b, loc, x); }
  F copysign(F x, F y) { return math::CopySignOp::create(b, loc, x, y); }
  M lt(F x, F y) { return compare(arith::CmpFPredicate::OLT, x, y); }
  M ge(F x, F y) { return compare(arith::CmpFPredicate::OGE, x, y); }
  M eq(F x, F y) { return compare(arith::CmpFPredicate::OEQ, x, y); }
  M isNaN(F x) { return compare(arith::CmpFPredicate::UNO, x, x); }
  F select(M m, F x, F y) { return arith::SelectOp::create(b, loc, m, x, y); }
  I toInt(F x) { return arith::FPToSIOp::create(b, loc, i, x); }
  F toFloat(I x) { return arith::SIToFPOp::create(b, loc, f, x); }
  I bits(F x) { return arith::BitcastOp::create(b, loc, i, x); }
  F fromBits(I x) { return arith::BitcastOp::create(b, loc, f, x); }
  I iadd(I x, I y) { return arith::AddIOp::create(b, loc, x, y); }
  I isub(I x, I y) { return arith::SubIOp::create(b, loc, x, y); }
  I iand(I x, I y) { return arith::AndIOp::create(b, loc, x, y); }
  I shl(I x, I y) { return arith::ShLIOp::create(b, loc, x, y); }
  I shr(I x, I y) { return arith::ShRSIOp::create(b, loc, x, y); }

  Type floatType() const { return f; }

private:
  static Type cloneWith(Type like, Type element) {
    auto vector = dyn_cast<VectorType>(like);
    return vector ? Type(vector.clone(element)) : element;
  }
  Value constant(Type type, TypedAttr value) {
    if (auto shaped = dyn_cast<ShapedType>(type))
      value = DenseElementsAttr::get(shaped, Attribute(value));
    return arith::ConstantOp::create(b, loc, value);
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, predicate, x, y);
  }

  OpBuilder &b;
  Location loc;
  Type f, i;
};

bool isF32(Type type) { return getElementTypeOrSelf(type).isF32(); }

using Function = Value (MathPolynomials<MlirOps>::*)(Value);

template <typename OpTy, Function function>
struct ExpandUnary : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "not f32");
    MlirOps ops(rewriter, op.getLoc(), op.getType(), 32);
    MathPolynomials<MlirOps> polynomials(ops);
    rewriter.replaceOp(op, (polynomials.*function)(op.getOperand()));
    return success();
  }
};

struct ExpandRsqrt : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::RsqrtOp op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "not f32");
    MlirOps ops(rewriter, op.getLoc(), op.getType(), 32);
    Value root = math::SqrtOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, ops.div(ops.c(1.0), root));
    return success();
  }
};

struct ExpandPow : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::PowFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    MlirOps ops(rewriter, loc, op.getType(), 64);
    auto widen = [&](Value value) -> Value {
      return arith::ExtFOp::create(rewriter, loc, ops.floatType(), value);
    };
    Value wide = powWide(ops, widen(op.getLhs()), widen(op.getRhs()));
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

/// x^n = pow(x, float(n)); exact exponents up to 2^24 are enough for f32.
struct ExpandIntegerPow : OpRewritePattern<math::FPowIOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FPowIOp op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "not f32");
    Value exponent = arith::SIToFPOp::create(rewriter, op.getLoc(),
                                             op.getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<math::PowFOp>(op, op.getLhs(), exponent);
    return success();
  }
};

/// Functions of f16 and bf16, and arithmetic on bf16, to f32 and back.
struct ComputeInF32 : RewritePattern {
  explicit ComputeInF32(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || !isComputedInF32(op))
      return rewriter.notifyMatchFailure(op, "not a function of narrow floats");
    Location loc = op->getLoc();
    auto widened = [&](Type type) -> Type {
      auto vector = dyn_cast<VectorType>(type);
      Type f32 = rewriter.getF32Type();
      return vector ? Type(vector.clone(f32)) : f32;
    };
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isNarrow(operand.getType())
                             ? arith::ExtFOp::create(rewriter, loc,
                                                     widened(operand.getType()),
                                                     operand)
                                   .getResult()
                             : operand);
    Type type = op->getResult(0).getType();
    Operation *wide = rewriter.create(loc, op->getName().getIdentifier(),
                                      operands, widened(type), op->getAttrs());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, wide->getResult(0));
    return success();
  }

private:
  static bool isComputedInF32(Operation *op) {
    Type type = op->getResult(0).getType();
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
            arith::RemFOp, arith::MaximumFOp, arith::MinimumFOp,
            arith::MaxNumFOp, arith::MinNumFOp>(op))
      return getElementTypeOrSelf(type).isBF16();
    return isNarrow(type) &&
           isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
           !isa<math::AbsFOp, math::CopySignOp>(op);
  }
  static bool isNarrow(Type type) {
    return isa<Float16Type, BFloat16Type>(getElementTypeOrSelf(type));
  }
};

/// Where one operand is NaN, both are the other one.
template <typename OpTy, typename ExactTy>
struct ExpandExtreme : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto orOther = [&](Value x, Value other) -> Value {
      Value isNaN =
          arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, x, x);
      return arith::SelectOp::create(rewriter, loc, isNaN, other, x);
    };
    Value a = op.getLhs(), b = op.getRhs();
    rewriter.replaceOpWithNewOp<ExactTy>(op, orOther(a, b), orOther(b, a));
    return success();
  }
};

/// What is left of math rounds once, so that every library computes the same.
bool isExact(Operation *op) {
  return !isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
         isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
             math::CountLeadingZerosOp, math::CountTrailingZerosOp,
             math::CtPopOp, math::FloorOp, math::FmaOp, math::IPowIOp,
             math::IsFiniteOp, math::IsInfOp, math::IsNaNOp, math::IsNormalOp,
             math::RoundEvenOp, math::RoundOp, math::SqrtOp, math::TruncOp>(op);
}

struct ExpandMath : public impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    // First, so that no expansion rounds to f16 on the way.
    RewritePatternSet widening(&getContext());
    widening.add<ComputeInF32>(&getContext());
    RewritePatternSet patterns(&getContext());
    addFormulas(patterns);
    addUpstream(patterns);
    populateRoundToBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(widening))) ||
        failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    bool isDefined = true;
    getOperation().walk([&](Operation *op) {
      if (isExact(op))
        return;
      isDefined = false;
      Type type = getElementTypeOrSelf(op->getOperand(0).getType());
      InFlightDiagnostic error = op->emitOpError("of ");
      error << type << " has no fixed formula, and the bits of a library's "
            << "differ between machines";
      error.attachNote() << (type.isF64()
                                 ? "compute it in f32"
                                 : "write it with exp, log, sin, cos, sqrt or "
                                   "powf of f32");
    });
    if (!isDefined)
      signalPassFailure();
  }

private:
  void addFormulas(RewritePatternSet &patterns) {
    using P = MathPolynomials<MlirOps>;
    patterns.add<
        ExpandUnary<math::ExpOp, &P::exp>,
        ExpandUnary<math::ExpM1Op, &P::expm1>,
        ExpandUnary<math::TanhOp, &P::tanh>, ExpandUnary<math::ErfOp, &P::erf>,
        ExpandUnary<math::Exp2Op, &P::exp2>, ExpandUnary<math::LogOp, &P::log>,
        ExpandUnary<math::Log2Op, &P::log2>,
        ExpandUnary<math::Log10Op, &P::log10>,
        ExpandUnary<math::Log1pOp, &P::log1p>,
        ExpandUnary<math::SinOp, &P::sin>, ExpandUnary<math::CosOp, &P::cos>,
        ExpandRsqrt, ExpandPow, ExpandIntegerPow,
        ExpandExtreme<arith::MaxNumFOp, arith::MaximumFOp>,
        ExpandExtreme<arith::MinNumFOp, arith::MinimumFOp>>(&getContext(),
                                                            PatternBenefit(10));
  }

  void addUpstream(RewritePatternSet &patterns) {
    math::populateExpansionPatterns(
        patterns, {"tan", "sinh", "cosh", "asinh", "acosh", "atanh"});
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return llvm::is_contained({"math.acos", "math.asin", "math.atan",
                                 "math.atan2", "math.cbrt", "math.erfc"},
                                name);
    });
  }
};

} // namespace
} // namespace lowbit
