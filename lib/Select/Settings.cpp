//===- Settings.cpp - how each observed value is to be quantized ----------===//
//
// In: observers and rules. Out: settings; a warning for each rule whose choices
// fit nothing that it matches. Refused: rules that name nothing.
//
// Defaults: activations i8, asymmetric, a scale a tensor; weights and tables
// i8, narrow, a scale for each index of the observer's axis, minmax.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Settings.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Store/NearestName.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using namespace mlir;
using namespace lowbit;

Target Settings::target() const {
  Target target;
  target.range =
      rangeForWidth(format.width, format.isSigned, zero == ZeroPlace::Narrow);
  target.symmetry = zero == ZeroPlace::Asymmetric ? Symmetry::Asymmetric
                                                  : Symmetry::Symmetric;
  return target;
}

std::string lowbit::checkMode(StringRef mode) {
  const SmallVector<StringRef> available = {"static", "dynamic", "weight-only",
                                            "integer-only"};
  if (llvm::is_contained(available, mode))
    return "";
  return "unknown mode '" + mode.str() +
         "'; available: " + llvm::join(available, ", ");
}

//===----------------------------------------------------------------------===//
// Readers
//===----------------------------------------------------------------------===//

/// Elementwise generics and reductions have no name of their own.
static std::string kindOf(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return generic.getNumReductionLoops() > 0 ? "reduction" : "elementwise";
  return op->getName().stripDialect().str();
}

static void collectReaders(Value value, SmallVector<Operation *> &moves,
                           SmallVectorImpl<Reader> &readers, bool isBorder) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isFloatContraction(user) && use.getOperandNumber() < 2) {
      readers.push_back({user, &use, moves,
                         user->getName().stripDialect().str(),
                         valueName(user->getResult(0)), ""});
    } else if (isa<tensor::ExtractOp>(user) &&
               isa<linalg::GenericOp>(user->getParentOp())) {
      Operation *generic = user->getParentOp();
      readers.push_back({generic, &use, moves, "look-up",
                         valueName(generic->getResult(0)), ""});
    } else if (movedOperand(user) == &use) {
      moves.push_back(user);
      collectReaders(user->getResult(0), moves, readers, isBorder);
      moves.pop_back();
    } else if (isBorder && user->getNumResults() == 1 &&
               isa<RankedTensorType>(user->getResult(0).getType())) {
      readers.push_back(
          {user, &use, moves, kindOf(user), valueName(user->getResult(0)), ""});
    }
  }
}

