//===- LowbitOps.cpp - parameters, observation and checks -----------------===//
//
// Weights from the store, values handed to hooks. Refused: an index that
// lowbit.check_range does not allow.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {

LogicalResult getParameter(Machine &m, GetParameterOp op) {
  auto bytes = m.parameters.read(op.getOutput());
  if (failed(bytes))
    return failure();
  return m.set(op,
               Tensor::view(bytes->type.getElementType(),
                            bytes->type.getShape(), bytes->data, bytes->owned));
}

LogicalResult observe(Machine &m, ObserveOp op) {
  Tensor input = m.get(op.getInput());
  if (m.hooks.onObserve)
    m.hooks.onObserve(op.getId(), input);
  return m.set(op, input);
}

LogicalResult tap(Machine &m, TapOp op) {
  if (m.hooks.onTap)
    m.hooks.onTap(op.getId(), m.get(op.getInput()));
  return success();
}

LogicalResult checkRange(Machine &m, CheckRangeOp op) {
  Tensor indices = m.get(op.getIndices());
  int64_t lower = op.getLowerAttr().getInt(),
          upper = op.getUpperAttr().getInt();
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t index = indices.get(i).i;
    if (index < lower || index >= upper)
      return op.emitError(op.getMessage())
             << ": index " << index << " at position " << i
             << " is out of range [" << lower << ", " << upper << ")";
  }
  return success();
}

LogicalResult checkSize(Machine &m, CheckSizeOp op) {
  int64_t found = m.get(op.getFound()).get(0).i,
          expected = m.get(op.getExpected()).get(0).i;
  if (found == expected)
    return success();
  return op.emitError(op.getMessage())
         << ": " << found << ", should be " << expected;
}
} // namespace

void addLowbitHandlers(HandlerTable &table) {
  table.add<GetParameterOp>(getParameter);
  table.add<ObserveOp>(observe);
  table.add<TapOp>(tap);
  table.add<MarkOp>([](Machine &, MarkOp) { return success(); });
  table.add<CheckRangeOp>(checkRange);
  table.add<CheckSizeOp>(checkSize);
}
} // namespace lowbit::interpreter
