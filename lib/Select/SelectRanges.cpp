//===- SelectRanges.cpp - formats and parameters --------------------------===//
//
// In: observers; the calibration table where activations are static; a recipe.
// Out: `format` on each observer that is to be quantized, and `scale` and
// `zero_point` where they are known. Operations that the recipe keeps float
// read no observer any more. The arithmetic is rules N2 to N5 of
// docs/numerics.md, sharing is N23. Refused: a recipe with an error, a mode or
// method that is not available, missing statistics, a weight that is not
// finite.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Passes.h"

#include "Candidates.h"
#include "FlatEnds.h"
#include "Rows.h"
#include "WeightGroups.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Select/Constraints.h"
#include "lowbit/Select/Formats.h"
#include "lowbit/Store/NearestName.h"

#include "mlir/IR/Threading.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SELECTRANGES
#include "lowbit/Select/Passes.h.inc"
} // namespace lowbit

/// More than this share of the elements is not clipped without a warning.
static constexpr double kMostClipped = 0.1;
/// A value with less error than this says adds up with others for long.
static constexpr double kEnoughDb = 40;

namespace {
struct SelectRanges : lowbit::impl::SelectRangesBase<SelectRanges> {
  using SelectRangesBase::SelectRangesBase;
  SelectRanges(SelectRangesOptions options,
               std::shared_ptr<CalibrationTable> table,
               std::shared_ptr<SelectionLog> log)
      : SelectRangesBase(std::move(options)), statistics(std::move(table)),
        log(std::move(log)) {}

  /// Before any pass runs: a recipe that cannot be read costs no calibration.
  LogicalResult initialize(MLIRContext *context) override {
    RecipeOptions options{activations, weights, recipeFile,
                          std::vector<std::string>(rules.begin(), rules.end())};
    recipe = Recipe();
    // One error; what else is wrong follows as notes.
    std::optional<InFlightDiagnostic> error;
    bool isGood = readRecipe(
        options, recipe,
        [&](StringRef file, unsigned line, unsigned column,
            const Twine &message) {
          Location loc = UnknownLoc::get(context);
          if (line)
            loc = FileLineColLoc::get(context, file, line, column);
          std::string text =
              (line || file.empty() ? "" : file.str() + ": ") + message.str();
          if (error)
            error->attachNote(loc) << text;
          else
            error.emplace(emitError(loc)) << text;
        });
    return success(isGood);
  }

  void runOnOperation() override {
    if (failed(select()))
      signalPassFailure();
  }

  LogicalResult select() {
    ModuleOp module = getOperation();
    std::string problem = checkMode(mode);
    auto parsed = MethodSpec::parse(method);
    if (!parsed)
      problem = llvm::toString(parsed.takeError());
    if (!problem.empty())
      return module.emitError(problem);
    bool isDynamic = mode == "dynamic";
    if (!log)
      log = std::make_shared<SelectionLog>();
    if (failed(readTable()))
      return failure();
    FailureOr<Selection> selection =
        resolveSettings(module, recipe, *parsed, mode, isWhole);
    if (failed(selection))
      return failure();
    numKept += keepFloats(*selection);
    std::vector<ObservedValue> &values = selection->values;
    if (failed(findSearched(values)))
      return failure();
    ParameterReader reader(module);
    for (ObservedValue &value : values)
      if (!value.isActivation() && value.isQuantized &&
          failed(selectConstant(value, reader)))
        return failure();
    if (isDynamic)
      for (ObservedValue &value : values)
        selectDynamic(value);
    else if (mode != "weight-only" && failed(selectActivations(values)))
      return failure();
    for (ObservedValue &value : values)
      noteSettings(value);
    log->emitWarnings(module);
    return success();
  }

  /// The table of the option, where no pass before made one.
  LogicalResult readTable() {
    if (statistics || tablePath.empty())
      return success();
    auto table = CalibrationTable::read(tablePath);
    if (!table)
      return getOperation().emitError(llvm::toString(table.takeError()));
    statistics = std::make_shared<CalibrationTable>(std::move(*table));
    return success();
  }

