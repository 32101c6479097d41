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
#include "Trials.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Prepare/Passes.h"
#include "lowbit/Select/Search.h"

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
  /// dw E[x], by output channel.
  std::vector<double> shifts;
};

/// What the outputs say of a correction.
struct Measured {
  bool helps = true;
  std::optional<double> beforeDb, afterDb;
};

std::vector<float> negate(ArrayRef<double> shifts) {
  std::vector<float> values;
  for (double shift : shifts)
    values.push_back(static_cast<float>(-shift));
  return values;
}

/// result + constant, channel by channel, for all that reads the result.
void addToResult(const Correction &found, OpBuilder &builder, Value constant) {
  Operation *op = found.contraction.op;
  Value result = op->getResult(0);
  Value sum =
      combineChannels(builder, op->getLoc(), result, constant, found.resultDim,
                      [](OpBuilder &b, Location l, Value x, Value y) -> Value {
                        return arith::AddFOp::create(b, l, x, y);
                      });
  // Sizes may be read before the sum is made.
  result.replaceUsesWithIf(sum, [&](OpOperand &use) -> bool {
    return use.getOwner() != sum.getDefiningOp() &&
           !isa<tensor::DimOp>(use.getOwner());
  });
}

/// Finds what can be corrected in one module.
class CorrectionFinder {
public:
  CorrectionFinder(ModuleOp module, const CalibrationTable &table)
      : module(module), table(table), editor(module) {}

  LogicalResult run(func::FuncOp main);

  std::vector<Correction> corrections;
  /// The others, with the reason.
  std::vector<std::pair<std::string, std::string>> refused;

private:
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
      AffineExpr expr = getAffineDimExpr(loop, module.getContext());
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
    auto statistics = table.values.find(observer.getId().str());
    if (statistics == table.values.end() || !statistics->second.channels ||
        statistics->second.empty()) {
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

  LogicalResult computeShifts(Correction &found) {
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
    found.shifts.assign(outputs.size, 0.0);
    for (int64_t i = 0, e = rounded.size(); i < e; ++i)
      found.shifts[outputs.channelOf(i)] +=
          (double(rounded[i]) - (*values)[i]) *
          found.means[inputs.channelOf(i)];
    return success();
  }

  ModuleOp module;
  const CalibrationTable &table;
  WeightEditor editor;
};

LogicalResult CorrectionFinder::run(func::FuncOp main) {
  SmallVector<Contraction> contractions;
  main.walk([&](linalg::LinalgOp op) {
    if (auto contraction = matchFloatContraction(op))
      contractions.push_back(*contraction);
  });
  for (const Contraction &contraction : contractions) {
    std::string reason;
    auto correction = match(contraction, reason);
    if (correction && failed(computeShifts(*correction)))
      return failure();
    if (correction &&
        llvm::all_of(correction->shifts, [](double s) { return s == 0; })) {
      reason = "the quantized weight has no mean error";
      correction = std::nullopt;
    }
    if (correction)
      corrections.push_back(std::move(*correction));
    else
      refused.emplace_back(describe(contraction.op), reason);
  }
  return success();
}

struct CorrectBiases : lowbit::impl::CorrectBiasesBase<CorrectBiases> {
  using CorrectBiasesBase::CorrectBiasesBase;
  CorrectBiases(CorrectBiasesOptions options,
                std::shared_ptr<PreparationState> state)
      : CorrectBiasesBase(std::move(options)), state(std::move(state)) {}

  void runOnOperation() override {
    if (failed(correct()))
      signalPassFailure();
  }

  LogicalResult correct() {
    ModuleOp module = getOperation();
    if (!state)
      state = std::make_shared<PreparationState>();
    FailureOr<func::FuncOp> main = findMain(module);
    if (failed(main) ||
        failed(state->requireChannels(module, kName, tablePath)))
      return failure();
    CorrectionFinder finder(module, *state->table);
    if (failed(finder.run(*main)))
      return failure();
    std::vector<Measured> measured(finder.corrections.size());
    if (measure && !finder.corrections.empty() && failed(tryOut(measured)))
      return failure();
    WeightEditor editor(module);
    for (auto [found, outcome] : llvm::zip_equal(finder.corrections, measured))
      if (failed(apply(found, outcome, editor)))
        return failure();
    for (const auto &[target, reason] : finder.refused)
      state->note(kName, target, /*kept=*/false, reason);
    numRefused += finder.refused.size();
    return success();
  }

