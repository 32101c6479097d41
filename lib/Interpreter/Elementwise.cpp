//===- Elementwise.cpp - bodies on a few elements -------------------------===//
//
// The operations are copied to a function of one dimension, which the
// interpreter runs.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Interpreter/Elementwise.h"

#include "lowbit/Interpreter/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

FloatAttr interpreter::numberOf(Value value) {
  Attribute attr;
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs()[0];
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  return dyn_cast<FloatAttr>(attr);
}

bool interpreter::isClosed(linalg::GenericOp op) {
  auto isKnown = [&](Value operand) {
    Operation *maker = operand.getDefiningOp();
    return !maker || maker->getBlock() == op.getBody() ||
           isa<arith::ConstantOp>(maker);
  };
  return llvm::all_of(op.getBody()->without_terminator(),
                      [&](Operation &inner) {
                        return isa<arith::ArithDialect, math::MathDialect>(
                                   inner.getDialect()) &&
                               llvm::all_of(inner.getOperands(), isKnown);
                      });
}

FailureOr<std::vector<interpreter::Tensor>>
interpreter::runElementwise(ArrayRef<linalg::GenericOp> steps, Value input,
                            const Tensor &elements, ValueRange results) {
  OpBuilder builder(input.getContext());
  Location loc = input.getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  int64_t count = elements.size();
  auto typeOf = [&](Value value) {
    return RankedTensorType::get({count},
                                 getElementTypeOrSelf(value.getType()));
  };
  auto types = llvm::map_to_vector(
      results, [&](Value value) -> Type { return typeOf(value); });
  auto function = func::FuncOp::create(
      builder, loc, "main", builder.getFunctionType(typeOf(input), types));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  IRMapping mapping;
  mapping.map(input, function.getArgument(0));
  for (linalg::GenericOp step : steps) {
    SmallVector<Value> inputs;
    for (Value operand : step.getDpsInputs()) {
      Value known = mapping.lookupOrNull(operand);
      if (!known) {
        RankedTensorType type = typeOf(operand);
        TypedAttr number = numberOf(operand);
        if (!number)
          number = builder.getZeroAttr(type.getElementType()); // Not read.
        known = arith::ConstantOp::create(
            builder, loc, DenseElementsAttr::get(type, Attribute(number)));
      }
      inputs.push_back(known);
    }
    // Numbers from outside of the body, as they are.
    for (Operation &inner : step.getBody()->without_terminator())
      for (Value operand : inner.getOperands())
        if (auto number = operand.getDefiningOp<arith::ConstantOp>())
          if (number->getBlock() != step.getBody() &&
              !mapping.contains(operand))
            mapping.map(operand, builder.clone(*number)->getResult(0));
    RankedTensorType type = typeOf(step.getResult(0));
    Value init = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                         type.getElementType());
    SmallVector<AffineMap> maps(inputs.size() + 1,
                                builder.getMultiDimIdentityMap(1));
    auto made =
        linalg::GenericOp::create(builder, loc, TypeRange(type), inputs, init,
                                  maps, utils::IteratorType::parallel);
    step.getRegion().cloneInto(&made.getRegion(), mapping);
    mapping.map(step.getResult(0), made.getResult(0));
  }
  auto made = llvm::map_to_vector(
      results, [&](Value value) { return mapping.lookup(value); });
  func::ReturnOp::create(builder, loc, made);
  return Interpreter(*module).run("main", {elements});
}
