//===- IntegerProgram.cpp - operations that become integer, in order ------===//
//
// See IntegerProgram.h.
//
//===----------------------------------------------------------------------===//
#include "IntegerProgram.h"
#include "IntegerForms.h"
#include "IntegerNest.h"
#include "QuantizedOperand.h"

#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

static bool isTensor(Value value) {
  return isa<RankedTensorType>(value.getType());
}

/// Integers less the zero point of their index along `axis`.
static Value emitWithoutZeros(OpBuilder &builder, Operation *op, Value ints,
                              unsigned axis, ArrayRef<int32_t> zeros) {
  unsigned rank = cast<RankedTensorType>(ints.getType()).getRank();
  AffineMap map = builder.getMultiDimIdentityMap(rank);
  IntegerNest nest(builder, op, rank);
  FixedBuilder fixed = nest.body();
  Value element = nest.input(ints, map);
  Value value = fixed.e.make<arith::SubIOp>(
      fixed.e.extend(element, builder.getI32Type(), /*isSigned=*/true),
      nest.vector(zeros, axis, ".zero_points"));
  Value init = tensor::EmptyOp::create(
      builder, op->getLoc(), tensor::getMixedSizes(builder, op->getLoc(), ints),
      builder.getI32Type());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return nest.finish(value, init, map, loops);
}

/// To those there: an operation that changes scales alone is in the one before
/// it.
static void addIds(Operation *made, StringRef name, ArrayRef<Attribute> ids) {
  SmallVector<Attribute> all;
  if (auto known = made->getAttrOfType<ArrayAttr>(name))
    llvm::append_range(all, known);
  for (Attribute id : ids)
    if (!llvm::is_contained(all, id))
      all.push_back(id);
  if (!all.empty())
    made->setAttr(name, ArrayAttr::get(made->getContext(), all));
}

/// `made` computes what `op` did, and reads tables of other operations.
void IntegerProgram::account(Operation *op, Operation *made,
                             ArrayRef<IntegerTensor> operands) {
  SmallVector<Attribute> computed, tabled;
  if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
    computed.push_back(id);
  for (const IntegerTensor &operand : operands) {
    computed.append(operand.fused);
    tabled.append(operand.tabled);
  }
  addIds(made, LowbitDialect::kIntegersAttr, computed);
  addIds(made, LowbitDialect::kTablesAttr, tabled);
}

void IntegerProgram::read(DequantizeOp op) {
  auto operand = matchQuantizedOperand(op.getOutput());
  if (!operand || !operand->isStatic() || operand->format.isBlockwise() ||
      operand->format.getPack())
    return;
  unsigned width = operand->format.getPlainStorage().getWidth();
  if ((width != 8 && width != 16) || !operand->format.isSigned())
    return;
  IntegerTensor tensor;
  auto [least, most] = std::minmax_element(operand->zeroPoints.begin(),
                                           operand->zeroPoints.end());
  bool isSingle = *least == *most;
  tensor.zero = isSingle ? *least : 0;
  tensor.range = {operand->format.getMin() - *most,
                  operand->format.getMax() - *least};
  tensor.scale.values.assign(operand->scales.begin(), operand->scales.end());
  if (operand->format.isPerAxis())
    tensor.scale.loop = *operand->format.getAxis();
  OpBuilder builder(op);
  tensor.ints = operand->emitIntegers(builder);
  if (!isSingle) {
    tensor.ints =
        emitWithoutZeros(builder, op, tensor.ints, *operand->format.getAxis(),
                         operand->zeroPoints);
    ranges.visit(tensor.ints.getDefiningOp());
  }
  tensors[op.getOutput()] = tensor;
}

void IntegerProgram::write(QuantizeOp op) {
  auto found = tensors.find(op.getInput());
  auto format = dyn_cast<AffineType>(Type(op.getQuantizedFormat()));
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (found == tensors.end() || !format || !type || !format.isPerTensor() ||
      format.getPack() || !op.getSaturate() ||
      op.getRounding() != RoundingMode::HalfEven)
    return;
  auto parameters = QuantParameters::of(op);
  auto known = parameters.isStatic() ? parameters.read() : std::nullopt;
  unsigned width = format.getPlainStorage().getWidth();
  if (!known || (width != 8 && width != 16))
    return;
  OpBuilder builder(op);
  Value ints = emitIntegerQuantize(
      builder, op, found->second, type.clone(format.getPlainStorage()),
      known->scales.front(), known->zeroPoints.front(),
      {format.getMin(), format.getMax()});
  ranges.visit(ints.getDefiningOp());
  account(op, ints.getDefiningOp(), found->second);
  Value cast = StorageCastOp::create(builder, op.getLoc(), type, ints);
  op.replaceAllUsesWith(cast);
  ++numQuantize;
}