SmallVector<Reader> lowbit::findReaders(ObserveOp op) {
  SmallVector<Reader> readers;
  SmallVector<Operation *> moves;
  collectReaders(op.getOutput(), moves, readers, op.isBorder());
  // Uses are listed from the last to the first.
  std::reverse(readers.begin(), readers.end());
  return readers;
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

/// Of 16 bits the extremes are a good choice of any method.
static Settings wideSettings() {
  Settings settings;
  settings.format.width = 16;
  settings.zero = ZeroPlace::Symmetric;
  return settings;
}

static Settings defaultSettings(ObservedValue &value, const MethodSpec &method,
                                bool isDynamic) {
  Settings settings;
  if (value.isActivation()) {
    settings.method = isDynamic ? MethodSpec{} : method;
    if (value.op.getWide())
      settings = wideSettings();
    return settings;
  }
  settings.granularity.kind = GranularityChoice::Channel;
  settings.zero = ZeroPlace::Narrow;
  if (method.method == Method::Auto)
    settings.method = method;
  return settings;
}

/// Whether the rule matches the value as `reader` reads it; null for a value
/// that nothing reads.
static bool matches(const Rule &rule, ObservedValue &value,
                    const Reader *reader) {
  // Narrow borders are as activations, where no rule is for them.
  bool isLike =
      rule.role == "activation" && value.op.isBorder() && !value.op.getWide();
  if (!rule.role.empty() && rule.role != value.op.getRole() && !isLike)
    return false;
  if (!rule.op.empty() && (!reader || rule.op != reader->kind))
    return false;
  return !rule.name || rule.name->match(value.op.getId()) ||
         (reader && rule.name->match(reader->id));
}

namespace {
/// Applies one rule to all values and remembers what came of it.
class RuleApplication {
public:
  RuleApplication(const Rule &rule, MLIRContext *context, StringRef mode)
      : rule(rule), context(context), isDynamic(mode == "dynamic"),
        isWeightOnly(mode == "weight-only") {}

  void apply(ObservedValue &value) {
    bool isMatched = false;
    for (Reader &reader : value.readers) {
      if (!matches(rule, value, &reader))
        continue;
      isMatched = true;
      if (rule.keepFloat)
        reader.keptBy = *rule.keepFloat ? rule.describe() : "";
    }
    if (value.readers.empty() && matches(rule, value, nullptr)) {
      isMatched = true;
      if (rule.keepFloat && value.op.getRole() != "value") {
        value.isQuantized = !*rule.keepFloat;
        value.reason =
            *rule.keepFloat ? (kKeptFloat + rule.describe()).str() : "";
      }
    }
    if (!isMatched)
      return;
    ++numMatched;
    if (isWeightOnly && value.isActivation())
      return;
    ++numChosen;
    choose(value);
  }

  /// Of an operation that no observed value reaches directly only `keep` can be
  /// said.
  void apply(OtherOperation &other) {
    if (!rule.role.empty() || (!rule.op.empty() && rule.op != other.kind) ||
        (rule.name && !rule.name->match(other.id)))
      return;
    if (!rule.keepFloat) {
      isElsewhere = true;
      return;
    }
    ++numMatched;
    ++numChosen;
    other.keptBy = *rule.keepFloat ? rule.describe() : "";
  }

  /// Why a rule that names nothing is refused; empty where it is not.
  std::string problem(ArrayRef<std::string> names,
                      ArrayRef<std::string> kinds) const {
    if (numMatched > 0 || !(rule.name || !isKind(rule.op)))
      return "";
    std::string text = "the rule '" + rule.text + "' matches nothing";
    if (isElsewhere)
      return text + ": what it names computes with values that have no format "
                    "of their own; keep=float is all that can be said of it";
    std::string hints = hint(names, kinds);
    return text + (hints.empty() ? "; mend or remove it (the names are in what "
                                   "explain=FILE writes of a run without it)"
                                 : hints);
  }

  /// What is to be said of a rule that did nothing; empty where it did.
  std::string complaint(ArrayRef<std::string> names,
                        ArrayRef<std::string> kinds) const {
    if (numMatched == 0)
      return "the rule '" + rule.text + "' matches nothing in this model" +
             hint(names, kinds);
    std::string unfit;
    if (numChosen == 0)
      unfit = rule.keepFloat ? ""
                             : "a format: mode=weight-only leaves activations "
                               "float";
    else if (rule.granularity && !fits.granularity)
      unfit = "granularity=" + rule.granularity->text() +
              ": activations have one scale a tensor or, in mode=dynamic, a "
              "row; tables one for each row (channel) or one";
    else if (rule.method && !fits.method)
      unfit = "method=" + rule.method->text() +
              (isDynamic ? ": weights and tables take minmax, percentile or "
                           "mse, and ranges of a run are its least and "
                           "greatest value"
                         : ": weights and tables take minmax, percentile or "
                           "mse");
    else if (rule.zero && !fits.symmetry)
      unfit = "its symmetry: ranges of a run are asymmetric";
    else if (rule.format && !fits.format)
      unfit = "format=" + rule.format->text() +
              ": between operations values have 8 bits or more, unless a rule "
              "says role=border";
    if (unfit.empty())
      return "";
    return "the rule '" + rule.text + "' matches " +
           std::to_string(numMatched) +
           (numMatched == 1 ? " value" : " values") +
           ", none of which can take " + unfit;
  }

private:
  void choose(ObservedValue &value) {
    Settings &settings = value.settings;
    bool isActivation = value.isActivation(), isChanged = false;
    // What choices for contractions say of other operations' operands: not
    // fewer bits than those need.
    bool isAside = value.op.isBorder() && rule.role != "border";
    if (isAside && value.op.getWide())
      return;
    if (rule.format && !(isAside && rule.format->width < 8)) {
      settings.format = *rule.format;
      isChanged = fits.format = true;
    }
    if (rule.granularity && fitsGranularity(value)) {
      settings.granularity = *rule.granularity;
      isChanged = fits.granularity = true;
    }
    if (rule.method && fitsMethod(isActivation)) {
      settings.method = *rule.method;
      isChanged = fits.method = true;
    }
    if (rule.zero &&
        (!isActivation || !isDynamic || *rule.zero == ZeroPlace::Asymmetric)) {
      settings.zero = *rule.zero;
      isChanged = fits.symmetry = true;
    }
    if (isChanged)
      settings.rule = rule.describe();
  }

  bool fitsGranularity(ObservedValue &value) const {
    switch (rule.granularity->kind) {
    case GranularityChoice::Tensor:
      return true;
    case GranularityChoice::Channel:
      return !value.isActivation();
    case GranularityChoice::Group:
      return value.op.getRole() == "weight";
    case GranularityChoice::Row:
      return isDynamic && value.op.isActivation();
    }
    llvm_unreachable("all kinds are listed");
  }

  bool fitsMethod(bool isActivation) const {
    Method method = rule.method->method;
    if (isActivation)
      return !isDynamic || method == Method::MinMax;
    return method == Method::Auto || isWeightMethod(method);
  }

  /// Whether operations of that kind could be in a model.
  bool isKind(StringRef kind) const {
    auto isOf = [&](StringRef dialect) {
      return RegisteredOperationName::lookup((dialect + "." + kind).str(),
                                             context)
          .has_value();
    };
    return kind.empty() || kind == "elementwise" || kind == "reduction" ||
           kind == "look-up" || isOf("linalg") || isOf("tensor") ||
           isOf("lowbit");
  }

  /// The names that a pattern without operators may have meant, or the kinds.
  std::string hint(ArrayRef<std::string> names,
                   ArrayRef<std::string> kinds) const {
    if (!rule.op.empty() && !llvm::is_contained(kinds, rule.op))
      return ": no operation of the kind '" + rule.op +
             "' reads an observed value" +
             suggestNames(rule.op, kinds, "the kinds are");
    if (!rule.name)
      return "";
    StringRef literal = rule.namePattern;
    literal.consume_front("^");
    literal.consume_back("$");
    if (literal.find_first_of("\\*+?[](){}|^$") != StringRef::npos)
      return "";
    if (nearestNames(literal, names).empty())
      return "";
    return suggestNames(literal, names);
  }

  const Rule &rule;
  MLIRContext *context;
  bool isDynamic, isWeightOnly;
  /// Values and operations that match, and those that have something to choose.
  unsigned numMatched = 0, numChosen = 0;
  /// It matches operations, of which nothing but `keep` can be said.
  bool isElsewhere = false;
  /// Which of the rule's choices a value took.
  struct {
    bool format = false, granularity = false, method = false, symmetry = false;
  } fits;
};
} // namespace

static Location locationOf(const Rule &rule, ModuleOp module) {
  if (rule.line == 0)
    return module.getLoc();
  return FileLineColLoc::get(module.getContext(), rule.source, rule.line, 1);
}

static std::vector<ObservedValue>
collectValues(ModuleOp module, const MethodSpec &method, StringRef mode) {
  std::vector<ObservedValue> values;
  module.walk([&](ObserveOp op) {
    ObservedValue value{op, findReaders(op), {}, true, ""};
    value.settings = defaultSettings(value, method, mode == "dynamic");
    if (mode == "weight-only" && op.isActivation()) {
      value.isQuantized = false;
      value.reason = "mode=weight-only leaves activations float";
    }
    if (op.getRole() == "value") {
      value.isQuantized = false;
      value.reason = "nothing reads it quantized in this version";
    }
    values.push_back(std::move(value));
  });
  return values;
}

/// Elementwise operations, reductions and pooling that read none of `values`.
static std::vector<OtherOperation>
collectOthers(ModuleOp module, ArrayRef<ObservedValue> values) {
  llvm::DenseSet<Operation *> readers;
  for (const ObservedValue &value : values)
    for (const Reader &reader : value.readers)
      readers.insert(reader.op);
  std::vector<OtherOperation> others;
  module.walk([&](linalg::LinalgOp op) {
    auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
    if (id && op->getNumResults() == 1 && isF32Tensor(op->getResult(0)) &&
        !isa<linalg::FillOp>(op) && !readers.contains(op))
      others.push_back({op, kindOf(op), id.str(), ""});
  });
  return others;
}

namespace {
/// For suggestions, in order and without repetitions.
struct Words {
  std::set<std::string> names, kinds;

  explicit Words(Selection &selection) {
    for (ObservedValue &value : selection.values) {
      names.insert(value.id());
      for (const Reader &reader : value.readers) {
        names.insert(reader.id);
        kinds.insert(reader.kind);
      }
    }
    for (const OtherOperation &other : selection.others)
      names.insert(other.id);
  }
};
} // namespace

FailureOr<Selection> lowbit::resolveSettings(ModuleOp module,
                                             const Recipe &recipe,
                                             const MethodSpec &method,
                                             StringRef mode, bool isWhole) {
  Selection selection;
  selection.values = collectValues(module, method, mode);
  selection.others = collectOthers(module, selection.values);
  Words words(selection);
  std::vector<std::string> names(words.names.begin(), words.names.end()),
      kinds(words.kinds.begin(), words.kinds.end());
  // One error; other rules follow as notes.
  std::optional<InFlightDiagnostic> error;
  for (const Rule &rule : recipe.rules()) {
    RuleApplication application(rule, module.getContext(), mode);
    for (ObservedValue &value : selection.values)
      application.apply(value);
    for (OtherOperation &other : selection.others)
      application.apply(other);
    std::string problem =
        isWhole ? application.problem(names, kinds) : std::string();
    if (problem.empty()) {
      std::string complaint = application.complaint(names, kinds);
      if (!complaint.empty())
        emitWarning(locationOf(rule, module)) << complaint;
    } else if (error) {
      error->attachNote(locationOf(rule, module)) << problem;
    } else {
      error.emplace(emitError(locationOf(rule, module)) << problem);
    }
  }
  if (error)
    return failure();
  return selection;
}
