//===- SignOperands.cpp - operands of contractions as signed bytes --------===//
//
// In: contractions of dequantized values. Out: those of unsigned and narrower
// formats are of signed bytes, with the same real values:
//
//   dequantize(ui8 q, zp)  ->  dequantize(i8 q - 128, zp - 128)
//
// The integers change at their source, a quantize, requantize or constant, and
// move as before. Left as they are: packed formats, blocks, more than 8 bits,
// and values that no contraction reads.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SIGNOPERANDS
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

/// A format of integers that are no signed bytes, but would fit some.
static bool isWanting(AffineType format) {
  return format && (!format.isBlockwise() || format.isRows()) &&
         !format.getPack() && format.getStorage().getWidth() <= 8 &&
         (format.getStorage().getWidth() < 8 || !format.isSigned());
}

/// How much less the signed integers are.
static int32_t offsetOf(AffineType format) {
  return format.getMax() > 127 ? 128 : 0;
}

static AffineType signedFormat(AffineType format, int32_t offset) {
  MLIRContext *context = format.getContext();
  return AffineType::get(context, IntegerType::get(context, 8),
                         format.getMin() - offset, format.getMax() - offset,
                         format.getGranularity(), std::nullopt);
}

static bool fitsSigned(AffineType format, int32_t offset) {
  return format.getMin() - offset >= -128 && format.getMax() - offset <= 127;
}

/// The parameters with zero points that are `offset` less.
static QuantParameters shift(OpBuilder &builder, Operation *op,
                             QuantParameters parameters, int32_t offset) {
  if (offset == 0)
    return parameters;
  if (Value dynamic = parameters.dynamicZeroPoint) {
    parameters.dynamicZeroPoint =
        emitElementwise(builder, op, dynamic, ElementInput::of(dynamic),
                        builder.getI32Type(),
                        [&](ElementBuilder e, ValueRange args) {
                          return SmallVector<Value>{
                              e.make<arith::SubIOp>(args[0], e.i32(offset))};
                        })
            .front();
    return parameters;
  }
  std::vector<int32_t> zeroPoints = *readIntegers(parameters.zeroPoint);
  for (int32_t &zeroPoint : zeroPoints)
    zeroPoint -= offset;
  auto type = cast<ShapedType>(parameters.zeroPoint.getType());
  parameters.zeroPoint = DenseElementsAttr::get(type, ArrayRef(zeroPoints));
  return parameters;
}

namespace {
/// One conversion of integers: which they were, and what they become.
struct Conversion {
  IntegerType storage;
  int32_t offset;

  bool isSigned() const { return !storage.isUnsigned(); }
  int32_t of(const APInt &code) const {
    int64_t wide = isSigned() ? code.getSExtValue() : code.getZExtValue();
    return int32_t(wide) - offset;
  }
};

class Signer {
public:
  Signer(ModuleOp module, ParameterReader &reader)
      : module(module), reader(reader), builder(module.getContext()) {}

  /// `quantized`, of `format`, as signed bytes.
  Value convert(Value quantized, AffineType format) {
    Conversion how{format.getStorage(), offsetOf(format)};
    Value plain;
    builder.setInsertionPointAfterValue(quantized);
    if (auto back = quantized.getDefiningOp<StorageCastOp>()) {
      plain = convertPlain(back.getInput(), how);
      builder.setInsertionPointAfter(back);
    } else if (Value source =
                   convertProducer(quantized.getDefiningOp(), how.offset)) {
      return source;
    } else {
      auto type = cast<RankedTensorType>(quantized.getType());
      Value codes = StorageCastOp::create(
          builder, quantized.getLoc(),
          type.clone(Type(format.getPlainStorage())), quantized);
      plain = emitConversion(codes, how);
    }
    auto type = cast<RankedTensorType>(quantized.getType());
    return builder.createOrFold<StorageCastOp>(
        quantized.getLoc(), type.clone(Type(signedFormat(format, how.offset))),
        plain);
  }

  OpBuilder &at(Operation *op) {
    builder.setInsertionPoint(op);
    return builder;
  }

private:
  /// A quantize, or a requantize with a known zero point; null for others.
  Value convertProducer(Operation *op, int32_t offset) {
    if (auto quantize = dyn_cast_or_null<QuantizeOp>(op))
      return convertQuantize(quantize, offset);
    auto requantize = dyn_cast_or_null<RequantizeOp>(op);
    if (requantize && requantize.getZeroPointAttr() &&
        readIntegers(requantize.getZeroPointAttr()))
      return convertRequantize(requantize, offset);
    return {};
  }

