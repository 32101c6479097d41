//===- LowerToIntegers.cpp - float operations between integers ------------===//
//
// In: a module whose contractions are integers, with QDQ on the values between
// operations. Out: what is between a dequantize and a quantize on integers
// (IntegerBody.h):
//
//   quantize(f(dequantize(q), ..., constants))  ->  F(q, ...)
//
// Operations are taken in order, each with all its operands or not at all. The
// float operation stays for readers that are float, and is erased where none
// is left. Refused, with a reason: what emitIntegerBody refuses, values from
// the caller that nothing quantizes.
//
//===----------------------------------------------------------------------===//
#include "IntegerBody.h"
#include "QuantizedOperand.h"

#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/Offenders.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERTOINTEGERS
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static bool isReal(Type type) { return getElementTypeOrSelf(type).isF32(); }

static bool isRealTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

namespace {
struct LowerToIntegers : lowbit::impl::LowerToIntegersBase<LowerToIntegers> {
  void runOnOperation() override {
    ParameterReader reader(getOperation());
    IntegerRanges ranges(reader);
    this->reader = &reader;
    this->ranges = &ranges;
    tensors.clear();
    ops.clear();
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      ops.push_back(op);
      return isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                       : WalkResult::advance();
    });
    for (size_t i = 0, e = ops.size(); i < e; ++i)
      visit(ops[i]);
    eraseUnread(ops);
    eraseDeadParameters(getOperation());
    Offenders offenders;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isStranded(op))
        offenders.add(op->getLoc(), findProblem(op));
      return isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                       : WalkResult::advance();
    });
    if (failed(offenders.report(getOperation(), "integer-only")))
      signalPassFailure();
  }

