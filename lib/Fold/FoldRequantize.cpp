//===- FoldRequantize.cpp - from one set of parameters to another ---------===//
//
//   quantize(dequantize(q))  ->  requantize(q)
//
// Only where both give the same integer for every integer of the format, which
// is tried: the two round at different places (N8 and N7 against N14). Left as
// it is: parameters of the run, along an axis or in blocks, packed formats,
// formats that are not affine. (Equal parameters fold to q, by quantize
// itself.)
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Requantize.h"

#include <numeric>

using namespace mlir;
using namespace lowbit;

/// The format of one set of parameters for the whole tensor; null for others.
static AffineType singleFormat(QuantizedTypeInterface type) {
  auto format = dyn_cast<AffineType>(Type(type));
  return format && format.isPerTensor() && !format.getPack() ? format
                                                             : AffineType();
}

/// The factor by which requantize gives what the pair gives, for all integers.
static std::optional<float>
findScale(AffineType from, const KnownParameters &source, AffineType to,
          const KnownParameters &target, RoundingMode rounding) {
  auto scale = requantizeScale(source.scales[0], target.scales[0]);
  if (!scale)
    return std::nullopt;
  std::vector<int32_t> codes(from.getMax() - from.getMin() + 1);
  std::iota(codes.begin(), codes.end(), int32_t(from.getMin()));
  int64_t count = codes.size();
  std::vector<int32_t> wanted =
      quantizeTensor(dequantizeTensor(codes, count, from, source), count, to,
                     target, rounding, /*saturate=*/true);
  StorageRange range{int32_t(to.getMin()), int32_t(to.getMax())};
  for (auto [code, result] : llvm::zip_equal(codes, wanted))
    if (requantize(code, source.zeroPoint(0), *scale, target.zeroPoint(0),
                   range, toNumerics(rounding)) != result)
      return std::nullopt;
  return scale;
}

namespace {
struct FoldRequantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto dequantize = op.getInput().getDefiningOp<DequantizeOp>();
    if (!dequantize || !isa<RankedTensorType>(op.getType()))
      return rewriter.notifyMatchFailure(op, "reads no dequantized tensor");
    AffineType from = singleFormat(dequantize.getQuantizedFormat()),
               to = singleFormat(op.getQuantizedFormat());
    if (!from || !to || !op.getSaturate())
      return rewriter.notifyMatchFailure(op, "formats that are not per tensor");
    auto source = QuantParameters::of(dequantize).read(),
         target = QuantParameters::of(op).read();
    if (!source || !target)
      return rewriter.notifyMatchFailure(op, "has parameters at run time");
    auto scale = findScale(from, *source, to, *target, op.getRounding());
    if (!scale)
      return rewriter.notifyMatchFailure(op, "rounds some integer differently");
    auto number = RankedTensorType::get({}, rewriter.getF32Type());
    Attribute id = op->getAttr(LowbitDialect::kIdAttr);
    auto made = rewriter.replaceOpWithNewOp<RequantizeOp>(
        op, op.getType(), dequantize.getInput(), /*dynamic_scale=*/Value(),
        /*dynamic_zero_point=*/Value(), DenseElementsAttr::get(number, *scale),
        /*multiplier=*/ElementsAttr(), /*shift=*/ElementsAttr(),
        op.getZeroPointAttr(), uint32_t(source->zeroPoint(0)),
        /*axis=*/IntegerAttr(), op.getRounding(),
        /*fixed_rounding=*/FixedRoundingModeAttr());
    if (id)
      made->setAttr(LowbitDialect::kIdAttr, id);
    return success();
  }
};
} // namespace

void lowbit::populateFoldRequantizePatterns(RewritePatternSet &patterns) {
  patterns.add<FoldRequantize>(patterns.getContext());
}
