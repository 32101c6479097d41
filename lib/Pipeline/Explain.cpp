//===- Explain.cpp - the account of every operation -----------------------===//
//
// In: the module after phases 1, 3 and the last. Out: a JSON object with
// `operations` (name, op, location, result, format, into, reason), `values`
// (name, role, format, range, method, parameters and what the log of the
// selection has), `constraints`, `preparations` and `held_out`. An operation is
// found again by its id.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Pipeline/Explain.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/Reductions.h"
#include "lowbit/Store/AtomicFile.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace lowbit;

/// The most scales or zero points of a value that are listed; of more, how many
/// of the first, and at most how many evenly over all.
static constexpr size_t kMostListed = 1024, kFirstOfMany = 8,
                        kMostSampled = 512;

namespace lowbit {
struct Account {
  struct Operation {
    std::string name, op, location;
    bool isMovement;
    /// Why it is float unless a pass gives another reason.
    std::string floatReason;
  };
  std::vector<Operation> operations;
  llvm::json::Array values;
  std::shared_ptr<SelectionLog> log;
};
} // namespace lowbit

std::shared_ptr<Account>
lowbit::createAccount(std::shared_ptr<SelectionLog> log) {
  auto account = std::make_shared<Account>();
  account->log = std::move(log);
  return account;
}

static std::string printed(Location loc) {
  std::string text;
  llvm::raw_string_ostream os(text);
  loc->print(os);
  return text;
}

static std::string printed(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type;
  return text;
}

static std::string floatReason(Operation *op) {
  if (!isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return "computes integers or booleans, not quantized values";
  if (isFloatContraction(op))
    return "not lowered yet";
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  StringRef kind = "elementwise operation";
  if (!linalgOp)
    kind = "data movement between float operations";
  else if (matchFloatReduction(op))
    return "pooling or reduction of a value that is not quantized";
  else if (linalgOp.getNumReductionLoops() > 0)
    kind = "reduction";
  return (kind + ": integer form not available in this version").str();
}

namespace {
struct RecordOperations
    : PassWrapper<RecordOperations, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecordOperations)
  RecordOperations(std::shared_ptr<Account> account) : account(account) {}

  void runOnOperation() override {
    markAllAnalysesPreserved();
    getOperation().walk([&](Operation *op) {
      auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
      if (!id || op->getNumResults() == 0)
        return;
      account->operations.push_back(
          {id.str(), op->getName().getStringRef().str(), printed(op->getLoc()),
           movedOperand(op) != nullptr, floatReason(op)});
    });
  }

  std::shared_ptr<Account> account;
};

struct RecordValues : PassWrapper<RecordValues, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecordValues)
  RecordValues(std::shared_ptr<Account> account) : account(account) {}

  void runOnOperation() override {
    markAllAnalysesPreserved();
    getOperation().walk([&](ObserveOp op) {
      llvm::json::Object value = account->log->value(op.getId());
      value["name"] = op.getId();
      value["role"] = op.getRole();
      value["location"] = printed(op.getLoc());
      if (op.getFormat())
        value["format"] = printed(*op.getFormat());
      if (op.getMinAttr())
        value.try_emplace("range", toJson(op.getMin()->convertToFloat(),
                                          op.getMax()->convertToFloat()));
      if (op.getCount())
        value["count"] = int64_t(*op.getCount());
      if (op.getScaleAttr())
        value["parameters"] = parameters(op);
      else if (op.getFormat())
        value["parameters"] = "found at run time";
      account->values.push_back(std::move(value));
    });
  }

  /// All numbers, or a summary of many: groups of a large weight have millions.
  template <typename T>
  static llvm::json::Value listed(const std::vector<T> &numbers) {
    ArrayRef<T> shown = numbers;
    if (numbers.size() <= kMostListed)
      return llvm::json::Array(shown);
    auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
    size_t step = llvm::divideCeil(numbers.size(), kMostSampled);
    llvm::json::Array sampled;
    for (size_t i = 0; i < numbers.size(); i += step)
      sampled.push_back(numbers[i]);
    return llvm::json::Object{
        {"count", int64_t(numbers.size())},
        {"min", *least},
        {"max", *most},
        {"first", llvm::json::Array(shown.take_front(kFirstOfMany))},
        {"step", int64_t(step)},
        {"sampled", std::move(sampled)}};
  }

  static llvm::json::Object parameters(ObserveOp op) {
    auto scales = readFloats(op.getScaleAttr());
    std::optional<std::vector<int32_t>> values;
    if (ElementsAttr attr = op.getZeroPointAttr())
      values = readIntegers(attr);
    // One for all, as those of symmetric weights are.
    if (values && !values->empty() && llvm::all_equal(*values))
      values->resize(1);
    return llvm::json::Object{
        {"scale", listed(scales.value_or(std::vector<float>()))},
        {"zero_point", listed(values.value_or(std::vector<int32_t>()))}};
  }

  std::shared_ptr<Account> account;
};