  Value convertRequantize(RequantizeOp op, int32_t offset) {
    Value &known = made[{op.getOutput(), offset}];
    if (known)
      return known;
    builder.setInsertionPointAfter(op);
    auto type = cast<RankedTensorType>(op.getType());
    auto format = cast<AffineType>(type.getElementType());
    auto clone = cast<RequantizeOp>(builder.clone(*op));
    op->removeAttr(LowbitDialect::kIdAttr);
    QuantParameters parameters;
    parameters.zeroPoint = op.getZeroPointAttr();
    clone.setZeroPointAttr(shift(builder, op, parameters, offset).zeroPoint);
    clone.getOutput().setType(type.clone(Type(signedFormat(format, offset))));
    return known = clone.getOutput();
  }

  Value convertQuantize(QuantizeOp op, int32_t offset) {
    Value &known = made[{op.getOutput(), offset}];
    if (known)
      return known;
    builder.setInsertionPointAfter(op);
    auto format = cast<AffineType>(Type(op.getQuantizedFormat()));
    auto type = cast<RankedTensorType>(op.getType());
    auto parameters = shift(builder, op, QuantParameters::of(op), offset);
    auto quantize = QuantizeOp::create(
        builder, op.getLoc(), type.clone(Type(signedFormat(format, offset))),
        op.getInput(), parameters);
    quantize.setRounding(op.getRounding());
    if (Attribute id = op->removeAttr(LowbitDialect::kIdAttr))
      quantize->setAttr(LowbitDialect::kIdAttr, id);
    quantize.setSaturate(op.getSaturate());
    return known = quantize;
  }

  /// A tensor of plain integers that `how` describes, as bytes.
  Value convertPlain(Value plain, const Conversion &how) {
    // Readers that see other numbers in the same bits want different ones.
    std::pair<Value, int32_t> key{plain, how.offset + how.isSigned()};
    if (Value known = made.lookup(key))
      return known;
    Value result = convertSource(plain, how);
    if (!result)
      result = convertMoved(plain, how);
    if (!result) {
      builder.setInsertionPointAfterValue(plain);
      result = emitConversion(plain, how);
    }
    made[key] = result;
    return result;
  }

  /// At a constant, a quantize or a requantize; null for any other value.
  Value convertSource(Value plain, const Conversion &how) {
    if (isConstantTensor(plain))
      return convertConstant(plain, how);
    auto back = plain.getDefiningOp<StorageCastOp>();
    if (!back)
      return {};
    auto format =
        dyn_cast<AffineType>(getElementTypeOrSelf(back.getInput().getType()));
    if (!format || format.getStorage() != how.storage || format.getPack() ||
        !fitsSigned(format, how.offset))
      return {};
    Value made = convertProducer(back.getInput().getDefiningOp(), how.offset);
    if (!made)
      return {};
    builder.setInsertionPointAfterValue(made);
    return StorageCastOp::create(
        builder, back.getLoc(),
        cast<RankedTensorType>(plain.getType()).clone(builder.getI8Type()),
        made);
  }

  Value convertConstant(Value plain, const Conversion &how) {
    auto type = cast<RankedTensorType>(plain.getType());
    std::vector<char> bytes;
    if (how.storage.getWidth() == 8) {
      auto found = reader.read(plain);
      if (failed(found))
        return {};
      for (char byte : found->data)
        bytes.push_back(
            char(how.of(APInt(8, static_cast<unsigned char>(byte)))));
    } else {
      ElementsAttr elements;
      if (!matchPattern(plain, m_Constant(&elements)))
        return {};
      for (const APInt &code : elements.getValues<APInt>())
        bytes.push_back(char(how.of(code)));
    }
    auto byteType = type.clone(builder.getI8Type());
    builder.setInsertionPointAfterValue(plain);
    ConstantBuilder constants(module);
    return constants.create(builder, plain.getLoc(),
                            valueName(plain) + ".signed", byteType,
                            ArrayRef<char>(bytes));
  }

