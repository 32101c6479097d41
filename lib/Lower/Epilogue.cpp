//===- Epilogue.cpp - from accumulators to floats -------------------------===//
//
//   y = float(sums - za * sum(b) - zb * sum(a - za)) * (sa * sb) + init
//
// The product of the scales is one f32 multiplication, here or at run time, so
// that static and dynamic parameters of equal value give equal results.
//
//===----------------------------------------------------------------------===//
#include "Epilogue.h"
#include "WeightChannels.h"

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

EpilogueBuilder::EpilogueBuilder(OpBuilder &builder, ModuleOp module,
                                 ParameterReader &reader, const Contraction &c)
    : builder(builder), module(module), reader(reader), c(c) {}

std::string EpilogueBuilder::constantName(StringRef suffix) const {
  return valueName(c.op->getResult(0)) + suffix.str();
}

/// Takes the dimensions of the result that the loops index.
AffineMap EpilogueBuilder::mapOf(const LoopTensor &tensor) const {
  SmallVector<AffineExpr> dims;
  for (unsigned loop : tensor.loops)
    dims.push_back(builder.getAffineDimExpr(*c.resultDim(loop)));
  return AffineMap::get(c.map(2).getNumResults(), 0, dims,
                        builder.getContext());
}

/// The elementwise product with a rank-0 tensor.
template <typename MulOp>
static LoopTensor emitProduct(OpBuilder &builder, Location loc,
                              const LoopTensor &tensor, Value factor) {
  auto type = cast<RankedTensorType>(tensor.value.getType());
  unsigned rank = type.getRank();
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, tensor.value),
      type.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  AffineMap maps[] = {identity, AffineMap::get(rank, 0, builder.getContext()),
                      identity};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, ValueRange{tensor.value, factor}, empty, maps,
      iterators, [](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(
            b, l, ValueRange{MulOp::create(b, l, args[0], args[1])});
      });
  return {generic.getResult(0), tensor.loops};
}

/// times * sum over the reduction of (ints - subtract), when the integers are a
/// constant of bytes and `subtract` is known.
std::optional<LoopTensor> EpilogueBuilder::foldSum(unsigned operand, Value ints,
                                                   ZeroPoint subtract,
                                                   ZeroPoint times) {
  if (!isConstantTensor(ints) || subtract.dynamic)
    return std::nullopt;
  auto bytes = reader.read(ints);
  if (failed(bytes))
    return std::nullopt;
  auto channels = WeightChannels::get(c, operand, bytes->type.getShape());
  if (!channels)
    return std::nullopt;
  // Every final sum fits 32 bits; one on the way there may not.
  std::vector<int64_t> exact(channels->count, 0);
  int64_t factor = times.dynamic ? 1 : times.known;
  channels->forEach(bytes->as<int8_t>(), [&](int64_t channel, int8_t value) {
    exact[channel] += (value - subtract.known) * factor;
  });
  std::vector<int32_t> sums(exact.begin(), exact.end());
  LoopTensor sum;
  sum.loops = channels->loops;
  ConstantBuilder constants(module);
  sum.value = constants.create(
      builder, c.op->getLoc(), constantName(".zero_point_sum"),
      RankedTensorType::get(channels->extents, builder.getI32Type()),
      ArrayRef(sums));
  return sum;
}

void EpilogueBuilder::subtractSum(unsigned operand, Value ints,
                                  ZeroPoint subtract, ZeroPoint times) {
  if (times.isZero())
    return;
  if (!times.loops.empty() || isWide) {
    ZeroPoint once{1, {}, {}};
    Value factor = times.dynamic;
    if (!factor)
      factor = arith::ConstantOp::create(
          builder, c.op->getLoc(),
          DenseElementsAttr::get(
              RankedTensorType::get({}, builder.getI32Type()), times.known));
    auto known = foldSum(operand, ints, subtract, once);
    LoopTensor sum =
        known ? *known
              : emitWeightedSum(builder, c, operand, ints, subtract, once);
    corrections.push_back({sum, {factor, times.loops}});
    return;
  }
  if (auto known = foldSum(operand, ints, subtract, times)) {
    corrections.push_back(
        {times.dynamic ? emitProduct<arith::MulIOp>(builder, c.op->getLoc(),
                                                    *known, times.dynamic)
                       : *known,
         {}});
    return;
  }
  corrections.push_back(
      {emitWeightedSum(builder, c, operand, ints, subtract, times), {}});
}