  LogicalResult apply(Correction &found, const Measured &outcome,
                      WeightEditor &editor) {
    std::string target = describe(found.contraction.op);
    if (!outcome.helps) {
      ++numRefused;
      state->note(kName, target, /*kept=*/false,
                  "it does not help at the outputs", outcome.beforeDb,
                  outcome.afterDb);
      return success();
    }
    bool folded = false;
    if (failed(subtract(found, editor, folded)))
      return failure();
    ++numCorrected;
    numFolded += folded;
    double greatest = 0;
    for (double shift : found.shifts)
      greatest = std::max(greatest, std::fabs(shift));
    state->note(kName, target, /*kept=*/true,
                llvm::formatv("means shifted by up to {0:g3}, {1}", greatest,
                              folded ? "taken from its bias"
                                     : "taken out by an addition")
                    .str(),
                outcome.beforeDb, outcome.afterDb);
    return success();
  }

  /// Runs a copy with a constant added to each result, zero or the correction.
  LogicalResult tryOut(std::vector<Measured> &measured) {
    ModuleOp module = getOperation();
    if (failed(requireEvaluation(module, *state, "prepare=auto")))
      return failure();
    OwningOpRef<ModuleOp> copy(module.clone());
    FailureOr<func::FuncOp> main = findMain(*copy);
    CorrectionFinder finder(*copy, *state->table);
    if (failed(main) || failed(finder.run(*main)))
      return failure();
    std::vector<std::string> names;
    WeightEditor editor(*copy);
    OpBuilder builder(&getContext());
    for (Correction &found : finder.corrections) {
      Operation *op = found.contraction.op;
      builder.setInsertionPointAfter(op);
      std::vector<float> zeros(found.shifts.size(), 0.0f);
      Value constant = editor.createParameter(
          builder, op->getLoc(), found.weight.getId().str() + ".correction",
          RankedTensorType::get({int64_t(zeros.size())}, builder.getF32Type()),
          zeros);
      names.push_back(
          constant.getDefiningOp<GetParameterOp>().getParameter().str());
      addToResult(found, builder, constant);
    }
    auto evaluator = startEvaluator(*copy, *state);
    if (failed(evaluator))
      return failure();
    Choices choices = choicesOf(module);
    Assignment loaded(names.size(), 0);
    SearchProblem problem;
    problem.samples = (*evaluator)->samples();
    problem.candidates.assign(names.size(), {0, 1});
    problem.priority.assign(names.size(), 0);
    problem.progress = [](size_t, size_t) {};
    problem.evaluate = [&](const Assignment &wanted,
                           size_t samples) -> FailureOr<std::vector<double>> {
      for (size_t i = 0; i < names.size(); ++i) {
        if (wanted[i] == loaded[i])
          continue;
        std::vector<float> values;
        if (wanted[i])
          values = negate(finder.corrections[i].shifts);
        if (failed((*evaluator)->load(names[i], bytesOf(values))))
          return failure();
        loaded[i] = wanted[i];
      }
      auto quality = (*evaluator)->evaluate(choices, samples);
      if (failed(quality))
        return failure();
      return bySample(*quality);
    };
    return search(problem, measured);
  }

  /// From the better of all and none, one after another.
  static LogicalResult search(const SearchProblem &problem,
                              std::vector<Measured> &measured) {
    Assignment none(measured.size(), 0), all(measured.size(), 1);
    auto without = problem.evaluate(none, problem.samples);
    if (failed(without))
      return failure();
    auto with = problem.evaluate(all, problem.samples);
    if (failed(with))
      return failure();
    auto found = searchMethods(problem, isGain(*with, *without) ? all : none);
    if (failed(found))
      return failure();
    for (auto [outcome, helps, tried] :
         llvm::zip_equal(measured, found->methods, found->tried)) {
      outcome.helps = helps != 0;
      if (auto it = tried.find(0); it != tried.end())
        outcome.beforeDb = it->second;
      if (auto it = tried.find(1); it != tried.end())
        outcome.afterDb = it->second;
    }
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

  LogicalResult subtract(Correction &found, WeightEditor &editor,
                         bool &folded) {
    if (OpOperand *bias = findBias(found)) {
      FailureOr<ArrayRef<float>> old = editor.read(bias->get());
      if (failed(old))
        return failure();
      std::vector<float> values;
      for (auto [value, shift] : llvm::zip(*old, found.shifts))
        values.push_back(static_cast<float>(value - shift));
      editor.replace(*bias, values);
      folded = true;
      return success();
    }
    Operation *op = found.contraction.op;
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    std::vector<float> values = negate(found.shifts);
    addToResult(
        found, builder,
        editor.createConstant(builder, op->getLoc(),
                              found.weight.getId().str() + ".correction",
                              RankedTensorType::get({int64_t(values.size())},
                                                    builder.getF32Type()),
                              values));
    return success();
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createCorrectBiasesPass(const CorrectBiasesOptions &options,
                                std::shared_ptr<PreparationState> state) {
  return std::make_unique<CorrectBiases>(options, std::move(state));
}