  /// Puts what the search found in place of `auto`.
  LogicalResult findSearched(MutableArrayRef<ObservedValue> values) {
    for (ObservedValue &value : values) {
      if (value.settings.method.method != Method::Auto)
        continue;
      auto it = log->found.find(value.id());
      if (it != log->found.end())
        value.settings.method = it->second.method;
      else if (!value.isQuantized)
        value.settings.method = MethodSpec();
      else
        return value.op.emitError("method=auto has no result for '")
               << value.id()
               << "': it is searched with calibration data, whose outputs are "
                  "compared";
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Constants
  //===--------------------------------------------------------------------===//

  LogicalResult selectConstant(ObservedValue &value, ParameterReader &reader) {
    ObserveOp op = value.op;
    FailureOr<ConstantBytes> bytes = reader.read(op.getInput());
    if (failed(bytes))
      return failure();
    ArrayRef<float> elements = bytes->as<float>();
    const float *bad =
        llvm::find_if(elements, [](float x) { return !std::isfinite(x); });
    if (bad != elements.end())
      return op.emitError("the weight '")
             << op.getId() << "' is not finite: element "
             << bad - elements.begin() << " is " << *bad;
    FailureOr<GranularityAttr> granularity = weightGranularity(value);
    if (failed(granularity))
      return failure();
    ArrayRef<int64_t> shape = bytes->type.getShape();
    const Settings &settings = value.settings;
    WeightChoice choice = chooseWeights(elements, shape, *granularity,
                                        settings.method, settings.target());
    // Row 0 of a table is often the padding token; a dead row costs nothing.
    if (choice.dead > 0 && op.getRole() == "weight")
      log->warn(op.getId(), SelectionLog::DeadChannels,
                double(choice.dead) / double(choice.params.size()),
                llvm::formatv("{0} of {1}", choice.dead, choice.params.size()));
    numDead += choice.dead;
    setParameters(op, formatFor(op.getContext(), settings, *granularity),
                  choice.params);
    ++numStatic;
    llvm::json::Object &note = log->value(op.getId());
    note["range"] = toJson(choice.min, choice.max);
    note["objective"] = choice.objective;
    note["sqnr_db"] = choice.sqnrDb;
    note["clipped"] = choice.clippedShare;
    if (settings.granularity.kind == GranularityChoice::Channel &&
        granularity->isPerTensor())
      note["note"] = "no single dimension is that of the output channels: one "
                     "scale for the tensor";
    if (log->wantsCandidates)
      note["candidates"] =
          weightCandidates(elements, shape, *granularity, settings);
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Activations
  //===--------------------------------------------------------------------===//

  void selectDynamic(ObservedValue &value) {
    if (!value.op.isActivation() || !value.isQuantized)
      return;
    GranularityAttr granularity = GranularityAttr::get(&getContext());
    std::string why;
    if (value.settings.granularity.kind == GranularityChoice::Row)
      granularity = rowGranularity(value, why);
    if (!why.empty()) {
      log->value(value.op.getId())["note"] = why;
      value.op.emitRemark("granularity=row (")
          << value.settings.rule << "): " << why;
    }
    value.op.setFormat(formatFor(&getContext(), value.settings, granularity));
    ++numDynamic;
  }

  /// The statistics of a value, which another observer of it may have; null
  /// without.
  const ValueStatistics *statisticsOf(ObserveOp op) const {
    if (!statistics)
      return nullptr;
    for (Operation *user : op.getInput().getUsers()) {
      auto observer = dyn_cast<ObserveOp>(user);
      if (!observer || (op.isActivation() && observer != op))
        continue;
      auto it = statistics->values.find(observer.getId().str());
      if (it != statistics->values.end() && !it->second.empty())
        return &it->second;
    }
    return nullptr;
  }

  /// A range that goes on where the table that reads it is flat wastes steps.
  void endWhereFlat(MutableArrayRef<ObservedValue> values,
                    MutableArrayRef<SharingCandidate> candidates) {
    for (auto [value, candidate] : llvm::zip_equal(values, candidates)) {
      if (!value.op.isBorder() || value.op.getWide() || !value.isQuantized ||
          !candidate.statistics)
        continue;
      RangeChoice &own = candidate.own;
      auto ends = findFlatEnds(value.op, own.min, own.max);
      if (!ends || (ends->first == own.min && ends->second == own.max))
        continue;
      std::string note = own.note;
      own = measureRange(*candidate.statistics, ends->first, ends->second,
                         value.settings.target());
      own.note = note;
      log->value(value.op.getId())["note"] =
          "the range ends where what reads the value is flat";
    }
  }

  /// Wide values have 16 bits; 8 where their error is far below the value.
  void narrowWideValues(MutableArrayRef<ObservedValue> values,
                        MutableArrayRef<SharingCandidate> candidates) {
    // Where contractions ask for more than 8 bits, so do other operations.
    if (llvm::any_of(values, [](ObservedValue &value) {
          return value.op.isActivation() && value.isQuantized &&
                 value.settings.format.width > 8;
        }))
      return;
    for (auto [value, candidate] : llvm::zip_equal(values, candidates)) {
      if (!value.op.getWide() || !value.isQuantized ||
          !value.settings.rule.empty() || !candidate.statistics)
        continue;
      Settings narrow;
      RangeChoice choice =
          chooseRange(*candidate.statistics, candidate.method, narrow.target());
      if (choice.sqnrDb < kEnoughDb)
        continue;
      value.settings = narrow;
      candidate.own = choice;
      // What is quantized for contractions serves all readers.
      for (ObservedValue &other : values)
        if (other.op.isActivation() && other.isQuantized &&
            other.op.getInput() == value.op.getInput() &&
            other.settings.format.width == narrow.format.width) {
          value.op.getOutput().replaceAllUsesWith(other.op.getOutput());
          value.isQuantized = false;
          value.reason = "read as '" + other.id() + "'";
        }
    }
  }

  LogicalResult selectActivations(MutableArrayRef<ObservedValue> values) {
    std::vector<SharingCandidate> candidates(values.size());
    for (auto [value, candidate] : llvm::zip_equal(values, candidates)) {
      if (!value.isActivation())
        continue;
      candidate.statistics = statisticsOf(value.op);
      candidate.method = value.settings.method;
      if (!candidate.statistics && value.isRead() && value.isQuantized &&
          failed(selectWithoutStatistics(value)))
        return failure();
    }
    mlir::parallelFor(&getContext(), 0, values.size(), [&](size_t i) {
      if (candidates[i].statistics)
        candidates[i].own =
            chooseRange(*candidates[i].statistics, candidates[i].method,
                        values[i].settings.target());
    });
    narrowWideValues(values, candidates);
    endWhereFlat(values, candidates);
    for (auto [value, candidate] : llvm::zip_equal(values, candidates))
      if (candidate.statistics && value.isQuantized &&
          !candidate.own.note.empty())
        log->warn(value.op.getId(), SelectionLog::AnotherMethod, 0,
                  candidate.method.text() + ": " + candidate.own.note);
    std::vector<SharingCandidate> sharing = candidates;
    for (auto [value, candidate] : llvm::zip_equal(values, sharing))
      if (!value.isQuantized || !value.isRead() || value.op.getWide())
        candidate.statistics = nullptr;
    Sharing shared = solveSharing(getOperation(), values, sharing);
    noteSharing(shared, values, candidates);
    for (SharedGroup &group : shared.groups)
      for (size_t i : group.members) {
        ValueStatistics const &seen = *candidates[i].statistics;
        candidates[i].method = group.method;
        candidates[i].own = measureRange(seen, group.choice.min,
                                         group.choice.max, group.target);
      }
    numShared += shared.groups.size();
    numRescaled += shared.cuts.size();
    for (auto [value, candidate] : llvm::zip_equal(values, candidates))
      if (candidate.statistics)
        applyChoice(value, candidate);
    if (log->wantsCandidates)
      noteCandidates(values, candidates);
    return success();
  }

  void applyChoice(ObservedValue &value, const SharingCandidate &candidate) {
    ObserveOp op = value.op;
    const ValueStatistics &seen = *candidate.statistics;
    warnOf(op.getId(), seen, *log);
    llvm::json::Object &note = log->value(op.getId());
    for (auto &[key, field] : toJson(candidate.method, candidate.own))
      note[key] = std::move(field);
    note["samples"] = int64_t(seen.samples);
    note["count"] = int64_t(seen.count);
    if (!value.isQuantized)
      return;
    if (candidate.own.clippedShare > kMostClipped && !value.op.isBorder())
      log->warn(
          op.getId(), SelectionLog::Clipped, candidate.own.clippedShare,
          llvm::formatv("{0:f1} % clipped", 100 * candidate.own.clippedShare));
    numDead += candidate.own.chosen.floored;
    setParameters(op,
                  formatFor(op.getContext(), value.settings,
                            GranularityAttr::get(op.getContext())),
                  candidate.own.chosen.params);
    ++numStatic;
  }

  /// From an imported range, or from `min` and `max` of the observer.
  LogicalResult selectWithoutStatistics(ObservedValue &value) {
    ObserveOp op = value.op;
    const Settings &settings = value.settings;
    float min, max;
    llvm::json::Object &note = log->value(op.getId());
    auto imported =
        statistics ? statistics->ranges.find(value.id()) : RangeIterator();
    if (statistics && imported != statistics->ranges.end()) {
      min = imported->second.min;
      max = imported->second.max;
      note["method"] = "imported (" + statistics->source + ")";
      if (settings.method.method != Method::MinMax)
        log->warn(op.getId(), SelectionLog::RangeAlone, 0,
                  settings.method.text() + ": the range of " +
                      statistics->source);
      unsigned bits = imported->second.bits;
      if (bits && bits != settings.format.width) {
        note["note"] =
            llvm::formatv("the range was chosen for {0} bits", bits).str();
        log->warn(
            op.getId(), SelectionLog::OtherBits,
            std::abs(int(bits) - int(settings.format.width)),
            llvm::formatv("{0} bits for {1}", bits, settings.format.width));
      }
    } else if (op.isBorder() && op.getMinAttr()) {
      min = op.getMin()->convertToFloat();
      max = op.getMax()->convertToFloat();
      if (auto ends = op.getWide() ? std::nullopt : findFlatEnds(op, min, max))
        std::tie(min, max) = *ends;
    } else if (statistics && statistics->values.count(value.id())) {
      return op.emitError("the value '")
             << op.getId() << "' was never computed on the calibration data";
    } else if (statistics &&
               !(statistics->values.empty() && statistics->ranges.empty())) {
      return op.emitError("the calibration table has no value '")
             << op.getId() << "'" << suggestNames(op.getId(), tableNames());
    } else if (!op.getMinAttr()) {
      return op.emitError("the value '")
             << op.getId()
             << "' has no statistics, which mode=static needs; calibrate first";
    } else if (settings.method.method != Method::MinMax) {
      return op.emitError("the value '")
             << op.getId() << "' has only its least and greatest value; method="
             << settings.method.text() << " needs a calibration table";
    } else {
      min = op.getMin()->convertToFloat();
      max = op.getMax()->convertToFloat();
    }
    if (!std::isfinite(min) || !std::isfinite(max))
      return op.emitError("the value '")
             << op.getId() << "' has a range that is not finite (" << min
             << " to " << max << ")";
    if (min > max)
      return op.emitError("the value '")
             << op.getId() << "' has a range whose ends are not in order ("
             << min << " to " << max << ")";
    Target target = settings.target();
    float most = std::max(std::fabs(min), std::fabs(max));
    bool isSymmetric = target.symmetry == Symmetry::Symmetric;
    float low = isSymmetric ? -most : std::min(min, 0.0f);
    float high = isSymmetric ? most : std::max(max, 0.0f);
    if ((min > 0 || max < 0) && !op.isBorder())
      log->warn(op.getId(), SelectionLog::WithoutZero, std::max(min, -max),
                textOf(min, max) + " became " + textOf(low, high));
    ChosenParams chosen = isSymmetric
                              ? chooseSymmetric(most, target.range)
                              : chooseAsymmetric(min, max, target.range);
    if (chosen.floored)
      log->warn(op.getId(), SelectionLog::DeadValue, 1, "no range");
    numDead += chosen.floored;
    setParameters(op,
                  formatFor(op.getContext(), settings,
                            GranularityAttr::get(op.getContext())),
                  chosen.params);
    note["range"] = toJson(low, high);
    ++numStatic;
    return success();
  }

  static std::string textOf(float min, float max) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%g to %g", min, max);
    return text;
  }

  using RangeIterator = std::map<std::string, ImportedRange>::iterator;

  std::vector<std::string> tableNames() const {
    std::vector<std::string> names;
    for (const auto &entry : statistics->values)
      names.push_back(entry.first);
    for (const auto &entry : statistics->ranges)
      names.push_back(entry.first);
    return names;
  }

  //===--------------------------------------------------------------------===//
  // Notes
  //===--------------------------------------------------------------------===//

  void noteSettings(ObservedValue &value) {
    llvm::json::Object &note = log->value(value.op.getId());
    note.try_emplace("method", value.settings.method.text());
    if (!value.settings.rule.empty())
      note["rule"] = value.settings.rule;
    if (!value.reason.empty())
      note["reason"] = value.reason;
    if (auto it = log->found.find(value.id()); it != log->found.end())
      noteFound(it->second, note);
    if (value.isQuantized)
      note["granularity"] = value.settings.granularity.text();
  }

  /// What the search measured.
  static void noteFound(const SelectionLog::Found &found,
                        llvm::json::Object &note) {
    if (!found.reason.empty())
      note["reason"] = found.reason;
    if (llvm::json::Array *candidates = note.getArray("candidates"))
      for (llvm::json::Value &entry : *candidates)
        if (llvm::json::Object *candidate = entry.getAsObject())
          if (auto method = candidate->getString("method"))
            if (auto db = found.outputDb.find(method->str());
                db != found.outputDb.end())
              (*candidate)["output_sqnr_db"] = db->second;
  }

  void noteCandidates(ArrayRef<ObservedValue> values,
                      ArrayRef<SharingCandidate> candidates) {
    std::vector<llvm::json::Array> lists(values.size());
    mlir::parallelFor(&getContext(), 0, values.size(), [&](size_t i) {
      if (candidates[i].statistics)
        lists[i] =
            activationCandidates(*candidates[i].statistics, values[i].settings);
    });
    for (auto [i, value] : llvm::enumerate(values))
      if (candidates[i].statistics)
        log->value(ObserveOp(value.op).getId())["candidates"] =
            std::move(lists[i]);
  }

  void noteSharing(const Sharing &shared, MutableArrayRef<ObservedValue> values,
                   ArrayRef<SharingCandidate> candidates) {
    auto idsOf = [&](ArrayRef<size_t> members) {
      std::vector<std::string> ids;
      for (size_t i : members)
        ids.push_back(values[i].id());
      llvm::sort(ids);
      return llvm::json::Array(ids);
    };
    for (const SharedGroup &group : shared.groups) {
      double most = *llvm::max_element(group.lossDb);
      log->constraints.push_back(llvm::json::Object{
          {"values", idsOf(group.members)},
          {"shared", toJson(group.method, group.choice)},
          {"reason",
           llvm::formatv("their integers are moved or selected, not computed "
                         "with; costs {0:f2} dB at the most",
                         std::max(most, 0.0))
               .str()}});
      for (size_t i : group.members) {
        SmallVector<size_t> others(llvm::make_filter_range(
            group.members, [&](size_t j) { return j != i; }));
        log->value(values[i].id())["shared_with"] = idsOf(others);
      }
    }
    for (const Sharing::Cut &cut : shared.cuts) {
      llvm::json::Array places;
      for (const Rescale &rescale : cut.rescales)
        places.push_back(
            llvm::json::Object{{"before", nameOf(rescale.op)},
                               {"op", rescale.op->getName().getStringRef()},
                               {"operand", int64_t(rescale.operand)},
                               {"elements", rescale.elements}});
      SmallVector<size_t> all(cut.side);
      all.append(cut.otherSide);
      log->constraints.push_back(
          llvm::json::Object{{"values", idsOf(all)},
                             {"apart", idsOf(cut.side)},
                             {"rescaled_at", std::move(places)},
                             {"reason", cut.reason}});
    }
  }

  /// An operation by its result; one without, such as the end of a loop's body,
  /// by that of the operation around it.
  static std::string nameOf(Operation *op) {
    while (op->getNumResults() == 0 && op->getParentOp())
      op = op->getParentOp();
    return op->getNumResults() ? valueName(op->getResult(0)) : "";
  }

  Recipe recipe;
  std::shared_ptr<CalibrationTable> statistics;
  std::shared_ptr<SelectionLog> log;
};
} // namespace

RecipeOptions lowbit::recipeOptionsOf(const SelectRangesOptions &options) {
  return {options.activations, options.weights, options.recipeFile,
          std::vector<std::string>(options.rules.begin(), options.rules.end())};
}

std::unique_ptr<Pass>
lowbit::createSelectRangesPass(SelectRangesOptions options,
                               std::shared_ptr<CalibrationTable> table,
                               std::shared_ptr<SelectionLog> log) {
  return std::make_unique<SelectRanges>(std::move(options), std::move(table),
                                        std::move(log));
}