private:
  void visit(Operation *op) {
    ranges->visit(op);
    if (auto range = AccumulatorRange::get(op);
        range && op->getNumResults() == 1)
      ranges->narrow(op->getResult(0), {range->min, range->max});
    if (auto dequantize = dyn_cast<DequantizeOp>(op))
      return read(dequantize);
    if (auto quantize = dyn_cast<QuantizeOp>(op))
      return write(quantize);
    if (auto leaving = dyn_cast<func::ReturnOp>(op))
      return leave(leaving);
    if (op->getNumResults() != 1 || !isRealTensor(op->getResult(0)) ||
        isFloatContraction(op))
      return;
    if (OpOperand *moved = movedOperand(op))
      return move(op, moved);
    if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      return join(concat);
    if (auto pad = dyn_cast<tensor::PadOp>(op))
      return padLowest(pad);
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return compute(generic);
    // Pooling and the like, as what they stand for.
    auto named = dyn_cast<linalg::LinalgOp>(op);
    if (!named || isa<linalg::FillOp>(op))
      return;
    IRRewriter rewriter(op);
    auto generic = linalg::generalizeNamedOp(rewriter, named);
    if (failed(generic))
      return;
    for (StringRef name : {LowbitDialect::kIdAttr, LowbitDialect::kRangeAttr})
      if (Attribute attr = op->getAttr(name))
        (*generic)->setAttr(name, attr);
    ops.push_back(*generic);
    compute(*generic);
  }

  /// Padding that a maximum passes over.
  void padLowest(tensor::PadOp op) {
    auto found = tensors.find(op.getSource());
    Value value = op.getConstantPaddingValue();
    FloatAttr number;
    if (found == tensors.end() || !value ||
        !matchPattern(value, m_Constant(&number)) ||
        number.getValueAsDouble() > std::numeric_limits<float>::lowest())
      return;
    OpBuilder builder(op);
    IntegerTensor tensor = found->second;
    if (tensor.samples || !tensor.scale.isPositive())
      tensor = emitRescaled(builder, op, tensor);
    Type element = getElementTypeOrSelf(tensor.ints.getType());
    Value least = arith::ConstantOp::create(
        builder, op.getLoc(),
        builder.getIntegerAttr(element, tensor.range.min + tensor.zero));
    tensor.ints = tensor::PadOp::create(
        builder, op.getLoc(), op.getResultType().clone(element), tensor.ints,
        op.getMixedLowPad(), op.getMixedHighPad(), least, op.getNofold());
    ranges->visit(tensor.ints.getDefiningOp());
    tensors[op.getResult()] = tensor;
  }

  /// Results leave as dequantized integers: of 8 or 16 bits as they are, others
  /// as 16 bits of twice the range that was observed.
  void leave(func::ReturnOp op) {
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
      auto scalar = [&](Type element, auto value) {
        return DenseElementsAttr::get(RankedTensorType::get({}, element),
                                      value);
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

  /// Float only because an operand is, whose maker is the one to name; or what
  /// such an operation reads.
  bool isStranded(Operation *op) {
    if (isa<arith::ConstantOp, GetParameterOp, tensor::EmptyOp, linalg::FillOp>(
            op) ||
        (op->getNumResults() == 1 && tensors.count(op->getResult(0))))
      return true;
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      Operation *maker = operand.getDefiningOp();
      return isReal(operand.getType()) && !tensors.count(operand) && maker &&
             !isConstantTensor(operand) &&
             !isa<tensor::EmptyOp, linalg::FillOp>(maker) &&
             !findProblem(maker).empty();
    });
  }

  /// Why an operation breaks the contract: it computes with floats and is none
  /// of those at the borders.
  static std::string findProblem(Operation *op) {
    if (isa<func::FuncOp, func::ReturnOp, ParameterOp, ModuleOp>(op) ||
        (llvm::none_of(op->getOperandTypes(), isReal) &&
         llvm::none_of(op->getResultTypes(), isReal)))
      return "";
    auto fromCaller = [](Value value) {
      while (OpOperand *moved = movedOperand(value.getDefiningOp()))
        value = moved->get();
      return isa<BlockArgument>(value);
    };
    if (isa<QuantizeOp>(op) && fromCaller(op->getOperand(0)))
      return "";
    if (movedOperand(op) && fromCaller(op->getResult(0)))
      return "";
    if (isa<tensor::DimOp>(op))
      return "";
    bool leaves = llvm::all_of(op->getUsers(), llvm::IsaPred<func::ReturnOp>);
    if (isa<DequantizeOp>(op) && leaves)
      return "";
    auto reason =
        op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr);
    std::string why = "it has no integer form in this version";
    if (reason)
      why = reason.str();
    // What a rule of the recipe asks for.
    if (reason && reason.getValue().starts_with("kept float by"))
      why += "; leave it out, or take mode=static";
    return ("'" + op->getName().getStringRef() +
            "' computes with floats: " + why)
        .str();
  }

  void read(DequantizeOp op) {
    auto operand = matchQuantizedOperand(op.getOutput());
    if (!operand || !operand->isStatic() || operand->format.isBlockwise() ||
        operand->format.getPack() || !llvm::all_equal(operand->zeroPoints))
      return;
    unsigned width = operand->format.getPlainStorage().getWidth();
    if ((width != 8 && width != 16) || !operand->format.isSigned())
      return;
    IntegerTensor tensor;
    tensor.zero = operand->zeroPoints.front();
    tensor.range = {operand->format.getMin() - tensor.zero,
                    operand->format.getMax() - tensor.zero};
    tensor.scale.values.assign(operand->scales.begin(), operand->scales.end());
    if (operand->format.isPerAxis())
      tensor.scale.loop = *operand->format.getAxis();
    OpBuilder builder(op);
    tensor.ints = operand->emitIntegers(builder);
    tensors[op.getOutput()] = tensor;
  }

  void write(QuantizeOp op) {
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
    ranges->visit(ints.getDefiningOp());
    account(op, ints.getDefiningOp(), found->second.tabled);
    Value cast = StorageCastOp::create(builder, op.getLoc(), type, ints);
    op.replaceAllUsesWith(cast);
    ++numQuantize;
  }

  /// The integers move as the floats would; 0.0 is their zero point.
  void move(Operation *op, OpOperand *moved) {
    auto found = tensors.find(moved->get());
    if (found == tensors.end() && isConstantTensor(moved->get()))
      found = makeConstant(moved->get());
    if (found == tensors.end())
      return;
    IntegerTensor tensor = found->second;
    OpBuilder builder(op);
    if (tensor.scale.loop && !tensor.samples) {
      // A scale whose dimension is split or cut ends here.
      if (auto axis = axisAfter(op, *tensor.scale.loop)) {
        tensor.scale.loop = *axis;
      } else {
        tensor = emitRescaled(builder, op, tensor);
        ranges->visit(tensor.ints.getDefiningOp());
      }
    }
    tensor.ints = moveIntegers(builder, op, tensor);
    tensors[op->getResult(0)] = tensor;
  }

  /// All parts in steps of one size, which none of them is finer than needs be.
  void join(tensor::ConcatOp op) {
    SmallVector<IntegerTensor> parts;
    double magnitude = 0;
    for (Value operand : op.getInputs()) {
      auto found = tensors.find(operand);
      if (found == tensors.end() && isConstantTensor(operand))
        found = makeConstant(operand);
      if (found == tensors.end())
        return;
      parts.push_back(found->second);
      magnitude = std::max(magnitude, magnitudeOf(found->second));
    }
    const IntegerTensor &first = parts.front();
    bool isSame = llvm::all_of(parts, [&](const IntegerTensor &part) {
      return !part.samples && part.scale.isSingle() &&
             part.scale == first.scale && part.zero == first.zero &&
             getElementTypeOrSelf(part.ints.getType()) ==
                 getElementTypeOrSelf(first.ints.getType());
    });
    OpBuilder builder(op);
    IntegerTensor result = first;
    SmallVector<Value> ints;
    for (IntegerTensor &part : parts) {
      if (!isSame)
        part = emitRescaled(builder, op, part, std::ldexp(magnitude, -29));
      ranges->visit(part.ints.getDefiningOp());
      ints.push_back(part.ints);
      result.range = result.range.unite(part.range);
    }
    result.scale = parts.front().scale;
    result.zero = parts.front().zero;
    result.samples = nullptr;
    result.expected = hintOf(op.getResult());
    Type element = getElementTypeOrSelf(ints.front().getType());
    result.ints = tensor::ConcatOp::create(
        builder, op.getLoc(),
        cast<RankedTensorType>(op.getType()).clone(element), op.getDim(), ints);
    ranges->visit(result.ints.getDefiningOp());
    account(op, result.ints.getDefiningOp());
    tensors[op.getResult()] = result;
    ++numInteger;
  }

  using Tensors = llvm::DenseMap<Value, IntegerTensor>;

  /// A constant that is moved, as 16 bits.
  Tensors::iterator makeConstant(Value constant) {
    auto bytes = reader->read(constant);
    if (failed(bytes))
      return tensors.end();
    IntegerTensor tensor;
    double largest = 0;
    for (float element : bytes->as<float>())
      largest = std::max(largest, std::abs<double>(element));
    if (!std::isfinite(largest))
      return tensors.end();
    tensor.scale = largest == 0 ? 1.0 : largest / 32767;
    tensor.range = {-32767, 32767};
    std::vector<int16_t> codes;
    for (float element : bytes->as<float>())
      codes.push_back(std::lround(element / tensor.scale.single()));
    OpBuilder builder(constant.getContext());
    builder.setInsertionPointAfterValue(constant);
    tensor.ints =
        ConstantBuilder(getOperation())
            .create(builder, constant.getLoc(), valueName(constant) + ".i16",
                    bytes->type.clone(builder.getI16Type()),
                    ArrayRef<int16_t>(codes));
    return tensors.try_emplace(constant, tensor).first;
  }

  static Value moveIntegers(OpBuilder &builder, Operation *op,
                            const IntegerTensor &tensor) {
    Type element = getElementTypeOrSelf(tensor.ints.getType());
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      Value zero = arith::ConstantOp::create(
          builder, op->getLoc(), builder.getIntegerAttr(element, tensor.zero));
      return tensor::PadOp::create(
          builder, op->getLoc(), type.clone(element), tensor.ints,
          pad.getMixedLowPad(), pad.getMixedHighPad(), zero, pad.getNofold());
    }
    IRMapping mapping;
    mapping.map(movedOperand(op)->get(), tensor.ints);
    if (auto copy = dyn_cast<linalg::LinalgOp>(op)) {
      Value init = copy.getDpsInits()[0];
      mapping.map(init, tensor::EmptyOp::create(
                            builder, op->getLoc(),
                            tensor::getMixedSizes(builder, op->getLoc(), init),
                            element));
    }
    Operation *clone = builder.clone(*op, mapping);
    clone->removeAttr(LowbitDialect::kIdAttr);
    clone->removeAttr(LowbitDialect::kRangeAttr);
    if (isa<linalg::LinalgOp>(op))
      for (BlockArgument argument : clone->getRegion(0).getArguments())
        argument.setType(element);
    clone->getResult(0).setType(type.clone(element));
    return clone->getResult(0);
  }

  void compute(linalg::GenericOp op) {
    if (op.getNumResults() != 1 || op.getNumDpsInits() != 1)
      return;
    std::string reason;
    OpBuilder builder(op);
    auto operand = [&](Value value) -> std::optional<RealOperand> {
      if (auto found = tensors.find(value); found != tensors.end())
        return RealOperand{found->second, {}};
      if (!isConstantTensor(value))
        return std::nullopt;
      auto bytes = reader->read(value);
      if (failed(bytes))
        return std::nullopt;
      kept.push_back(*bytes);
      return RealOperand{std::nullopt, kept.back().as<float>()};
    };
    auto result =
        emitIntegerBody(builder, op, {operand, hintOf(op.getResult(0))},
                        *reader, *ranges, reason);
    if (!result) {
      op->setAttr(LowbitDialect::kFloatReasonAttr,
                  builder.getStringAttr(reason));
      return;
    }
    SmallVector<Attribute> tabled;
    for (Value operand : op->getOperands())
      if (auto found = tensors.find(operand); found != tensors.end())
        tabled.append(found->second.tabled);
    if (result->samples) {
      if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
        tabled.push_back(id);
      result->tabled = tabled;
      ++numTable;
    } else {
      Operation *made = result->ints.getDefiningOp();
      ranges->visit(made);
      account(op, made, tabled);
      ++numInteger;
    }
    result->expected = hintOf(op.getResult(0));
    tensors[op.getResult(0)] = *result;
  }

  /// `made` computes what `op` did, and reads tables of other operations.
  static void account(Operation *op, Operation *made,
                      ArrayRef<Attribute> tabled = {}) {
    Builder builder(op->getContext());
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      made->setAttr(LowbitDialect::kIntegersAttr, builder.getArrayAttr({id}));
    if (!tabled.empty())
      made->setAttr(LowbitDialect::kTablesAttr, builder.getArrayAttr(tabled));
  }

  static std::optional<RealRange> rangeOf(Value value) {
    auto seen = value.getDefiningOp()->getAttrOfType<DenseF64ArrayAttr>(
        LowbitDialect::kRangeAttr);
    return seen ? std::optional<RealRange>({seen[0], seen[1]}) : std::nullopt;
  }

  /// e^-24 is below a step of what it is added up with.
  static constexpr double kDeepest = 24;

  /// Where a softmax is all that reads the value: the least of the maxima that
  /// are subtracted from it.
  static std::optional<double> leastMaximum(Value value) {
    Value maxima;
    for (Operation *user : value.getUsers()) {
      auto generic = dyn_cast<linalg::GenericOp>(user);
      if (!generic)
        return std::nullopt;
      Operation *last =
          generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
      if (generic.getNumReductionLoops() == 1 &&
          isa_and_nonnull<arith::MaximumFOp>(last))
        maxima = generic.getResult(0);
    }
    if (!maxima || !rangeOf(maxima))
      return std::nullopt;
    for (Operation *user : value.getUsers())
      if (user != maxima.getDefiningOp() &&
          llvm::none_of(user->getOperands(), [&](Value operand) {
            while (OpOperand *moved = movedOperand(operand.getDefiningOp()))
              operand = moved->get();
            return operand == maxima;
          }))
        return std::nullopt;
    return rangeOf(maxima)->min;
  }

  /// What the value was on calibration data, else the ends of the format that
  /// it is quantized to.
  static std::optional<RealRange> hintOf(Value value) {
    if (auto seen = rangeOf(value)) {
      // A mask makes some numbers so low that e to them is 0.
      if (auto least = leastMaximum(value))
        seen->min = std::max(seen->min, *least - kDeepest);
      return seen;
    }
    for (Operation *user : value.getUsers()) {
      auto quantize = dyn_cast<QuantizeOp>(user);
      auto format =
          quantize ? dyn_cast<AffineType>(Type(quantize.getQuantizedFormat()))
                   : AffineType();
      auto known = format && QuantParameters::of(quantize).isStatic()
                       ? QuantParameters::of(quantize).read()
                       : std::nullopt;
      if (!known || known->scales.size() != 1)
        continue;
      double scale = known->scales.front(), zero = known->zeroPoints.front();
      return RealRange{(format.getMin() - zero) * scale,
                       (format.getMax() - zero) * scale};
    }
    return std::nullopt;
  }

  /// Readers first.
  static void eraseUnread(ArrayRef<Operation *> ops) {
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }

  /// In order, and what takes the place of some at the end.
  SmallVector<Operation *> ops;
  ParameterReader *reader = nullptr;
  IntegerRanges *ranges = nullptr;
  Tensors tensors;
  std::vector<ConstantBytes> kept;
};
} // namespace
