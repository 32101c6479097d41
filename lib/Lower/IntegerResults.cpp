//===- IntegerResults.cpp - results of integer bodies ---------------------===//
//
// In: the numbers that a body without reduction yields. Out: the linalg
// operation.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

LoopFactor lowbit::singleIfEqual(LoopFactor factor) {
  return llvm::all_equal(factor.values) ? LoopFactor(factor.values.front())
                                        : factor;
}

Value IntegerEvaluator::makeInit(unsigned result, Type type,
                                 std::optional<int64_t> fill) {
  Location loc = op.getLoc();
  Value init = op.getDpsInits()[result];
  while (auto filled = init.getDefiningOp<linalg::FillOp>())
    init = filled.getOutputs()[0];
  SmallVector<OpFoldResult> sizes;
  if (auto empty = init.getDefiningOp<tensor::EmptyOp>())
    sizes = empty.getMixedSizes();
  else
    sizes = tensor::getMixedSizes(builder, loc, init);
  Value made = tensor::EmptyOp::create(builder, loc, sizes, type);
  if (fill) {
    Value value = arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(type, *fill));
    made = linalg::FillOp::create(builder, loc, value, made).getResult(0);
  }
  return made;
}

IntegerTensor IntegerEvaluator::finish(Fixed result) {
  AffineMap map = op.getIndexingMapsArray().back();
  if (result.scale.loop) {
    auto dim =
        map.getResultPosition(builder.getAffineDimExpr(*result.scale.loop));
    if (dim)
      result.scale.loop = *dim;
    else
      result = fixed.single(result);
  }
  result.scale = singleIfEqual(result.scale);
  if (!result.value.getType().isInteger(32))
    result = fixed.narrow(result);
  Value init = makeInit(0, builder.getI32Type(), std::nullopt);
  Value made = nest.finish(result.value, init, map, op.getIteratorTypesArray());
  return {made, result.range, 0, result.scale, nullptr, std::nullopt, {}};
}

IntegerEvaluator::Results IntegerEvaluator::finishAll() {
  AffineMap map = op.getIndexingMapsArray().back();
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  auto found = numbers.find(yielded);
  Type type = yielded.getType();
  if (!isa<FloatType>(type)) {
    Value value = found != numbers.end() ? toPlain(found->second, type)
                                         : plain.lookupOrDefault(yielded);
    IntegerTensor result;
    result.ints = nest.finish(value, makeInit(0, type, std::nullopt), map,
                              op.getIteratorTypesArray());
    return SmallVector<IntegerTensor>{result};
  }
  if (found == numbers.end()) {
    refuse("it yields a number from outside the loop");
    return std::nullopt;
  }
  // A function of an operand waits for what its readers make of it.
  if (const auto &function = found->second.function) {
    auto source = sources.find(function->base);
    if (source != sources.end() && source->second.second == map) {
      IntegerTensor result = source->second.first;
      result.samples =
          std::make_shared<const std::vector<float>>(function->samples);
      return SmallVector<IntegerTensor>{result};
    }
    return SmallVector<IntegerTensor>{
        finish(lookUp(builder, op, fixed, *function,
                      options.hint(op.getResult(0))))};
  }
  return SmallVector<IntegerTensor>{finish(toFixed(found->second))};
}