/// Results leave as dequantized integers: of 8 or 16 bits as they are, others
/// as 16 bits of twice the range that was observed.
void IntegerProgram::leave(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto found = tensors.find(operand.get());
    if (found == tensors.end() || operand.get().getDefiningOp<DequantizeOp>())
      continue;
    const IntegerTensor &tensor = found->second;
    auto type = cast<RankedTensorType>(operand.get().getType());
    OpBuilder builder(op);
    double magnitude = tensor.expected ? 2 * tensor.expected->magnitude() : 0;
    if (magnitude == 0)
      magnitude = magnitudeOf(tensor);
    float scale = std::max(float(magnitude / 32767), 0x1p-63f);
    auto format = AffineType::getFull(builder.getI16Type());
    Value ints = emitIntegerQuantize(builder, operand.get().getDefiningOp(),
                                     tensor, type.clone(builder.getI16Type()),
                                     scale, 0, {-32768, 32767});
    account(op, ints.getDefiningOp(), tensor);
    auto scalar = [&](Type element, auto value) {
      return DenseElementsAttr::get(RankedTensorType::get({}, element), value);
    };
    QuantParameters parameters;
    parameters.scale = scalar(builder.getF32Type(), scale);
    parameters.zeroPoint = scalar(builder.getI32Type(), int32_t(0));
    Value quantized = StorageCastOp::create(builder, op.getLoc(),
                                            type.clone(Type(format)), ints);
    operand.set(DequantizeOp::create(builder, operand.get().getLoc(), type,
                                     quantized, parameters));
  }
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

void IntegerProgram::run() {
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    ops.push_back(op);
    return isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                     : WalkResult::advance();
  });
  for (size_t i = 0, e = ops.size(); i < e; ++i)
    visit(ops[i]);
  // Readers first.
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

void IntegerProgram::visit(Operation *op) {
  ranges.visit(op);
  if (auto range = AccumulatorRange::get(op); range && op->getNumResults() == 1)
    ranges.narrow(op->getResult(0), {range->min, range->max});
  if (auto dequantize = dyn_cast<DequantizeOp>(op))
    return read(dequantize);
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return write(quantize);
  if (auto leaving = dyn_cast<func::ReturnOp>(op))
    return leave(leaving);
  bool isReal = llvm::any_of(op->getOperands(), isF32Tensor) ||
                llvm::any_of(op->getResults(), isF32Tensor);
  // A single product is arithmetic; other sums of products are phase 6's, and
  // it had a reason to leave them.
  auto contraction = matchFloatContraction(op);
  bool isLeft = contraction && contraction->reductionSize() != 1;
  if (isLeft || isKeptFloat(op) || llvm::none_of(op->getResults(), isTensor) ||
      !(isReal || hasFloatBody(op)))
    return;
  bool makesReals = llvm::all_of(op->getResults(), isF32Tensor);
  OpOperand *moved = makesReals ? movedOperand(op) : nullptr;
  if (moved)
    return move(op, moved);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return join(concat);
  if (auto padding = dyn_cast<tensor::PadOp>(op))
    return pad(padding);
  visitLinalg(op);
}

void IntegerProgram::visitLinalg(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic) {
    // Pooling and the like, as what they stand for.
    auto named = dyn_cast<linalg::LinalgOp>(op);
    if (!named || isa<linalg::FillOp>(op))
      return;
    IRRewriter rewriter(op);
    Attribute id = op->getAttr(LowbitDialect::kIdAttr),
              seen = op->getAttr(LowbitDialect::kRangeAttr);
    auto made = linalg::generalizeNamedOp(rewriter, named);
    if (failed(made))
      return;
    // The operation is erased by now.
    llvm::replace(ops, op, made->getOperation());
    if (id)
      (*made)->setAttr(LowbitDialect::kIdAttr, id);
    if (seen)
      (*made)->setAttr(LowbitDialect::kRangeAttr, seen);
    generic = *made;
  }
  SmallVector<linalg::GenericOp> parts = splitForms(generic);
  if (parts.empty())
    return compute(generic);
  for (linalg::GenericOp part : parts) {
    ranges.visit(part);
    ops.push_back(part);
    compute(part);
  }
}

void IntegerProgram::compute(linalg::GenericOp op) {
  std::string reason;
  OpBuilder builder(op);
  auto operand = [&](Value value) -> std::optional<RealOperand> {
    if (auto found = tensors.find(value); found != tensors.end())
      return RealOperand{found->second, {}};
    if (!isConstantTensor(value))
      return std::nullopt;
    auto bytes = reader.read(value);
    if (failed(bytes))
      return std::nullopt;
    kept.push_back(*bytes);
    return RealOperand{std::nullopt, kept.back().as<float>()};
  };
  IntegerBodyOptions options{operand, hintOf, std::nullopt};
  if (op.getNumResults() == 1)
    options.bounds = boundsOf(op.getResult(0));
  auto results = emitIntegerBody(builder, op, options, reader, ranges, reason);
  if (!results) {
    op->setAttr(LowbitDialect::kFloatReasonAttr, builder.getStringAttr(reason));
    return;
  }
  std::vector<IntegerTensor> operands;
  for (Value operand : op->getOperands())
    if (auto found = tensors.find(operand); found != tensors.end())
      operands.push_back(found->second);
  // What reads the result does what is left to do.
  bool waits = llvm::any_of(operands, [&](const IntegerTensor &operand) {
    return operand.ints == results->front().ints;
  });
  if (waits) {
    bool isTable = results->front().samples != nullptr;
    IntegerTensor &result = results->front();
    result.tabled.clear();
    result.fused.clear();
    for (const IntegerTensor &operand : operands) {
      result.tabled.append(operand.tabled);
      result.fused.append(operand.fused);
    }
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      (isTable ? result.tabled : result.fused).push_back(id);
    ++(isTable ? numTable : numInteger);
  } else {
    Operation *made = results->front().ints.getDefiningOp();
    ranges.visit(made);
    account(op, made, operands);
    ++numInteger;
  }
  for (auto [value, result] : llvm::zip_equal(op->getResults(), *results)) {
    if (!isF32Tensor(value)) {
      value.replaceAllUsesWith(result.ints);
      continue;
    }
    result.expected = hintOf(value);
    tensors[value] = result;
  }
}