struct WriteAccount : PassWrapper<WriteAccount, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteAccount)
  WriteAccount(std::shared_ptr<Account> account, StringRef path)
      : account(account), path(path.str()) {}

  void runOnOperation() override {
    markAllAnalysesPreserved();
    llvm::StringMap<Operation *> byId, computed, tabled;
    getOperation().walk([&](Operation *op) {
      if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
        byId[id.getValue()] = op;
      // What was computed on integers has the ids of what it was made of.
      for (auto [attr, map] :
           {std::pair(LowbitDialect::kIntegersAttr, &computed),
            std::pair(LowbitDialect::kTablesAttr, &tabled)})
        if (auto ids = op->getAttrOfType<ArrayAttr>(attr))
          for (auto id : ids.getAsRange<StringAttr>())
            map->try_emplace(id.getValue(), op);
    });
    llvm::json::Array operations;
    for (const Account::Operation &entry : account->operations) {
      llvm::json::Object object = describe(entry, byId);
      if (Operation *op = computed.lookup(entry.name)) {
        object["result"] = "integer";
        object["format"] =
            printed(getElementTypeOrSelf(op->getResult(0).getType()));
        object.erase("reason");
      } else if (Operation *op = tabled.lookup(entry.name)) {
        object["result"] = "table";
        object.erase("reason");
        if (auto into =
                op->getAttrOfType<ArrayAttr>(LowbitDialect::kIntegersAttr))
          object["into"] = cast<StringAttr>(into[0]).getValue();
      }
      operations.push_back(std::move(object));
    }
    const SelectionLog &log = *account->log;
    llvm::json::Object object{
        {"operations", std::move(operations)},
        {"values", llvm::json::Array(account->values)},
        {"constraints", llvm::json::Array(log.constraints)},
        {"preparations", llvm::json::Array(log.preparations)}};
    if (log.heldOut)
      object["held_out"] = llvm::json::Object(*log.heldOut);
    llvm::json::Value top = std::move(object);
    llvm::Error error = writeFileAtomically(path, [&](llvm::raw_ostream &os) {
      os << llvm::formatv("{0:2}\n", top);
      return llvm::Error::success();
    });
    if (error) {
      getOperation().emitError(llvm::toString(std::move(error)));
      signalPassFailure();
    }
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

  /// What an operation on integers is called: "i8 x i8 -> i32", "i8 -> i32".
  static std::string integerFormat(Operation *op) {
    std::string text;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp)
      return "";
    for (OpOperand *operand : linalgOp.getDpsInputOperands())
      if (linalgOp.payloadUsesValueFromOperand(operand))
        text += (text.empty() ? "" : " x ") +
                printed(getElementTypeOrSelf(operand->get().getType()));
    return text + " -> " +
           printed(getElementTypeOrSelf(op->getResult(0).getType()));
  }

  /// What became of an operation.
  static llvm::json::Object describe(const Account::Operation &entry,
                                     const llvm::StringMap<Operation *> &byId) {
    llvm::json::Object object{
        {"name", entry.name}, {"op", entry.op}, {"location", entry.location}};
    Operation *op = byId.lookup(entry.name);
    auto reason =
        op ? op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr)
           : StringAttr();
    Operation *integer = nullptr;
    for (StringRef suffix : {".i32", ".i8", ".i16"})
      if (!integer)
        integer = byId.lookup((entry.name + suffix).str());
    if (integer) {
      object["result"] = "integer";
      object["format"] = integerFormat(integer);
    } else if (Type element = op ? integerTable(op) : Type()) {
      object["result"] = "integer";
      object["format"] = printed(element) + " table";
    } else if (entry.isMovement) {
      object["result"] = "moved";
    } else if (!op) {
      object["result"] = "fused";
      object["reason"] = "simplified away";
    } else if (reason) {
      object["result"] = "float";
      object["reason"] = reason.getValue();
    } else {
      object["result"] = "float";
      object["reason"] = entry.floatReason;
    }
    return object;
  }

  std::shared_ptr<Account> account;
  std::string path;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createRecordOperationsPass(std::shared_ptr<Account> account) {
  return std::make_unique<RecordOperations>(std::move(account));
}
std::unique_ptr<Pass>
lowbit::createRecordValuesPass(std::shared_ptr<Account> account) {
  return std::make_unique<RecordValues>(std::move(account));
}
std::unique_ptr<Pass>
lowbit::createWriteAccountPass(std::shared_ptr<Account> account,
                               StringRef path) {
  return std::make_unique<WriteAccount>(std::move(account), path);
}
