//===- ConvertFromTosa.cpp - from TOSA ------------------------------------===//
//
//   tosa.rescale  ->  lowbit.requantize in fixed point (rule N15)
//   tosa.matmul, conv2d, depthwise_conv2d on i8  ->  lowbit.contract
//   tosa.transpose_conv2d  ->  upstream's decomposition, then as conv2d
//   all else  ->  upstream's patterns to linalg, tensor and arith, which agree
//                 with TOSA 1.0 on integers (docs/upstream.md)
//
// In: functions with tosa operations. Out: no tosa operation; `!quant` types of
// their operands become the integers that store them. A rescale whose
// values are wider than formats are (from i48, or to i32) becomes the same
// arithmetic in i64. Refused, each at its place: INEXACT_ROUND, scales and zero
// points that are not constants or are not legal, and operators that are not
// covered.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"

#include "Tosa.h"

#include "lowbit/Numerics/Requantize.h"

#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CONVERTFROMTOSA
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

ElementsAttr lowbit::constantElements(Value value) {
  ElementsAttr elements;
  matchPattern(value, m_Constant(&elements));
  return elements;
}

std::optional<int64_t> lowbit::constantScalar(Value value, bool isUnsigned) {
  auto elements =
      dyn_cast_or_null<DenseIntElementsAttr>(constantElements(value));
  if (!elements || elements.getNumElements() != 1)
    return std::nullopt;
  APInt number = *elements.begin();
  return isUnsigned ? int64_t(number.getZExtValue()) : number.getSExtValue();
}

/// What upstream has patterns for, once rescales and contractions are gone; the
/// rest is refused by name.
static bool isCoveredUpstream(Operation *op) {
  return isa<
      tosa::AbsOp, tosa::AddOp, tosa::ApplyScaleOp, tosa::ArgMaxOp,
      tosa::ArithmeticRightShiftOp, tosa::AvgPool2dOp, tosa::BitwiseAndOp,
      tosa::BitwiseNotOp, tosa::BitwiseOrOp, tosa::BitwiseXorOp, tosa::CastOp,
      tosa::CeilOp, tosa::ClampOp, tosa::ClzOp, tosa::ConcatOp, tosa::ConstOp,
      tosa::ConstShapeOp, tosa::Conv2DOp, tosa::Conv3DOp, tosa::CosOp,
      tosa::DepthwiseConv2DOp, tosa::EqualOp, tosa::ErfOp, tosa::ExpOp,
      tosa::FloorOp, tosa::GatherOp, tosa::GreaterEqualOp, tosa::GreaterOp,
      tosa::IdentityOp, tosa::IntDivOp, tosa::LogOp, tosa::LogicalAndOp,
      tosa::LogicalLeftShiftOp, tosa::LogicalNotOp, tosa::LogicalOrOp,
      tosa::LogicalRightShiftOp, tosa::LogicalXorOp, tosa::MatMulOp,
      tosa::MaxPool2dOp, tosa::MaximumOp, tosa::MinimumOp, tosa::MulOp,
      tosa::NegateOp, tosa::PadOp, tosa::PowOp, tosa::ReciprocalOp,
      tosa::ReduceAllOp, tosa::ReduceAnyOp, tosa::ReduceMaxOp,
      tosa::ReduceMinOp, tosa::ReduceProductOp, tosa::ReduceSumOp,
      tosa::RescaleOp, tosa::ReshapeOp, tosa::ResizeOp, tosa::ReverseOp,
      tosa::RsqrtOp, tosa::SelectOp, tosa::SigmoidOp, tosa::SinOp,
      tosa::SliceOp, tosa::SubOp, tosa::TableOp, tosa::TanhOp, tosa::TileOp,
      tosa::TransposeConv2DOp, tosa::TransposeOp, tosa::YieldOp>(op);
}

