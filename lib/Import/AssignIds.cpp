//===- AssignIds.cpp - names for operations without one -------------------===//
//
// In: any module. Out: every linalg operation that computes a tensor, and every
// tensor operation that moves one, has a `lowbit.id` of its own; fills have
// none, for they are no value of the source model. Ids that are there stay.
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

namespace {
struct AssignIds : lowbit::impl::AssignIdsBase<AssignIds> {
  using AssignIdsBase::AssignIdsBase;

  void runOnOperation() override {
    IdNames names(getOperation());
    if (onlyNameless && !names.empty())
      return markAllAnalysesPreserved();
    llvm::StringMap<unsigned> ordinals;
    getOperation().walk([&](Operation *op) {
      if (!isNamedValue(op))
        return;
      StringRef kind = op->getName().stripDialect();
      unsigned ordinal = ordinals[kind]++;
      if (op->hasAttr(LowbitDialect::kIdAttr))
        return;
      std::string name = nameOf(op->getLoc()).str();
      if (name.empty())
        name = (kind + "_" + Twine(ordinal)).str();
      op->setAttr(LowbitDialect::kIdAttr,
                  StringAttr::get(&getContext(), names.unique(name)));
      ++numAssigned;
    });
  }
};
} // namespace
