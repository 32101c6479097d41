//===- ControlFlow.cpp - calls, structured control flow, assertions -------===//
//
// func.call, scf.if, scf.for and cf.assert. Refused: calls without end, an
// assertion that does not hold, loops that do not go forward.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
LogicalResult setResults(Machine &m, Operation *op,
                         FailureOr<std::vector<Tensor>> results) {
  if (failed(results))
    return failure();
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), *results))
    if (failed(m.set(value, std::move(tensor))))
      return failure();
  return success();
}

LogicalResult call(Machine &m, func::CallOp op) {
  std::vector<Tensor> arguments;
  for (Value operand : op.getOperands())
    arguments.push_back(m.get(operand));
  return setResults(m, op, m.call(op, op.getCallee(), std::move(arguments)));
}

LogicalResult branch(Machine &m, scf::IfOp op) {
  bool taken = m.getInt(op.getCondition()) != 0;
  Region &region = taken ? op.getThenRegion() : op.getElseRegion();
  if (region.empty())
    return success();
  return setResults(m, op, m.runBlock(region.front(), {}));
}

LogicalResult loop(Machine &m, scf::ForOp op) {
  int64_t step = m.getInt(op.getStep());
  int64_t upper = m.getInt(op.getUpperBound());
  if (step <= 0)
    return op.emitOpError("has step ") << step << ", and it must be positive";
  std::vector<Tensor> carried;
  for (Value init : op.getInitArgs())
    carried.push_back(m.get(init));
  Type type = op.getInductionVar().getType();
  int64_t position = m.getInt(op.getLowerBound());
  while (position < upper) {
    std::vector<Tensor> arguments{
        Tensor::scalar(type, Scalar::ofInt(position))};
    llvm::append_range(arguments, carried);
    auto results = m.runBlock(*op.getBody(), std::move(arguments));
    if (failed(results))
      return failure();
    carried = std::move(*results);
    if (llvm::AddOverflow(position, step, position))
      break;
  }
  return setResults(m, op, std::move(carried));
}

LogicalResult check(Machine &m, cf::AssertOp op) {
  if (m.getInt(op.getArg()) != 0)
    return success();
  return op.emitError(op.getMsg());
}
} // namespace

void addControlFlowHandlers(HandlerTable &table) {
  table.add<func::CallOp>(call);
  table.add<scf::IfOp>(branch);
  table.add<scf::ForOp>(loop);
  table.add<cf::AssertOp>(check);
}
} // namespace lowbit::interpreter
