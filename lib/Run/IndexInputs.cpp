//===- IndexInputs.cpp - inputs that must stay small ----------------------===//
//
// In: an argument of the entry function. Out: whether an index is computed from
// it. Values are followed forward through integer operations, regions and
// calls; a region's arguments count as reached when one operand is, except in
// linalg, where each has its own.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/IndexInputs.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace {
class Search {
public:
  void reach(Value value) {
    Type element = getElementTypeOrSelf(value.getType());
    found |= isa<IndexType>(element);
    if (isa<IntegerType>(element) && !element.isInteger(1))
      reached.insert(value);
  }
  bool run() {
    for (size_t next = 0; !found && next < reached.size(); ++next)
      for (OpOperand &use : reached[next].getUses())
        followUse(use);
    return found;
  }

private:
  void followUse(OpOperand &use);
  void followCall(func::CallOp call, unsigned operand);

  llvm::SetVector<Value> reached;
  bool found = false;
};
} // namespace

void Search::followCall(func::CallOp call, unsigned operand) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (callee && !callee.isExternal())
    reach(callee.getArgument(operand));
}

void Search::followUse(OpOperand &use) {
  Operation *user = use.getOwner();
  found |= isa<lowbit::CheckRangeOp>(user);
  if (auto call = dyn_cast<func::CallOp>(user)) {
    followCall(call, use.getOperandNumber());
  } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(user)) {
    reach(linalgOp.getMatchingBlockArgument(&use));
  } else {
    for (Region &region : user->getRegions())
      for (BlockArgument argument : region.getArguments())
        reach(argument);
  }
  // What a region yields is its operation's result; a function's results are
  // reached by its calls.
  if (user->hasTrait<OpTrait::IsTerminator>() &&
      !isa<func::FuncOp>(user->getParentOp()))
    user = user->getParentOp();
  for (Value result : user->getResults())
    reach(result);
}

bool lowbit::isUsedAsIndex(BlockArgument argument) {
  Search search;
  search.reach(argument);
  return search.run();
}