namespace {
struct ConvertFromTosa : lowbit::impl::ConvertFromTosaBase<ConvertFromTosa> {
  void runOnOperation() override {
    if (!check())
      return signalPassFailure();
    stripQuantizedTypes();
    RewritePatternSet decompose(&getContext());
    tosa::populateTosaDecomposeTransposeConv(&getContext(), decompose);
    if (failed(applyPatternsGreedily(getOperation(), std::move(decompose))))
      return signalPassFailure();

    SmallVector<Operation *> ours;
    getOperation().walk([&](Operation *op) {
      if (isa<tosa::RescaleOp>(op) || isQuantizedContraction(op))
        ours.push_back(op);
    });
    for (Operation *op : ours) {
      if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
        convertRescale(rescale);
      else if (failed(convertContraction(op)))
        return signalPassFailure();
      else
        ++numContractions;
    }
    eraseDeadConstants();
    if (failed(runUpstream()))
      return signalPassFailure();
    eraseDeadConstants();
    bool isClean = true;
    getOperation().walk([&](Operation *op) {
      if (!isa_and_nonnull<tosa::TosaDialect>(op->getDialect()))
        return;
      op->emitError() << "'" << op->getName()
                      << "' was not converted: no pattern takes these types";
      isClean = false;
    });
    if (!isClean)
      signalPassFailure();
  }

private:
  bool check() {
    bool isGood = true;
    getOperation().walk([&](Operation *op) {
      if (!isa_and_nonnull<tosa::TosaDialect>(op->getDialect()))
        return;
      if (!isCoveredUpstream(op)) {
        op->emitError() << "'" << op->getName()
                        << "' is not covered by lowbit-convert-from-tosa; "
                           "rewrite it with other operators before";
        isGood = false;
      } else if (auto rescale = dyn_cast<tosa::RescaleOp>(op)) {
        std::string problem = checkRescale(rescale);
        if (!problem.empty())
          rescale.emitError() << "'tosa.rescale' " << problem;
        isGood &= problem.empty();
      } else if (auto resize = dyn_cast<tosa::ResizeOp>(op)) {
        isGood &= checkResize(resize);
      }
    });
    return isGood && checkQuantizedTypes();
  }

  /// Upstream's pattern divides positions towards zero where TOSA takes the
  /// floor, so left of the first element it extrapolates.
  static bool checkResize(tosa::ResizeOp op) {
    ElementsAttr offset;
    if (auto shape = op.getOffset().getDefiningOp<tosa::ConstShapeOp>())
      offset = shape.getValues();
    bool isKnown = offset && isa<DenseIntElementsAttr>(offset);
    bool isNegative =
        !isKnown || llvm::any_of(offset.getValues<APInt>(), [](APInt value) {
          return value.isNegative();
        });
    if (op.getMode() != tosa::ResizeMode::BILINEAR || !isNegative)
      return true;
    op.emitError() << "'tosa.resize' is BILINEAR with "
                   << (isKnown ? "a negative offset" : "an unknown offset")
                   << ", which is not covered; pad the image and make the "
                      "offset positive";
    return false;
  }

  /// Whether the integers of quantized types can be told from what reads them.
  bool checkQuantizedTypes() {
    bool hasTosa = false, isGood = true;
    SmallVector<Operation *> casts;
    getOperation().walk([&](Operation *op) {
      auto isQuantized = [](Type type) {
        return isa<quant::QuantizedType>(getElementTypeOrSelf(type));
      };
      bool isTouched = llvm::any_of(op->getOperandTypes(), isQuantized) ||
                       llvm::any_of(op->getResultTypes(), isQuantized);
      if (isTouched && isa_and_nonnull<tosa::TosaDialect>(op->getDialect()))
        hasTosa = true;
      if (isa<quant::QuantizeCastOp, quant::DequantizeCastOp>(op))
        casts.push_back(op);
    });
    hasQuantizedTypes = hasTosa;
    for (Operation *op : casts)
      if (hasTosa) {
        op->emitError() << "'" << op->getName()
                        << "' is among TOSA operators on quantized types; put "
                           "quant.scast between them, or rescale to integers";
        isGood = false;
      }
    return isGood;
  }

