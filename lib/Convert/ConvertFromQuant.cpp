//===- ConvertFromQuant.cpp - from the upstream quant dialect -------------===//
//
//   quant.qcast %x : T to tensor<..!quant.uniform<i8:f32, 0.5:3>>
//     ->  lowbit.quantize %x {scale = dense<0.5>, zero_point = dense<3>}
//           : T -> tensor<..!lowbit.affine<i8>>
//   quant.dcast  ->  lowbit.dequantize        quant.scast  ->
//   lowbit.storage_cast
//
// In: any module. Out: no `!quant` type and no quant operation. A function's
// quantized arguments and results keep their parameters as attributes
// (`lowbit.scale`, `lowbit.zero_point`). Refused, each at its place and before
// anything is changed: types that UniformTypes.h cannot say, unranked tensors,
// and operations that compute with quantized values.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"
#include "lowbit/Convert/UniformTypes.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CONVERTFROMQUANT
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

static quant::QuantizedType quantizedElement(Type type) {
  return dyn_cast<quant::QuantizedType>(getElementTypeOrSelf(type));
}

namespace {
/// One run over one module: each reports the types that it cannot say.
class Conversion {
public:
  explicit Conversion(ModuleOp module) : module(module) {}

  /// How many operations were converted.
  FailureOr<unsigned> run() {
    if (!check())
      return failure();
    SmallVector<std::pair<Operation *, quant::QuantizedType>> casts;
    module.walk([&](Operation *op) {
      if (isa<quant::QuantizeCastOp>(op))
        casts.emplace_back(op, quantizedElement(op->getResult(0).getType()));
      else if (isa<quant::DequantizeCastOp, quant::StorageCastOp>(op))
        casts.emplace_back(op, quantizedElement(op->getOperand(0).getType()));
      else if (auto function = dyn_cast<FunctionOpInterface>(op))
        annotate(function);
    });
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](quant::QuantizedType type) -> Type {
      auto found = formats.find(type);
      return found == formats.end() ? Type(type) : found->second.format;
    });
    replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    for (auto [op, type] : casts)
      replaceCast(op, type);
    return numConverted;
  }

private:
  /// Fills `formats`; reports all that cannot be said.
  bool check() {
    bool isGood = true;
    module.walk([&](Operation *op) {
      SmallVector<Type> types(op->getResultTypes());
      llvm::append_range(types, op->getOperandTypes());
      for (Region &region : op->getRegions())
        for (Block &block : region)
          llvm::append_range(types, block.getArgumentTypes());
      if (auto function = dyn_cast<FunctionOpInterface>(op)) {
        llvm::append_range(types, function.getArgumentTypes());
        llvm::append_range(types, function.getResultTypes());
      }
      bool hasQuantized = false;
      for (Type type : types)
        if (quant::QuantizedType element = quantizedElement(type)) {
          hasQuantized = true;
          isGood &= checkType(op, type, element);
        }
      bool isCast = isa_and_nonnull<quant::QuantDialect>(op->getDialect());
      if (hasQuantized && !isCast && !movesQuantizedValues(op)) {
        op->emitError() << "'" << op->getName()
                        << "' has operands or results of a quantized type, and "
                           "what it computes from them is not known; put "
                           "quant.dcast before it and quant.qcast after it";
        isGood = false;
      }
    });
    return isGood;
  }

  bool checkType(Operation *op, Type type, quant::QuantizedType element) {
    if (isa<UnrankedTensorType>(type)) {
      op->emitError() << "'" << op->getName() << "' has type " << type
                      << "; quantized tensors must be ranked";
      return false;
    }
    // One error a type, where it is first seen.
    if (!seen.insert(element).second)
      return formats.contains(element);
    std::string problem;
    std::optional<UniformFormat> format = fromUniform(element, problem);
    if (!format) {
      op->emitError() << "'" << op->getName() << "' has type " << element
                      << ": " << problem;
      return false;
    }
    formats.try_emplace(element, *format);
    return true;
  }

  /// Quantized arguments and results keep their parameters.
  void annotate(FunctionOpInterface function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto type = quantizedElement(function.getArgumentTypes()[i])) {
        function.setArgAttr(i, kScaleAttr, formats.at(type).scale);
        function.setArgAttr(i, kZeroPointAttr, formats.at(type).zeroPoint);
      }
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (auto type = quantizedElement(function.getResultTypes()[i])) {
        function.setResultAttr(i,
                               StringAttr::get(module.getContext(), kScaleAttr),
                               formats.at(type).scale);
        function.setResultAttr(
            i, StringAttr::get(module.getContext(), kZeroPointAttr),
            formats.at(type).zeroPoint);
      }
  }

  void replaceCast(Operation *op, quant::QuantizedType type) {
    OpBuilder builder(op);
    Type result = op->getResult(0).getType();
    Value input = op->getOperand(0), output;
    if (isa<quant::StorageCastOp>(op)) {
      output = StorageCastOp::create(builder, op->getLoc(), result, input);
    } else {
      const UniformFormat &format = formats.at(type);
      QuantParameters parameters;
      parameters.scale = format.scale;
      parameters.zeroPoint = format.zeroPoint;
      if (isa<quant::QuantizeCastOp>(op))
        output = QuantizeOp::create(builder, op->getLoc(), result, input,
                                    parameters);
      else
        output = DequantizeOp::create(builder, op->getLoc(), result, input,
                                      parameters);
    }
    output.getDefiningOp()->setDiscardableAttrs(
        op->getDiscardableAttrDictionary());
    op->replaceAllUsesWith(ValueRange{output});
    op->erase();
    ++numConverted;
  }

  ModuleOp module;
  llvm::DenseMap<Type, UniformFormat> formats;
  llvm::SmallDenseSet<Type> seen;
  unsigned numConverted = 0;
};

struct ConvertFromQuant : lowbit::impl::ConvertFromQuantBase<ConvertFromQuant> {
  void runOnOperation() override {
    FailureOr<unsigned> converted = Conversion(getOperation()).run();
    if (failed(converted))
      return signalPassFailure();
    numConverted += *converted;
  }
};
} // namespace
