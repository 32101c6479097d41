//===- AssignIds.cpp - names for operations without one -------------------===//
//
// In: any module. Out: every linalg operation that computes a tensor, every
// tensor operation that moves one, and every one that quantizes has a
// `lowbit.id` of its own; fills have none, for they are no value of the source
// model. Ids that are there stay, but for those that are there twice.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Ids.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_ASSIGNIDS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// What quantizes is named after the value of the source model that it is
/// behind, of which it is a part.
static std::string nameOfQuantization(Operation *op) {
  auto isNamed = [](Operation *user) {
    return isa<StorageCastOp>(user) && user->hasAttr(LowbitDialect::kIdAttr);
  };
  StringRef kind = op->getName().stripDialect();
  if (isa<QuantizeOp, RequantizeOp>(op))
    if (auto named = llvm::find_if(op->getUsers(), isNamed);
        named != op->user_end())
      return (named->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)
                  .getValue() +
              "/" + kind)
          .str();
  if (!isa<DequantizeOp>(op))
    return "";
  Operation *source = op->getOperand(0).getDefiningOp();
  while (isa_and_nonnull<StorageCastOp>(source))
    source = source->getOperand(0).getDefiningOp();
  auto weight = dyn_cast_or_null<GetParameterOp>(source);
  return weight ? (weight.getParameter() + "/" + kind).str() : "";
}

namespace {
struct AssignIds : lowbit::impl::AssignIdsBase<AssignIds> {
  using AssignIdsBase::AssignIdsBase;

  void runOnOperation() override {
    IdNames names(getOperation());
    if (onlyNameless && !names.empty())
      return markAllAnalysesPreserved();
    llvm::StringMap<unsigned> ordinals;
    llvm::StringSet<> seen;
    getOperation().walk([&](Operation *op) {
      if (!isNamedValue(op))
        return;
      StringRef kind = op->getName().stripDialect();
      unsigned ordinal = ordinals[kind]++;
      if (auto given = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)) {
        if (!seen.insert(given.getValue()).second)
          op->setAttr(
              LowbitDialect::kIdAttr,
              StringAttr::get(&getContext(), names.unique(given.getValue())));
        return;
      }
      std::string name = nameOfQuantization(op);
      if (name.empty())
        name = nameOf(op->getLoc()).str();
      if (name.empty())
        name = (kind + "_" + Twine(ordinal)).str();
      op->setAttr(LowbitDialect::kIdAttr,
                  StringAttr::get(&getContext(), names.unique(name)));
      ++numAssigned;
    });
  }
};
} // namespace