LoopTensor EpilogueBuilder::scalesOf(const QuantizedOperand &q,
                                     std::optional<unsigned> loop) {
  return asTensor(q, loop, q.scales);
}

LoopTensor EpilogueBuilder::asTensor(const QuantizedOperand &q,
                                     std::optional<unsigned> loop,
                                     ArrayRef<float> values) {
  if (q.scales.empty())
    return {q.dynamicScale(), {}};
  SmallVector<int64_t> shape;
  SmallVector<unsigned> loops;
  if (loop) {
    shape.push_back(values.size());
    loops.push_back(*loop);
  }
  ConstantBuilder constants(module);
  Value value = constants.create(
      builder, c.op->getLoc(), constantName(".scale"),
      RankedTensorType::get(shape, builder.getF32Type()), values);
  return {value, loops};
}

void EpilogueBuilder::setRowScales(const LoopTensor &a, const LoopTensor &b) {
  rowScale = a;
  scale = b;
}

void EpilogueBuilder::setScales(const QuantizedOperand &a,
                                std::optional<unsigned> loopA,
                                const QuantizedOperand &b,
                                std::optional<unsigned> loopB) {
  Location loc = c.op->getLoc();
  const QuantizedOperand &longer = loopA ? a : b, &single = loopA ? b : a;
  std::optional<unsigned> loop = loopA ? loopA : loopB;
  if (single.scales.empty()) {
    scale = emitProduct<arith::MulFOp>(builder, loc,
                                       asTensor(longer, loop, longer.scales),
                                       single.dynamicScale());
    return;
  }
  std::vector<float> products;
  for (float s : longer.scales)
    products.push_back(s * single.scales.front());
  if (longer.scales.empty())
    scale = emitProduct<arith::MulFOp>(
        builder, loc, asTensor(longer, loop, {}),
        asTensor(single, std::nullopt, single.scales).value);
  else if (loop)
    scale = asTensor(longer, loop, products);
  else
    knownScale = products.front();
}

Value EpilogueBuilder::finish(ArrayRef<BytePart> sums) {
  Location loc = c.op->getLoc();
  auto type = cast<RankedTensorType>(c.op->getResult(0).getType());
  unsigned rank = type.getRank();
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps(sums.size(), identity);
  for (const BytePart &sum : sums)
    inputs.push_back(sum.bytes);
  auto read = [&](const LoopTensor &tensor) {
    if (!tensor.value)
      return;
    inputs.push_back(tensor.value);
    maps.push_back(mapOf(tensor));
  };
  for (const Correction &correction : corrections) {
    read(correction.sum);
    read(correction.times);
  }
  read(rowScale);
  read(scale);
  bool hasInit = !isZeroFilled(c.init());
  if (hasInit) {
    inputs.push_back(c.init());
    maps.push_back(identity);
  }
  maps.push_back(identity);
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, sums.front().bytes),
      type.getElementType());
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, inputs, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        unsigned next = 0;
        Type wide = isWide ? b.getI64Type() : b.getI32Type();
        auto read = [&]() -> Value {
          Value x = args[next++];
          return isWide ? arith::ExtSIOp::create(b, l, wide, x) : x;
        };
        Value sum;
        for (const BytePart &part : sums) {
          Value x = read();
          if (part.factor != 1)
            x = arith::MulIOp::create(
                b, l, x,
                arith::ConstantOp::create(b, l,
                                          b.getIntegerAttr(wide, part.factor)));
          sum = sum ? Value(arith::AddIOp::create(b, l, sum, x)) : x;
        }
        for (const Correction &correction : corrections) {
          Value part = read();
          if (correction.times.value)
            part = arith::MulIOp::create(b, l, part, read());
          sum = arith::SubIOp::create(b, l, sum, part);
        }
        Value exact = arith::SIToFPOp::create(b, l, b.getF32Type(), sum);
        Value row = rowScale.value ? args[next++] : Value();
        Value factor = scale.value ? args[next++]
                                   : Value(arith::ConstantOp::create(
                                         b, l, b.getF32FloatAttr(*knownScale)));
        if (row)
          factor = arith::MulFOp::create(b, l, row, factor);
        Value result = arith::MulFOp::create(b, l, exact, factor);
        if (hasInit)
          result = arith::AddFOp::create(b, l, args[next], result);
        linalg::YieldOp::create(b, l, ValueRange{result});
      });
  for (StringRef name : {LowbitDialect::kIdAttr, LowbitDialect::kRangeAttr})
    if (Attribute attr = c.op->getAttr(name))
      generic->setAttr(name, attr);
  return generic.getResult(0);
}
