//===- ValueClasses.cpp - quantized values that must have one type --------===//
//
// Control flow joins operands with what they are handed to; calls and returns
// join with the function's type; any other operation, lowbit's aside, moves
// elements and joins all its quantized operands, results and region arguments.
//
//===----------------------------------------------------------------------===//
#include "ValueClasses.h"

#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace lowbit;

unsigned ValueClasses::add(Type type, Location loc) {
  all.push_back({unsigned(all.size()), type, loc});
  return all.back().index;
}

void ValueClasses::join(Value a, Value b) {
  auto left = values.find(a), right = values.find(b);
  if (left != values.end() && right != values.end())
    classes.join(left->second, right->second);
}

ValueClasses::ValueClasses(ModuleOp module) {
  auto addValue = [&](Value value) {
    if (quantizedElement(value.getType()))
      values.insert({value, add(value.getType(), value.getLoc())});
  };
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto function = dyn_cast<FunctionOpInterface>(op)) {
      for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
        if (quantizedElement(type))
          signature[{op, {0u, unsigned(i)}}] = add(type, op->getLoc());
      for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
        if (quantizedElement(type))
          signature[{op, {1u, unsigned(i)}}] = add(type, op->getLoc());
    }
    for (Value result : op->getResults())
      addValue(result);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Value argument : block.getArguments())
          addValue(argument);
  });
  classes.grow(all.size());
  module.walk([&](Operation *op) { joinThrough(op, module); });
}

void ValueClasses::joinThrough(Operation *op, ModuleOp module) {
  auto joinPlace = [&](Value value, Operation *function, bool isResult,
                       unsigned index) {
    auto found = signature.find({function, {unsigned(isResult), index}});
    if (found != signature.end() && values.contains(value))
      classes.join(values.lookup(value), found->second);
  };
  if (isa<QuantizationOpInterface, StorageCastOp>(op))
    return;
  if (auto function = dyn_cast<FunctionOpInterface>(op)) {
    if (!function.isExternal())
      for (BlockArgument argument : function.getArguments())
        joinPlace(argument, op, false, argument.getArgNumber());
    return;
  }
  if (auto call = dyn_cast<CallOpInterface>(op)) {
    Operation *callee = call.resolveCallable();
    for (auto [i, value] : llvm::enumerate(call.getArgOperands()))
      joinPlace(value, callee, false, i);
    for (auto [i, value] : llvm::enumerate(op->getResults()))
      joinPlace(value, callee, true, i);
    return;
  }
  if (auto region = dyn_cast<RegionBranchOpInterface>(op)) {
    RegionBranchSuccessorMapping mapping;
    region.getSuccessorOperandInputMapping(mapping);
    for (auto &[operand, inputs] : mapping)
      for (Value input : inputs)
        join(operand->get(), input);
    return;
  }
  if (auto branch = dyn_cast<BranchOpInterface>(op)) {
    for (auto [i, successor] : llvm::enumerate(op->getSuccessors())) {
      SuccessorOperands operands = branch.getSuccessorOperands(i);
      for (unsigned k = 0; k < operands.size(); ++k)
        if (!operands.isOperandProduced(k))
          join(operands[k], successor->getArgument(k));
    }
    return;
  }
  Operation *parent = op->getParentOp();
  if (op->hasTrait<OpTrait::ReturnLike>()) {
    if (isa_and_nonnull<FunctionOpInterface>(parent))
      for (auto [i, value] : llvm::enumerate(op->getOperands()))
        joinPlace(value, parent, true, i);
    if (!parent || isa<FunctionOpInterface, RegionBranchOpInterface>(parent))
      return;
    op = parent;
  }
  SmallVector<Value> moved(op->getOperands());
  llvm::append_range(moved, op->getResults());
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      llvm::append_range(moved, block.getArguments());
      if (block.mightHaveTerminator())
        llvm::append_range(moved, block.getTerminator()->getOperands());
    }
  llvm::erase_if(moved, [&](Value value) { return !values.contains(value); });
  for (Value value : moved)
    join(moved.front(), value);
}