  /// Bytes that are moved: what is moved changes. Narrower ones would need
  /// another type everywhere; they change behind the movement.
  Value convertMoved(Value plain, const Conversion &how) {
    Operation *op = plain.getDefiningOp();
    if (!op || how.storage.getWidth() != 8)
      return {};
    IRMapping mapping;
    auto pad = dyn_cast<tensor::PadOp>(op);
    if (pad || movedOperand(op)) {
      Value source = op->getOperand(0);
      if (pad && !pad.getConstantPaddingValue())
        return {};
      mapping.map(source, convertPlain(source, how));
    } else if (isa<tensor::ConcatOp>(op)) {
      for (Value source : op->getOperands())
        mapping.map(source, convertPlain(source, how));
    } else {
      return {};
    }
    builder.setInsertionPointAfter(op);
    Operation *clone = builder.clone(*op, mapping);
    if (pad)
      shiftPadding(cast<tensor::PadOp>(clone), how);
    return clone->getResult(0);
  }

  void shiftPadding(tensor::PadOp pad, const Conversion &how) {
    if (how.offset == 0)
      return;
    Value padding = pad.getConstantPaddingValue();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(pad);
    Value top = arith::ConstantOp::create(builder, pad.getLoc(),
                                          builder.getI8IntegerAttr(-128));
    Value changed =
        builder.createOrFold<arith::XOrIOp>(pad.getLoc(), padding, top);
    auto yield = cast<tensor::YieldOp>(pad.getBody()->getTerminator());
    yield.getValueMutable().assign(changed);
  }

  /// One element after the other.
  Value emitConversion(Value plain, const Conversion &how) {
    Type i8 = builder.getI8Type();
    bool isByte = how.storage.getWidth() == 8;
    if (isByte && how.offset == 0)
      return plain;
    Operation *place = plain.getDefiningOp();
    if (!place)
      place = plain.getParentBlock()->getParentOp();
    return emitElementwise(builder, place, plain, ElementInput::of(plain), i8,
                           [&](ElementBuilder e, ValueRange args) {
                             Value code = args[0];
                             if (!isByte)
                               code = e.extend(code, i8, how.isSigned());
                             if (how.offset != 0) {
                               Value top = e.make<arith::ConstantOp>(
                                   e.b.getI8IntegerAttr(-128));
                               code = e.make<arith::XOrIOp>(code, top);
                             }
                             return SmallVector<Value>{code};
                           })
        .front();
  }

  ModuleOp module;
  ParameterReader &reader;
  OpBuilder builder;
  llvm::DenseMap<std::pair<Value, int32_t>, Value> made;
};

struct SignOperands : lowbit::impl::SignOperandsBase<SignOperands> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SetVector<Operation *> wanted;
    module.walk([&](linalg::LinalgOp op) {
      if (auto c = matchFloatContraction(op))
        for (Value operand : {c->lhs(), c->rhs()})
          if (auto dequantize = operand.getDefiningOp<DequantizeOp>())
            if (isWanting(dyn_cast<AffineType>(
                    Type(dequantize.getQuantizedFormat()))) &&
                isa<RankedTensorType>(dequantize.getType()))
              wanted.insert(dequantize);
    });
    if (wanted.empty())
      return markAllAnalysesPreserved();
    ParameterReader reader(module);
    Signer signer(module, reader);
    for (Operation *op : wanted) {
      auto dequantize = cast<DequantizeOp>(op);
      auto format = cast<AffineType>(Type(dequantize.getQuantizedFormat()));
      auto parameters = QuantParameters::of(dequantize);
      if (!parameters.dynamicZeroPoint && !readIntegers(parameters.zeroPoint))
        continue;
      Value ints = signer.convert(dequantize.getInput(), format);
      OpBuilder &builder = signer.at(dequantize);
      auto made = DequantizeOp::create(
          builder, dequantize.getLoc(), dequantize.getType(), ints,
          shift(builder, dequantize, parameters, offsetOf(format)));
      if (Attribute id = dequantize->getAttr(LowbitDialect::kIdAttr))
        made->setAttr(LowbitDialect::kIdAttr, id);
      dequantize.replaceAllUsesWith(made.getOutput());
      dequantize.erase();
      ++numOperands;
    }
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, module->getRegions());
    eraseDeadParameters(module);
  }
};
} // namespace
