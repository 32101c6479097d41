//===- Explain.cpp - the account of every operation -----------------------===//
//
// In: the module after phase 6 and the account. Out: how many operations became
// what, as statistics of the pass; for each a remark at its location, where the
// remark engine of MLIR takes the category `lowbit`; and a JSON object with
// `counts`, `operations`, `values`, `constraints`, `preparations` and
// `held_out`, as docs/commands.md describes it. All three are of one list.
//
//===----------------------------------------------------------------------===//
#include "Account.h"

#include "lowbit/Store/AtomicFile.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

/// Statistics of passes count in builds of MLIR with assertions only. These are
/// LLVM's that always do; quant-opt prints them in their place.
static llvm::TrackingStatistic counters[kNumResults] = {
#define LOWBIT_COUNTER(name, text) {"AccountOperations", name, text}
    LOWBIT_COUNTER("integer", "operations computed on integers"),
    LOWBIT_COUNTER("table", "operations in tables"),
    LOWBIT_COUNTER("fused", "operations computed along with others"),
    LOWBIT_COUNTER("moved", "operations that move elements"),
    LOWBIT_COUNTER("float", "operations that stay float"),
    LOWBIT_COUNTER("removed", "operations that are gone"),
#undef LOWBIT_COUNTER
};

std::shared_ptr<Account>
lowbit::createAccount(AccountSettings settings,
                      std::shared_ptr<SelectionLog> log) {
  auto account = std::make_shared<Account>();
  account->settings = std::move(settings);
  account->log = std::move(log);
  return account;
}

std::string lowbit::printed(Location loc) {
  std::string text;
  llvm::raw_string_ostream os(text);
  loc->print(os);
  return text;
}

std::string lowbit::printed(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type;
  return text;
}

static llvm::json::Object toJson(const InputOperation &operation,
                                 const Outcome &outcome) {
  llvm::json::Object object{{"name", operation.id},
                            {"op", operation.op},
                            {"location", printed(Location(operation.loc))},
                            {"result", resultName(outcome.result)}};
  for (auto [key, text] :
       {std::pair("format", &outcome.format), std::pair("into", &outcome.into),
        std::pair("reason", &outcome.reason),
        std::pair("change", &outcome.change)})
    if (!text->empty())
      object[key] = *text;
  if (!operation.reads.empty())
    object["reads"] = llvm::json::Array(operation.reads);
  if (operation.parameters)
    object["parameters"] = llvm::json::Object(*operation.parameters);
  return object;
}

namespace {
struct AccountOperations
    : PassWrapper<AccountOperations, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AccountOperations)
  AccountOperations(std::shared_ptr<Account> account) : account(account) {}
  AccountOperations(const AccountOperations &other)
      : PassWrapper(other), account(other.account) {}

  /// What --mlir-pass-statistics calls it.
  StringRef getName() const override { return "AccountOperations"; }

  void runOnOperation() override {
    markAllAnalysesPreserved();
    std::vector<Outcome> outcomes = findOutcomes(getOperation(), *account);
    Counts counts = {};
    for (const Outcome &outcome : outcomes)
      ++counts[outcome.result];
    for (unsigned i = 0; i < kNumResults; ++i) {
      statistics[i] += counts[i];
      if (!LLVM_ENABLE_STATS)
        counters[i] += counts[i];
    }
    for (auto [operation, outcome] : llvm::zip(account->operations, outcomes))
      remark(operation, outcome);
    if (account->settings.path.empty())
      return;
    llvm::json::Value top = explain(outcomes, counts);
    llvm::Error error =
        writeFileAtomically(account->settings.path, [&](llvm::raw_ostream &os) {
          os << llvm::formatv("{0:2}\n", top);
          return llvm::Error::success();
        });
    if (error) {
      getOperation().emitError(llvm::toString(std::move(error)));
      signalPassFailure();
    }
  }

private:
  using Counts = std::array<unsigned, kNumResults>;

  /// Named by the id: --remark-policy=final keeps one of each name and place.
  void remark(const InputOperation &operation, const Outcome &outcome) {
    if (!getContext().getRemarkEngine())
      return;
    // They are kept until the context goes.
    auto kept = [&](StringRef text) {
      return StringAttr::get(&getContext(), text).getValue();
    };
    auto options = remark::RemarkOpts::name(kept(operation.id))
                       .category("lowbit")
                       .subCategory(resultName(outcome.result))
                       .function("main");
    Location loc(operation.loc);
    auto made = outcome.result == Outcome::Float ? remark::missed(loc, options)
                : outcome.result == Outcome::Removed
                    ? remark::analysis(loc, options)
                    : remark::passed(loc, options);
    made << remark::add("{0} {1}", operation.op, resultName(outcome.result));
    for (auto [key, text] : {std::pair("Format", &outcome.format),
                             std::pair("Into", &outcome.into),
                             std::pair("Reason", &outcome.reason),
                             std::pair("Suggestion", &outcome.change)})
      if (!text->empty())
        made << remark::metric(key, StringRef(*text));
  }

  llvm::json::Object explain(ArrayRef<Outcome> outcomes,
                             const Counts &counts) const {
    llvm::json::Array operations;
    for (auto [operation, outcome] : llvm::zip(account->operations, outcomes))
      operations.push_back(toJson(operation, outcome));
    llvm::json::Object totals;
    for (unsigned i = 0; i < kNumResults; ++i)
      totals[resultName(Outcome::Result(i))] = counts[i];
    const SelectionLog &log = *account->log;
    llvm::json::Object object{
        {"counts", std::move(totals)},
        {"operations", std::move(operations)},
        {"values", llvm::json::Array(account->values)},
        {"constraints", llvm::json::Array(log.constraints)},
        {"preparations", llvm::json::Array(log.preparations)}};
    if (log.heldOut)
      object["held_out"] = llvm::json::Object(*log.heldOut);
    return object;
  }

  std::shared_ptr<Account> account;
#define LOWBIT_STATISTIC(result)                                               \
  {this, counters[Outcome::result].getName(),                                  \
   counters[Outcome::result].getDesc()}
  Statistic statistics[kNumResults] = {
      LOWBIT_STATISTIC(Integer), LOWBIT_STATISTIC(Table),
      LOWBIT_STATISTIC(Fused),   LOWBIT_STATISTIC(Moved),
      LOWBIT_STATISTIC(Float),   LOWBIT_STATISTIC(Removed)};
#undef LOWBIT_STATISTIC
};
} // namespace

std::unique_ptr<Pass>
lowbit::createAccountOperationsPass(std::shared_ptr<Account> account) {
  return std::make_unique<AccountOperations>(std::move(account));
}