  /// TOSA's operators see a quantized value as its integers; their zero points
  /// and scales are operands. So the types go.
  void stripQuantizedTypes() {
    if (!hasQuantizedTypes)
      return;
    AttrTypeReplacer replacer;
    replacer.addReplacement([](quant::QuantizedType type) -> Type {
      return type.getStorageType();
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    SmallVector<quant::StorageCastOp> casts;
    getOperation().walk([&](quant::StorageCastOp op) { casts.push_back(op); });
    for (quant::StorageCastOp op : casts) {
      op.replaceAllUsesWith(op.getInput());
      op.erase();
    }
  }

  /// What makes it illegal or open by TOSA 1.0; empty when nothing does.
  static std::string checkRescale(tosa::RescaleOp op) {
    if (op.getRoundingMode() == tosa::RoundingMode::INEXACT_ROUND)
      return "has INEXACT_ROUND, which leaves the result open; choose "
             "SINGLE_ROUND or DOUBLE_ROUND";
    bool isWide = op.getScale32();
    if (!isWide && op.getRoundingMode() == tosa::RoundingMode::DOUBLE_ROUND)
      return "has DOUBLE_ROUND with a 16-bit multiplier, which TOSA excludes";
    ElementsAttr multiplier = constantElements(op.getMultiplier()),
                 shift = constantElements(op.getShift());
    if (!multiplier || !shift)
      return "has a multiplier or a shift that is not a constant";
    if (!constantScalar(op.getInputZp(), false) ||
        !constantScalar(op.getOutputZp(), false))
      return "has a zero point that is not a constant";
    auto multipliers = readIntegers(multiplier), shifts = readIntegers(shift);
    if (!multipliers || !shifts || multipliers->size() != shifts->size())
      return "has a multiplier or a shift that cannot be read";
    unsigned width = isWide ? 32 : 16;
    for (auto [m, s] : llvm::zip(*multipliers, *shifts))
      if (!isLegalFixedScale({m, s}, width))
        return "has the multiplier " + std::to_string(m) + " and the shift " +
               std::to_string(s) +
               "; TOSA needs 0 <= multiplier and 2 <= shift <= 62";
    Type input = getElementTypeOrSelf(op.getInput().getType());
    if (isWide && input.isInteger(48))
      return "has an i48 operand and a 32-bit multiplier, which TOSA excludes";
    if (!isa<RankedTensorType>(op.getInput().getType()))
      return "has an unranked operand";
    return "";
  }

  //===--------------------------------------------------------------------===//
  // Rescale
  //===--------------------------------------------------------------------===//

  void convertRescale(tosa::RescaleOp op) {
    Type from = getElementTypeOrSelf(op.getInput().getType()),
         to = getElementTypeOrSelf(op.getType());
    bool isInput =
        from.isInteger(8) || from.isInteger(16) || from.isInteger(32);
    // The rest is left to upstream, whose arithmetic is the same.
    if (!isInput || !(to.isInteger(8) || to.isInteger(16)))
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto inputType = cast<RankedTensorType>(op.getInput().getType());
    auto unsignedFormat = [&](Type storage) {
      return AffineType::getFull(
          IntegerType::get(b.getContext(), storage.getIntOrFloatBitWidth(),
                           IntegerType::Unsigned));
    };
    Value input = op.getInput();
    if (op.getInputUnsigned())
      input = StorageCastOp::create(
          b, loc, inputType.clone(unsignedFormat(from)), input);
    Type format = op.getOutputUnsigned()
                      ? unsignedFormat(to)
                      : AffineType::getFull(cast<IntegerType>(to));
    std::vector<int32_t> multipliers = *readIntegers(
                             constantElements(op.getMultiplier())),
                         shifts =
                             *readIntegers(constantElements(op.getShift()));
    SmallVector<int64_t> shape;
    IntegerAttr axis;
    if (op.getPerChannel()) {
      shape.push_back(multipliers.size());
      axis = b.getI64IntegerAttr(inputType.getRank() - 1);
    }
    std::vector<int8_t> narrow(shifts.begin(), shifts.end());
    auto mode = op.getRoundingMode() == tosa::RoundingMode::DOUBLE_ROUND
                    ? FixedRoundingMode::Double
                    : FixedRoundingMode::Single;
    ElementsAttr zeroPoint = DenseElementsAttr::get(
        RankedTensorType::get({}, b.getI32Type()),
        int32_t(*constantScalar(op.getOutputZp(), op.getOutputUnsigned())));
    auto requantize = RequantizeOp::create(
        b, loc, inputType.clone(format), input, /*dynamic_scale=*/Value(),
        /*dynamic_zero_point=*/Value(), /*scale=*/ElementsAttr(),
        makeElements(shape, multipliers, b.getContext(), "multiplier"),
        DenseElementsAttr::get(RankedTensorType::get(shape, b.getI8Type()),
                               ArrayRef<int8_t>(narrow)),
        zeroPoint,
        uint32_t(*constantScalar(op.getInputZp(), op.getInputUnsigned())), axis,
        RoundingMode::HalfEven,
        FixedRoundingModeAttr::get(b.getContext(), mode));
    Value output = StorageCastOp::create(b, loc, inputType.clone(to),
                                         requantize.getOutput());
    if (output.getType() != op.getType())
      output = tensor::CastOp::create(b, loc, op.getType(), output);
    op.replaceAllUsesWith(output);
    op.erase();
    ++numRescales;
  }

  void eraseDeadConstants() {
    SmallVector<Operation *> constants;
    getOperation().walk([&](Operation *op) {
      if (isa<tosa::ConstOp, tosa::ConstShapeOp>(op))
        constants.push_back(op);
    });
    for (Operation *op : constants)
      if (op->use_empty())
        op->erase();
  }

  //===--------------------------------------------------------------------===//
  // The rest
  //===--------------------------------------------------------------------===//

  LogicalResult runUpstream() {
    OpPassManager pipeline(ModuleOp::getOperationName());
    OpPassManager &functions = pipeline.nest<func::FuncOp>();
    TosaToLinalgNamedOptions named;
    // The layout that phase 1 takes.
    named.preferConv2DKernelLayoutHWCF = true;
    functions.addPass(tosa::createTosaToLinalgNamed(named));
    functions.addPass(tosa::createTosaToLinalg());
    TosaToArithPassOptions arith;
    arith.includeApplyRescale = true;
    functions.addPass(createTosaToArithPass(arith));
    functions.addPass(createTosaToTensorPass());
    return runPipeline(pipeline, getOperation());
  }

  bool hasQuantizedTypes = false;
};
} // namespace
