//===- CorrectBiases.cpp - the mean error of weights taken out ------------===//
//
//   contract(x, w) + b  ->  contract(x, w) + (b - dw E[x])
//
// In: observers with the choices of phase 3, and the calibration table. Out:
// another bias, or an addition where there is none to change. dw is
// dequantize(quantize(w)) - w, and E[x] the mean of each channel, from exact
// sums; both are added up in double, in order. The window of a convolution is
// taken to lie inside the image: padding changes the mean at its borders.
// Refused: no table. A contraction whose means are not known is left as it is,
// with the reason in the log.
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and
// Bias Correction", 2019, section 4.2.
//
//===----------------------------------------------------------------------===//
#include "ChannelReaders.h"
#include "ScaledWeights.h"

#include "lowbit/Calibrate/ModelTable.h"
#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Prepare/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CORRECTBIASES
#include "lowbit/Prepare/Passes.h.inc"
} // namespace lowbit

static constexpr StringLiteral kName = "bias-correction";

namespace {
/// A contraction with all that its mean error is computed from.
struct Correction {
  Contraction contraction;
  ObserveOp weight;
  /// Of the weight: output channels, and channels of the activation.
  int64_t outputAxis = 0, inputAxis = 0;
  std::vector<double> means;
  /// The dimension of the result that has the output channels.
  unsigned resultDim = 0;
};

struct CorrectBiases : lowbit::impl::CorrectBiasesBase<CorrectBiases> {
  using CorrectBiasesBase::CorrectBiasesBase;
  CorrectBiases(std::shared_ptr<PreparationState> state)
      : state(std::move(state)) {}

