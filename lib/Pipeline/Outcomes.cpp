//===- Outcomes.cpp - what became of each operation -----------------------===//
//
// In: the account and the module after phase 6. Out: for each operation of the
// input, from what carries its id:
//
//   <id>.i32, lowbit.integers     computed on integers
//   lowbit.tables                 in a table
//   <id> with a float type        float, for the reason that it carries
//   lowbit.same                   as the operation that computes it too
//   nothing                       fused into what reads it
//
//===----------------------------------------------------------------------===//
#include "Account.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

StringRef lowbit::resultName(Outcome::Result result) {
  static constexpr StringLiteral kNames[] = {"integer", "table", "fused",
                                             "moved",   "float", "removed"};
  return kNames[result];
}

static bool holdsFloats(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type));
}

/// Floats anywhere: in what it reads, makes or computes in between.
static bool usesFloats(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return llvm::any_of(inner->getOperandTypes(), holdsFloats) ||
                       llvm::any_of(inner->getResultTypes(), holdsFloats)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The table of integers that the operation looks rows up in; indices are
/// wider than its elements.
static Type integerTable(Operation *op) {
  Type element;
  op->walk([&](tensor::ExtractOp extract) {
    if (extract.getType().isInteger(8) || extract.getType().isInteger(16))
      element = extract.getType();
  });
  return element;
}

/// The element types: "i8 x i8 -> i32", "i8 -> i32".
static std::string formatOf(Operation *op) {
  std::string text;
  auto add = [&](Value value) {
    text += (text.empty() ? "" : " x ") +
            printed(getElementTypeOrSelf(value.getType()));
  };
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    // Of elementwise operations not the vectors of scales and biases.
    int64_t rank = linalgOp.getNumReductionLoops() > 0
                       ? -1
                       : int64_t(linalgOp.getNumLoops());
    SmallVector<Value> read, whole;
    for (OpOperand *operand : linalgOp.getDpsInputOperands())
      if (linalgOp.payloadUsesValueFromOperand(operand)) {
        read.push_back(operand->get());
        if (linalgOp.getRank(operand) == rank)
          whole.push_back(operand->get());
      }
    llvm::for_each(whole.empty() ? read : whole, add);
  } else {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        add(operand);
  }
  return text + (text.empty() ? "" : " ") + "-> " +
         printed(getElementTypeOrSelf(op->getResult(0).getType()));
}

/// Why an operation is float that carries no reason.
static std::string defaultReason(const InputOperation &entry,
                                 const Account &account) {
  if (!account.settings.isLowered)
    return "the pipeline ends before phase 6";
  StringRef kind = entry.kind == InputOperation::Contraction ? "contraction"
                   : entry.kind == InputOperation::Reduction ? "reduction"
                   : entry.kind == InputOperation::Movement
                       ? "data movement between float operations"
                   : entry.kind == InputOperation::Conversion
                       ? "conversion"
                       : "elementwise operation";
  if (account.settings.mode == "static" &&
      entry.kind == InputOperation::Elementwise)
    return "another operand, or what reads it, is float; an operation is "
           "integer as a whole or not at all";
  return (kind + ": mode=" + account.settings.mode + " leaves it float").str();
}

namespace {
class OutcomeFinder {
public:
  OutcomeFinder(ModuleOp module, const Account &account) : account(account) {
    module.walk([&](Operation *op) {
      if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
        byId.try_emplace(id.getValue(), op);
      if (auto ids = op->getAttrOfType<ArrayAttr>(LowbitDialect::kSameAttr))
        for (auto id : ids.getAsRange<StringAttr>())
          byId.try_emplace(id.getValue(), op);
      for (auto [attr, map] :
           {std::pair(LowbitDialect::kIntegersAttr, &computed),
            std::pair(LowbitDialect::kTablesAttr, &tabled)})
        if (auto ids = op->getAttrOfType<ArrayAttr>(attr))
          for (auto id : ids.getAsRange<StringAttr>())
            map->try_emplace(id.getValue(), op);
    });
  }

