//===- Settings.cpp - how each observed value is to be quantized ----------===//
//
// In: observers and rules. Out: settings; a warning for each rule that matches
// nothing, or whose choices fit nothing that it matches. Nothing is refused.
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
#include "llvm/ADT/StringSet.h"

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
  RuleApplication(const Rule &rule, StringRef mode)
      : rule(rule), isDynamic(mode == "dynamic"),
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
        value.reason = *rule.keepFloat ? keptReason(rule.describe()) : "";
      }
    }
    if (!isMatched)
      return;
    ++numMatched;
    if (rule.keepFloat)
      numFitting[3] = true;
    if (isWeightOnly && value.isActivation())
      return;
    ++numChosen;
    choose(value);
  }

  static std::string keptReason(StringRef rule) {
    return (kKeptFloat + rule).str();
  }

  /// What is to be said of a rule that did nothing; empty where it did.
  std::string complaint(ArrayRef<std::string> names,
                        ArrayRef<std::string> kinds) const {
    if (numMatched == 0)
      return "the rule '" + rule.text + "' matches nothing" +
             hint(names, kinds);
    std::string unfit;
    if (numChosen == 0)
      unfit = rule.keepFloat ? ""
                             : "a format: mode=weight-only leaves activations "
                               "float";
    else if (rule.granularity && !numFitting[0])
      unfit = "granularity=" + rule.granularity->text() +
              ": activations have one scale a tensor or, in mode=dynamic, a "
              "row; tables one for each row (channel) or one";
    else if (rule.method && !numFitting[1])
      unfit = "method=" + rule.method->text() +
              (isDynamic ? ": weights and tables take minmax, percentile or "
                           "mse, and ranges of a run are its least and "
                           "greatest value"
                         : ": weights and tables take minmax, percentile or "
                           "mse");
    else if (rule.zero && !numFitting[2])
      unfit = "its symmetry: ranges of a run are asymmetric";
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
      isChanged = true;
    }
    if (rule.granularity && fitsGranularity(value)) {
      settings.granularity = *rule.granularity;
      isChanged = numFitting[0] = true;
    }
    if (rule.method && fitsMethod(isActivation)) {
      settings.method = *rule.method;
      isChanged = numFitting[1] = true;
    }
    if (rule.zero &&
        (!isActivation || !isDynamic || *rule.zero == ZeroPlace::Asymmetric)) {
      settings.zero = *rule.zero;
      isChanged = numFitting[2] = true;
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
  bool isDynamic, isWeightOnly;
  /// Values that match, and those of them that have a format to choose.
  unsigned numMatched = 0, numChosen = 0;
  /// Granularity, method, symmetry, keep: whether a value took it.
  bool numFitting[4] = {false, false, false, false};
};
} // namespace

static Location locationOf(const Rule &rule, ModuleOp module) {
  if (rule.line == 0)
    return module.getLoc();
  return FileLineColLoc::get(module.getContext(), rule.source, rule.line, 1);
}

std::vector<ObservedValue> lowbit::resolveSettings(ModuleOp module,
                                                   const Recipe &recipe,
                                                   const MethodSpec &method,
                                                   StringRef mode) {
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
  // For suggestions, without repetitions.
  llvm::StringSet<> names, kinds;
  for (ObservedValue &value : values) {
    names.insert(value.op.getId());
    for (Reader &reader : value.readers) {
      names.insert(reader.id);
      kinds.insert(reader.kind);
    }
  }
  auto sorted = [](const llvm::StringSet<> &set) {
    std::vector<std::string> list;
    for (const auto &entry : set)
      list.push_back(entry.getKey().str());
    llvm::sort(list);
    return list;
  };
  std::vector<std::string> nameList = sorted(names), kindList = sorted(kinds);
  for (const Rule &rule : recipe.rules()) {
    RuleApplication application(rule, mode);
    for (ObservedValue &value : values)
      application.apply(value);
    std::string complaint = application.complaint(nameList, kindList);
    if (!complaint.empty())
      emitWarning(locationOf(rule, module)) << complaint;
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Operations that stay float
//===----------------------------------------------------------------------===//

/// Lets `reader` read the value itself, by way of its own copy of the data
/// movement.
static void bypass(ObserveOp observer, const Reader &reader,
                   llvm::MapVector<Operation *, Operation *> &copies) {
  Value source = observer.getInput();
  for (Operation *move : reader.moves) {
    Operation *&copy = copies[move];
    if (!copy) {
      OpBuilder builder(move);
      copy = builder.clone(*move);
      copy->setOperand(movedOperand(move)->getOperandNumber(), source);
      copy->removeAttr(LowbitDialect::kIdAttr);
    }
    source = copy->getResult(0);
  }
  reader.operand->set(source);
}

unsigned lowbit::keepFloats(MutableArrayRef<ObservedValue> values) {
  llvm::MapVector<Operation *, std::string> kept;
  for (ObservedValue &value : values)
    for (Reader &reader : value.readers)
      if (!reader.keptBy.empty())
        kept.insert({reader.op, reader.keptBy});
  unsigned count = 0;
  for (auto &[op, rule] : kept) {
    std::string reason = RuleApplication::keptReason(rule);
    op->setAttr(LowbitDialect::kFloatReasonAttr,
                StringAttr::get(op->getContext(), reason));
    op->emitRemark("stays float: ") << reason;
    count += isFloatContraction(op);
  }
  for (ObservedValue &value : values) {
    auto isKept = [&](const Reader &reader) { return kept.count(reader.op); };
    if (value.readers.empty() || llvm::none_of(value.readers, isKept))
      continue;
    if (llvm::all_of(value.readers, isKept)) {
      value.isQuantized = false;
      const Reader &first = value.readers.front();
      value.reason =
          first.keptBy.empty()
              ? "read only by operations that stay float: " + first.id +
                    " is " + RuleApplication::keptReason(kept[first.op])
              : RuleApplication::keptReason(first.keptBy);
      continue;
    }
    llvm::MapVector<Operation *, Operation *> copies;
    SmallVector<Reader> left;
    for (Reader &reader : value.readers) {
      if (isKept(reader))
        bypass(value.op, reader, copies);
      else
        left.push_back(std::move(reader));
    }
    // Movement that only they read goes; its copy is the value now.
    for (auto &[move, copy] : llvm::reverse(copies)) {
      if (!move->use_empty())
        continue;
      if (Attribute id = move->getAttr(LowbitDialect::kIdAttr))
        copy->setAttr(LowbitDialect::kIdAttr, id);
      move->erase();
    }
    value.readers = std::move(left);
  }
  return count;
}
