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
#include "MeanErrors.h"
#include "ScaledWeights.h"
#include "Trials.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/TrialModule.h"
#include "lowbit/Prepare/Passes.h"
#include "lowbit/Search/Search.h"

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
                  refusalOf(outcome.beforeDb, outcome.afterDb),
                  outcome.beforeDb, outcome.afterDb);
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
    TrialModule copy(module);
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
    OwningOpRef<ModuleOp> evaluated;
    auto evaluator = startEvaluator(*copy, *state, evaluated);
    if (failed(evaluator))
      return failure();
    ParametersById choices = parametersOf(module);
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
    auto outcomes =
        searchVariants(problem, isGain(*with, *without) ? all : none);
    if (failed(outcomes))
      return failure();
    for (auto [measurement, outcome] : llvm::zip_equal(measured, *outcomes))
      measurement = {outcome.variant != 0, outcome.withoutDb, outcome.withDb};
    return success();
  }

  /// The constant that is added to the result, channel by channel, and that
  /// nothing else is done with.
  static OpOperand *findBias(const Correction &found) {
    SmallVector<OpOperand *> readers;
    for (OpOperand &use : found.contraction.op->getResult(0).getUses())
      if (!isa<tensor::DimOp>(use.getOwner()))
        readers.push_back(&use);
    if (readers.size() != 1)
      return nullptr;
    OpOperand &use = *readers.front();
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