  std::vector<Outcome> findAll() {
    std::vector<std::optional<Outcome>> found;
    for (const InputOperation &entry : account.operations)
      found.push_back(find(entry));
    // What is gone is in a reader, and readers come later.
    std::vector<Outcome> outcomes(found.size());
    homes.assign(found.size(), "");
    for (size_t i = found.size(); i-- > 0;) {
      outcomes[i] = found[i] ? *found[i] : explainGone(i, found);
      homes[i] = homeOf(i, outcomes[i]);
    }
    return outcomes;
  }

private:
  std::optional<Outcome> find(const InputOperation &entry) const {
    Outcome outcome;
    if (!entry.isRead) {
      outcome.result = Outcome::Removed;
      outcome.reason = "no output of the model depends on it";
      return outcome;
    }
    Operation *made = computed.lookup(entry.id);
    for (StringRef suffix : {".i32", ".i8", ".i16"})
      if (Operation *op = byId.lookup((entry.id + suffix).str()))
        return describeInteger(entry, op, made ? made : op);
    if (made)
      return describeInteger(entry, made, made);
    if (Operation *op = tabled.lookup(entry.id)) {
      outcome.result = Outcome::Table;
      outcome.format = formatOf(op);
      outcome.into = lastOf(op);
      return outcome;
    }
    Operation *op = byId.lookup(entry.id);
    if (Type element = op ? integerTable(op) : Type()) {
      outcome.result = Outcome::Integer;
      outcome.format = printed(element) + " table";
      return outcome;
    }
    if (entry.keepsValues) {
      outcome.result = Outcome::Moved;
      return outcome;
    }
    if (!op)
      return std::nullopt;
    if (entry.kind == InputOperation::Conversion || !usesFloats(op))
      return describeInteger(entry, op, op);
    return describeFloat(entry, op);
  }

  /// The last of the operations that `op` computes.
  static std::string lastOf(Operation *op) {
    auto ids = op->getAttrOfType<ArrayAttr>(LowbitDialect::kIntegersAttr);
    return ids && !ids.empty() ? cast<StringAttr>(ids[ids.size() - 1]).str()
                               : "";
  }

  /// `op` makes the integers; what is left to do with them is in `last`.
  Outcome describeInteger(const InputOperation &entry, Operation *op,
                          Operation *last) const {
    // Fused bodies may keep floats in registers, and say why.
    if (op->hasAttr(LowbitDialect::kFloatReasonAttr))
      return describeFloat(entry, op);
    Outcome outcome;
    outcome.result = Outcome::Integer;
    outcome.format = formatOf(op);
    if (std::string id = lastOf(last); id != entry.id)
      outcome.into = id;
    return outcome;
  }

  Outcome describeFloat(const InputOperation &entry, Operation *op) const {
    Outcome outcome;
    outcome.result = Outcome::Float;
    auto given = op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr);
    outcome.reason = given ? given.str() : defaultReason(entry, account);
    outcome.change = findChange(entry, outcome.reason, account);
    return outcome;
  }

  /// Nothing carries its id: it is computed along with its readers or, where it
  /// has none, with what it reads.
  Outcome explainGone(size_t at, ArrayRef<std::optional<Outcome>> found) const {
    const InputOperation &entry = account.operations[at];
    Outcome outcome;
    outcome.result = Outcome::Fused;
    if (entry.isConstant)
      outcome.reason = "computed at compile time: it depends on constants only";
    outcome.into = readerOf(entry);
    if (!outcome.into.empty())
      return outcome;
    for (size_t source : llvm::reverse(entry.sources))
      if (found[source]) {
        outcome.into = account.operations[source].id;
        return outcome;
      }
    if (entry.isConstant)
      return outcome;
    outcome.result = Outcome::Removed;
    outcome.reason = "simplified away";
    return outcome;
  }

  /// Where what is gone, and read by this operation, is computed: in the
  /// operation, or behind it where it moves elements.
  std::string homeOf(size_t at, const Outcome &outcome) const {
    const InputOperation &entry = account.operations[at];
    switch (outcome.result) {
    case Outcome::Removed:
      return "";
    case Outcome::Fused:
      return outcome.into;
    case Outcome::Moved:
      if (std::string behind = readerOf(entry); !behind.empty())
        return behind;
      return entry.id;
    default:
      return entry.id;
    }
  }

  std::string readerOf(const InputOperation &entry) const {
    for (size_t reader : entry.readers)
      if (!homes[reader].empty())
        return homes[reader];
    return "";
  }

  const Account &account;
  llvm::StringMap<Operation *> byId, computed, tabled;
  std::vector<std::string> homes;
};
} // namespace

std::vector<Outcome> lowbit::findOutcomes(ModuleOp module,
                                          const Account &account) {
  return OutcomeFinder(module, account).findAll();
}