  void runOnOperation() override {
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main) || failed(readTable()))
      return signalPassFailure();
    WeightEditor editor(getOperation());
    SmallVector<Contraction> contractions;
    main->walk([&](linalg::LinalgOp op) {
      if (auto contraction = matchFloatContraction(op))
        contractions.push_back(*contraction);
    });
    for (const Contraction &contraction : contractions) {
      std::string reason;
      auto correction = match(contraction, reason);
      if (!correction) {
        ++numRefused;
        state->note(kName, describe(contraction.op), /*kept=*/false, reason);
        continue;
      }
      if (failed(correct(*correction, editor)))
        return signalPassFailure();
    }
  }

  LogicalResult readTable() {
    if (!state) {
      state = std::make_shared<PreparationState>();
      state->table = std::make_shared<CalibrationTable>();
    }
    if (!state->table->values.empty())
      return success();
    if (tablePath.empty())
      return getOperation().emitError(
          "bias-correction needs a calibration table with statistics of each "
          "channel; calibrate first, or name it with the option 'table'");
    auto found = readModelTable(getOperation(), tablePath);
    if (failed(found))
      return failure();
    *state->table = std::move(*found);
    return success();
  }

  std::optional<Correction> match(const Contraction &c, std::string &reason) {
    for (unsigned operand : {1, 0}) {
      auto axis = c.channelDim(operand);
      auto weight = axis ? traceToObserver(c.op->getOperand(operand), *axis)
                         : std::nullopt;
      if (!weight || weight->first.getRole() != "weight")
        continue;
      Correction found;
      found.contraction = c;
      found.weight = weight->first;
      found.outputAxis = weight->second;
      auto loop = cast<AffineDimExpr>(c.map(operand).getResult(*axis));
      auto dim = c.resultDim(loop.getPosition());
      if (!dim)
        continue;
      found.resultDim = *dim;
      if (!matchParts(found, operand, reason))
        return std::nullopt;
      return found;
    }
    reason = "it has no constant weight with one dimension of output channels";
    return std::nullopt;
  }

  bool matchParts(Correction &found, unsigned operand, std::string &reason) {
    const Contraction &c = found.contraction;
    ObserveOp weight = found.weight;
    if (!weight.getFormat() || !weight.getScaleAttr()) {
      reason = "its weight stays float";
      return false;
    }
    if (cast<RankedTensorType>(weight.getType()).getNumElements() !=
        cast<RankedTensorType>(c.op->getOperand(operand).getType())
            .getNumElements()) {
      reason = "it reads only a part of its weight, or pads it";
      return false;
    }
    SmallVector<int64_t, 4> extents = c.loopExtents();
    for (unsigned batch : c.batch)
      if (extents[batch] != 1) {
        reason = "its weight has a batch dimension";
        return false;
      }
    return matchMeans(found, operand, extents, reason);
  }

  /// The activation's channels, with their means.
  bool matchMeans(Correction &found, unsigned operand,
                  ArrayRef<int64_t> extents, std::string &reason) {
    const Contraction &c = found.contraction;
    unsigned other = 1 - operand;
    for (unsigned loop : c.reduction) {
      AffineExpr expr = getAffineDimExpr(loop, &getContext());
      auto dim = c.map(other).getResultPosition(expr);
      auto weightDim = c.map(operand).getResultPosition(expr);
      auto source =
          dim ? traceToObserver(c.op->getOperand(other), *dim) : std::nullopt;
      auto weight = weightDim
                        ? traceToObserver(c.op->getOperand(operand), *weightDim)
                        : std::nullopt;
      if (!source || !weight || !source->first.getAxis() ||
          int64_t(*source->first.getAxis()) != source->second)
        continue;
      // Means of the other sums of products are those of the channel only where
      // they run over the image.
      for (unsigned rest : c.reduction)
        if (rest != loop && extents[rest] != 1 && !c.isConvolution) {
          reason = "it sums over several dimensions";
          return false;
        }
      found.inputAxis = weight->second;
      return readMeans(found, source->first, reason);
    }
    reason = "no single dimension of what it reads is its channels";
    return false;
  }

  bool readMeans(Correction &found, ObserveOp observer, std::string &reason) {
    auto statistics = state->table->values.find(observer.getId().str());
    if (statistics == state->table->values.end() ||
        !statistics->second.channels || statistics->second.empty()) {
      reason = "the table has no statistics of the channels of '" +
               observer.getId().str() + "'";
      return false;
    }
    const ChannelStatistics &channels = *statistics->second.channels;
    int64_t count = cast<RankedTensorType>(found.weight.getType())
                        .getDimSize(found.inputAxis);
    if (int64_t(channels.sum.size()) != count) {
      reason = "the table has another number of channels of '" +
               observer.getId().str() + "'";
      return false;
    }
    double elements = double(statistics->second.count) / double(count);
    for (const ExactSum &sum : channels.sum)
      found.means.push_back(sum.toDouble() / elements);
    return true;
  }

  LogicalResult correct(Correction &found, WeightEditor &editor) {
    auto type = cast<RankedTensorType>(found.weight.getType());
    FailureOr<ArrayRef<float>> values = editor.read(found.weight);
    if (failed(values))
      return failure();
    QuantParameters parameters;
    parameters.scale = found.weight.getScaleAttr();
    parameters.zeroPoint = found.weight.getZeroPointAttr();
    auto known = parameters.read();
    if (!known)
      return found.weight.emitError("the scales or zero points cannot be read");
    auto format = cast<QuantizedTypeInterface>(*found.weight.getFormat());
    std::vector<float> rounded = dequantizeTensor(
        quantizeTensor(*values, type.getShape(), format, *known,
                       RoundingMode::HalfEven, /*saturate=*/true),
        type.getShape(), format, *known);
    ChannelView outputs(type.getShape(), found.outputAxis),
        inputs(type.getShape(), found.inputAxis);
    std::vector<double> shifts(outputs.size, 0.0);
    for (int64_t i = 0, e = rounded.size(); i < e; ++i)
      shifts[outputs.channelOf(i)] += (double(rounded[i]) - (*values)[i]) *
                                      found.means[inputs.channelOf(i)];
    std::string target = describe(found.contraction.op);
    if (llvm::all_of(shifts, [](double s) { return s == 0; })) {
      ++numRefused;
      state->note(kName, target, /*kept=*/false,
                  "the quantized weight has no mean error");
      return success();
    }
    bool folded = false;
    if (failed(subtract(found, shifts, editor, folded)))
      return failure();
    ++numCorrected;
    numFolded += folded;
    double greatest = 0;
    for (double shift : shifts)
      greatest = std::max(greatest, std::fabs(shift));
    state->note(kName, target, /*kept=*/true,
                llvm::formatv("means shifted by up to {0:g3}, {1}", greatest,
                              folded ? "taken from its bias"
                                     : "taken out by an addition")
                    .str());
    return success();
  }

  /// The constant that is added to the result, channel by channel, and that
  /// nothing else is done with.
  static OpOperand *findBias(const Correction &found) {
    Value result = found.contraction.op->getResult(0);
    if (!result.hasOneUse())
      return nullptr;
    OpOperand &use = *result.use_begin();
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || op.isDpsInit(&use) ||
        op.getNumParallelLoops() != op.getNumLoops())
      return nullptr;
    AffineExpr channel =
        op.getMatchingIndexingMap(&use).getResult(found.resultDim);
    BlockArgument argument = op.getMatchingBlockArgument(&use);
    if (!argument.hasOneUse())
      return nullptr;
    auto add = dyn_cast<arith::AddFOp>(*argument.user_begin());
    if (!add)
      return nullptr;
    Value other = add.getLhs() == argument ? add.getRhs() : add.getLhs();
    auto bias = dyn_cast<BlockArgument>(other);
    if (!bias || bias.getOwner() != op.getBlock() || !bias.hasOneUse())
      return nullptr;
    OpOperand *operand = op.getMatchingOpOperand(bias);
    AffineMap map = op.getMatchingIndexingMap(operand);
    // Element k of the bias is that of output channel k.
    if (!isConstantTensor(operand->get()) || map.getNumResults() != 1 ||
        map.getResult(0) != channel)
      return nullptr;
    return operand;
  }

  LogicalResult subtract(Correction &found, ArrayRef<double> shifts,
                         WeightEditor &editor, bool &folded) {
    if (OpOperand *bias = findBias(found)) {
      FailureOr<ArrayRef<float>> old = editor.read(bias->get());
      if (failed(old))
        return failure();
      std::vector<float> values;
      for (auto [value, shift] : llvm::zip(*old, shifts))
        values.push_back(static_cast<float>(value - shift));
      editor.replace(*bias, values);
      folded = true;
      return success();
    }
    Operation *op = found.contraction.op;
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    Location loc = op->getLoc();
    Value result = op->getResult(0);
    auto type = cast<RankedTensorType>(result.getType());
    std::vector<float> values;
    for (double shift : shifts)
      values.push_back(static_cast<float>(-shift));
    Value constant = editor.createConstant(
        builder, loc, found.weight.getId().str() + ".correction",
        RankedTensorType::get({int64_t(values.size())}, type.getElementType()),
        values);
    Value sum = combineChannels(
        builder, loc, result, constant, found.resultDim,
        [](OpBuilder &b, Location l, Value x, Value y) -> Value {
          return arith::AddFOp::create(b, l, x, y);
        });
    // Sizes may be read before the sum is made.
    result.replaceUsesWithIf(sum, [&](OpOperand &use) -> bool {
      return use.getOwner() != sum.getDefiningOp() &&
             !isa<tensor::DimOp>(use.getOwner());
    });
    return success();
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createCorrectBiasesPass(std::shared_ptr<PreparationState> state) {
  return std::make_unique<CorrectBiases>(std::move(state));
}
