//===- RecordValues.cpp - the observed values -----------------------------===//
//
// In: the module after phase 3. Out: in the account, every observed value with
// its format, range and parameters and what the log of the selection has, and
// with each operation the names of those that it reads.
//
//===----------------------------------------------------------------------===//
#include "Account.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

/// The most scales or zero points of a value that are listed; of more, how many
/// of the first, and at most how many evenly over all.
static constexpr size_t kMostListed = 1024, kFirstOfMany = 8,
                        kMostSampled = 512;

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

llvm::json::Object lowbit::parametersToJson(const std::vector<float> &scales,
                                            std::vector<int32_t> zeroPoints) {
  // One for all, as those of symmetric weights are.
  if (!zeroPoints.empty() && llvm::all_equal(zeroPoints))
    zeroPoints.resize(1);
  return llvm::json::Object{{"scale", listed(scales)},
                            {"zero_point", listed(zeroPoints)}};
}

static llvm::json::Object parameters(ObserveOp op) {
  return parametersToJson(
      readFloats(op.getScaleAttr()).value_or(std::vector<float>()),
      op.getZeroPointAttr()
          ? readIntegers(op.getZeroPointAttr()).value_or(std::vector<int32_t>())
          : std::vector<int32_t>());
}

namespace {
struct RecordValues : PassWrapper<RecordValues, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecordValues)
  RecordValues(std::shared_ptr<Account> account) : account(account) {}

  void runOnOperation() override {
    markAllAnalysesPreserved();
    getOperation().walk([&](ObserveOp op) {
      account->values.push_back(describe(op));
      if (op.getFormat())
        holdResult(op);
    });
    getOperation().walk([&](Operation *op) {
      auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
      auto found =
          id ? account->index.find(id.getValue()) : account->index.end();
      if (found != account->index.end())
        account->operations[found->second].reads = readBy(op);
    });
  }

private:
  llvm::json::Object describe(ObserveOp op) {
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
    return value;
  }

  /// The operation that makes the value has its integers for a result.
  void holdResult(ObserveOp op) {
    Operation *maker = op.getInput().getDefiningOp();
    auto id = maker ? maker->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)
                    : StringAttr();
    auto found = id ? account->index.find(id.getValue()) : account->index.end();
    if (found == account->index.end())
      return;
    llvm::json::Object held =
        op.getScaleAttr() ? parameters(op) : llvm::json::Object();
    held["format"] = printed(*op.getFormat());
    account->operations[found->second].parameters = std::move(held);
  }

  /// The values that have a format and come to the operation, behind movement.
  static std::vector<std::string> readBy(Operation *op) {
    std::vector<std::string> names;
    auto add = [&](Value value) {
      while (OpOperand *moved = movedOperand(value.getDefiningOp()))
        value = moved->get();
      auto observer = value.getDefiningOp<ObserveOp>();
      if (observer && observer.getFormat() &&
          !llvm::is_contained(names, observer.getId()))
        names.push_back(observer.getId().str());
    };
    llvm::for_each(op->getOperands(), add);
    // Tables are read inside.
    op->walk([&](tensor::ExtractOp lookup) { add(lookup.getTensor()); });
    return names;
  }

  std::shared_ptr<Account> account;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createRecordValuesPass(std::shared_ptr<Account> account) {
  return std::make_unique<RecordValues>(std::move(account));
}
