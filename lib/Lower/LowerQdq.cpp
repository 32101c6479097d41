//===- LowerQdq.cpp - quantize and dequantize in linalg -------------------===//
//
// Rules N7 and N8 of docs/numerics.md, element by element:
//
//   quantize(x)    ->  trunci(fptosi(clamp(roundeven(x / s), lo - z, hi - z)) +
//   z) dequantize(q)  ->  sitofp(q - z) * s fake_quant(x)  ->  both at once
//
// In: QDQ that the contractions left. Out: linalg.generic on plain integers.
// NaN gives the zero point: it becomes 0 before the conversion.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERQDQ
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

namespace {
/// A scale or zero point in the body of a generic: a number, or an argument.
struct Operand {
  TypedAttr number;
  Value tensor;
  AffineMap map;

  Value inBody(OpBuilder &b, Location loc, ValueRange &arguments) const {
    if (number)
      return arith::ConstantOp::create(b, loc, number);
    Value argument = arguments.front();
    arguments = arguments.drop_front();
    return argument;
  }
};

/// What the three operations share.
struct Parameters {
  AffineType format;
  Operand scale, zeroPoint;
};

struct LowerQdq : lowbit::impl::LowerQdqBase<LowerQdq> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<QuantizeOp, DequantizeOp, FakeQuantOp>(op))
        ops.push_back(op);
    });
    // Readers first: a quantize of a dequantize folded away needs nothing.
    for (Operation *op : llvm::reverse(ops)) {
      if (op->use_empty())
        op->erase();
      else if (auto quantize = dyn_cast<QuantizeOp>(op))
        lowerQuantize(quantize);
      else if (auto dequantize = dyn_cast<DequantizeOp>(op))
        lowerDequantize(dequantize);
      else
        lowerFakeQuant(cast<FakeQuantOp>(op));
    }
    foldStorageCasts();
    eraseDeadParameters(getOperation());
  }

  void lowerQuantize(QuantizeOp op) {
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(op.getType());
    Parameters p = readParameters(
        builder, op, cast<AffineType>(type.getElementType()), type);
    IntegerType plain = p.format.getPlainStorage();
    Value ints = emitGeneric(
        builder, op, op.getInput(), plain, p,
        [&](OpBuilder &b, Location loc, Value x, Value s, Value z) -> Value {
          return arith::TruncIOp::create(b, loc, plain,
                                         emitQuantize(b, loc, p, x, s, z));
        });
    Value cast = StorageCastOp::create(builder, op.getLoc(), type, ints);
    op.replaceAllUsesWith(cast);
    op.erase();
    ++numQuantize;
  }

  void lowerDequantize(DequantizeOp op) {
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Parameters p = readParameters(
        builder, op, cast<AffineType>(type.getElementType()), type);
    Value ints = StorageCastOp::create(builder, op.getLoc(),
                                       type.clone(p.format.getPlainStorage()),
                                       op.getInput());
    Value floats = emitGeneric(
        builder, op, ints, builder.getF32Type(), p,
        [&](OpBuilder &b, Location loc, Value q, Value s, Value z) -> Value {
          Type i32 = b.getI32Type();
          Value wide = p.format.isSigned()
                           ? Value(arith::ExtSIOp::create(b, loc, i32, q))
                           : Value(arith::ExtUIOp::create(b, loc, i32, q));
          return emitDequantize(b, loc, p, wide, s, z);
        });
    op.replaceAllUsesWith(floats);
    op.erase();
    ++numDequantize;
  }

  void lowerFakeQuant(FakeQuantOp op) {
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(op.getType());
    Parameters p =
        readParameters(builder, op, cast<AffineType>(op.getFormat()), type);
    Value floats = emitGeneric(
        builder, op, op.getInput(), builder.getF32Type(), p,
        [&](OpBuilder &b, Location loc, Value x, Value s, Value z) -> Value {
          Value q = emitQuantize(b, loc, p, x, s, z);
          return emitDequantize(b, loc, p, q, s, z);
        });
    op.replaceAllUsesWith(floats);
    op.erase();
    ++numQuantize;
    ++numDequantize;
  }

  /// N7, before narrowing: an i32.
  static Value emitQuantize(OpBuilder &b, Location loc, const Parameters &p,
                            Value x, Value s, Value z) {
    auto number = [&](float value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
    };
    auto bound = [&](int64_t end) -> Value {
      if (auto known = dyn_cast_or_null<IntegerAttr>(p.zeroPoint.number))
        return number(float(end - known.getInt()));
      Value limit =
          arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(int32_t(end)));
      Value steps = arith::SubIOp::create(b, loc, limit, z);
      return arith::SIToFPOp::create(b, loc, b.getF32Type(), steps);
    };
    Value quotient = arith::DivFOp::create(b, loc, x, s);
    Value whole = math::RoundEvenOp::create(b, loc, quotient);
    Value isNan =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, whole, whole);
    Value defined = arith::SelectOp::create(b, loc, isNan, number(0.0f), whole);
    Value atLeast =
        arith::MaximumFOp::create(b, loc, defined, bound(p.format.getMin()));
    Value clamped =
        arith::MinimumFOp::create(b, loc, atLeast, bound(p.format.getMax()));
    Value steps = arith::FPToSIOp::create(b, loc, b.getI32Type(), clamped);
    return arith::AddIOp::create(b, loc, steps, z);
  }

  /// N8, from an i32.
  static Value emitDequantize(OpBuilder &b, Location loc, const Parameters &p,
                              Value q, Value s, Value z) {
    Value steps = arith::SubIOp::create(b, loc, q, z);
    Value exact = arith::SIToFPOp::create(b, loc, b.getF32Type(), steps);
    return arith::MulFOp::create(b, loc, exact, s);
  }

  using Body =
      llvm::function_ref<Value(OpBuilder &, Location, Value, Value, Value)>;

  static Value emitGeneric(OpBuilder &builder, Operation *op, Value input,
                           Type element, const Parameters &p, Body body) {
    Location loc = op->getLoc();
    auto type = cast<RankedTensorType>(input.getType());
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<Value> inputs{input};
    SmallVector<AffineMap> maps{identity};
    for (const Operand *operand : {&p.scale, &p.zeroPoint})
      if (operand->tensor) {
        inputs.push_back(operand->tensor);
        maps.push_back(operand->map);
      }
    maps.push_back(identity);
    Value empty = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, input), element);
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        builder, loc, empty.getType(), inputs, empty, maps, iterators,
        [&](OpBuilder &b, Location l, ValueRange args) {
          ValueRange rest = args.drop_front();
          Value s = p.scale.inBody(b, l, rest);
          Value z = p.zeroPoint.inBody(b, l, rest);
          linalg::YieldOp::create(b, l, ValueRange{body(b, l, args[0], s, z)});
        });
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      generic->setAttr(LowbitDialect::kIdAttr, id);
    if (generic.getResult(0).getType() == type.clone(element))
      return generic.getResult(0);
    return tensor::CastOp::create(builder, loc, type.clone(element),
                                  generic.getResult(0));
  }

  /// Per tensor and known: numbers. Otherwise tensors, and the map that reads
  /// them.
  template <typename OpTy>
  Parameters readParameters(OpBuilder &builder, OpTy op, AffineType format,
                            RankedTensorType type) {
    Parameters p;
    p.format = format;
    unsigned rank = type.getRank();
    AffineMap map = AffineMap::get(rank, 0, builder.getContext());
    if (format.isPerAxis())
      map = AffineMap::get(rank, 0, builder.getAffineDimExpr(*format.getAxis()),
                           builder.getContext());
    auto known = QuantParameters::of(op);
    if (known.scale)
      p.scale = makeOperand<float>(builder, op, known.scale, ".scale", map);
    else
      p.scale = {{}, known.dynamicScale, map};
    if (known.zeroPoint)
      p.zeroPoint = makeOperand<int32_t>(builder, op, known.zeroPoint,
                                         ".zero_point", map);
    else
      p.zeroPoint = {{}, known.dynamicZeroPoint, map};
    return p;
  }

  template <typename T>
  Operand makeOperand(OpBuilder &builder, Operation *op, ElementsAttr attr,
                      StringRef suffix, AffineMap map) {
    std::vector<T> values;
    if constexpr (std::is_same_v<T, float>)
      values = *readFloats(attr);
    else
      values = *readIntegers(attr);
    // One number for all, as the zero points of symmetric weights are.
    if (!values.empty() && llvm::all_equal(values)) {
      if constexpr (std::is_same_v<T, float>)
        return {builder.getF32FloatAttr(values.front()), {}, {}};
      else
        return {builder.getI32IntegerAttr(values.front()), {}, {}};
    }
    ConstantBuilder constants(getOperation());
    return {{},
            constants.create(builder, op->getLoc(),
                             valueName(op->getResult(0)) + suffix.str(),
                             cast<RankedTensorType>(attr.getType()),
                             ArrayRef<T>(values)),
            map};
  }

  void foldStorageCasts() {
    SmallVector<StorageCastOp> casts;
    getOperation().walk([&](StorageCastOp op) { casts.push_back(op); });
    for (StorageCastOp op : casts) {
      auto producer = op.getInput().getDefiningOp<StorageCastOp>();
      if (producer && producer.getInput().getType() == op.getType())
        op.replaceAllUsesWith(producer.getInput());
    }
    for (StorageCastOp op : llvm::reverse(casts))
      if (op->use_empty())
        op.erase();
  }
};
} // namespace
