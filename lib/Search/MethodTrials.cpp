//===- MethodTrials.cpp - what every method would choose ------------------===//
//
// In: a module with observers, a method for each value that is searched. Out:
// what lowbit-select-ranges makes of it, on a copy. Refused: what that refuses.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Search/MethodTrials.h"

#include "lowbit/Select/Settings.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;

std::vector<SearchedValue>
MethodTrials::searched(OwningOpRef<ModuleOp> &prepared) {
  ErrorsOnly quiet(module.getContext());
  prepared = module.clone();
  auto method = MethodSpec::parse(options.method);
  if (!method) {
    llvm::consumeError(method.takeError());
    return {};
  }
  Recipe recipe;
  if (!readRecipe(recipeOptionsOf(options), recipe, [](auto &&...) {}))
    return {};
  FailureOr<Selection> selection = resolveSettings(
      *prepared, recipe, *method, options.mode, /*isWhole=*/false);
  keepFloats(*selection);
  std::vector<SearchedValue> result;
  for (ObservedValue &value : selection->values)
    if (value.isQuantized && value.settings.method.method == Method::Auto)
      result.push_back({value.id(), value.isActivation()});
  return result;
}

FailureOr<Trial> MethodTrials::run(const MethodsById &methods) {
  ErrorsOnly quiet(module.getContext());
  OwningOpRef<ModuleOp> copy(module.clone());
  auto log = std::make_shared<SelectionLog>();
  for (const auto &[id, method] : methods)
    log->found[id].method = method;
  PassManager pm(module.getContext());
  pm.addPass(createSelectRangesPass(options, table, log));
  if (failed(pm.run(*copy)))
    return failure();
  Trial trial;
  trial.parameters = parametersOf(*copy);
  for (const auto &[id, value] : log->values) {
    if (auto db = value.getNumber("sqnr_db"))
      trial.sqnrDb[id] = *db;
    if (const llvm::json::Array *others = value.getArray("shared_with"))
      for (const llvm::json::Value &other : *others)
        if (auto name = other.getAsString())
          trial.sharedWith[id].push_back(name->str());
  }
  return trial;
}

bool lowbit::areAlike(const ValueParameters &left,
                      const ValueParameters &right) {
  if (left.params.size() != right.params.size() || left.block != right.block ||
      left.range.min != right.range.min || left.range.max != right.range.max)
    return false;
  StorageRange range = left.range;
  auto end = [](const AffineParams &p, int32_t q) {
    return double(p.scale) * (double(q) - p.zeroPoint);
  };
  for (auto [a, b] : llvm::zip(left.params, right.params)) {
    double width = end(a, range.max) - end(a, range.min);
    if (std::fabs(end(a, range.min) - end(b, range.min)) > 0.01 * width ||
        std::fabs(end(a, range.max) - end(b, range.max)) > 0.01 * width)
      return false;
  }
  return true;
}
