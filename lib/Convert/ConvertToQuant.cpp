//===- ConvertToQuant.cpp - to the upstream quant dialect -----------------===//
//
//   lowbit.quantize %x {scale = dense<0.5>, zero_point = dense<3>}
//         : T -> tensor<..!lowbit.affine<i8>>
//     ->  quant.qcast %x : T to tensor<..!quant.uniform<i8:f32, 0.5:3>>
//   lowbit.dequantize  ->  quant.dcast     lowbit.storage_cast  ->  quant.scast
//
// Upstream's types hold the parameters, so every quantized value must have one
// set of them: that of the quantize that makes it, of the dequantize that reads
// it, or of the function argument or result (`lowbit.scale`,
// `lowbit.zero_point`) that it is, through whatever moves it (ValueClasses.h).
//
// In: any module. Out: no lowbit format. Refused, each at its place and before
// anything is changed: values without parameters or with two sets, parameters
// of the run, rounding and saturation other than the default, formats that
// UniformTypes.h cannot say, other operations on quantized values.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"
#include "lowbit/Convert/UniformTypes.h"

#include "ValueClasses.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CONVERTTOQUANT
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

namespace {
/// What is known of the values that must have one type.
struct ClassFacts {
  std::optional<KnownParameters> parameters;
  Location statedAt;
  AffineType format;
  quant::QuantizedType type;
};

/// One run over one module. Nothing of it may outlive the run: the nodes of
/// ValueClasses are numbered anew in each module.
class Conversion {
public:
  explicit Conversion(ModuleOp module) : module(module) {}

  /// How many operations were converted.
  FailureOr<unsigned> run() {
    if (!check())
      return failure();
    ValueClasses classes(module);
    collectParameters(classes);
    if (isGood)
      chooseTypes(classes);
    if (!isGood)
      return failure();
    rewrite(classes);
    return numConverted;
  }

private:
  InFlightDiagnostic fail(Location loc) {
    isGood = false;
    return emitError(loc);
  }

  /// Operations that have no upstream form.
  bool check() {
    module.walk([&](Operation *op) {
      auto hasFormat = [](Type type) { return bool(quantizedElement(type)); };
      bool isQuantized = llvm::any_of(op->getOperandTypes(), hasFormat) ||
                         llvm::any_of(op->getResultTypes(), hasFormat);
      for (NamedAttribute attr : op->getAttrs())
        if (auto type = dyn_cast<TypeAttr>(attr.getValue()))
          isQuantized |= hasFormat(type.getValue());
      if (auto quantize = dyn_cast<QuantizeOp>(op)) {
        if (quantize.getRounding() != RoundingMode::HalfEven)
          fail(op->getLoc())
              << "rounding is " << stringifyRoundingMode(quantize.getRounding())
              << ", and upstream's quant.qcast does not say how it rounds; "
                 "only "
                 "half_even converts";
        if (!quantize.getSaturate())
          fail(op->getLoc())
              << "quantize without saturation has no upstream form; "
                 "quant.qcast saturates";
      }
      if (isa<QuantizeOp, DequantizeOp>(op)) {
        if (!QuantParameters::of(cast<QuantizationOpInterface>(op)).isStatic())
          fail(op->getLoc()) << "'" << op->getName()
                             << "' has parameters of the run; upstream's are "
                                "in the type, so they must be attributes";
      } else if (isQuantized && !isa<StorageCastOp>(op) &&
                 !movesQuantizedValues(op)) {
        fail(op->getLoc())
            << "'" << op->getName()
            << "' has no upstream form; lower it before, or use quantize and "
               "dequantize around float operations";
      }
    });
    return isGood;
  }

  //===--------------------------------------------------------------------===//
  // Parameters
  //===--------------------------------------------------------------------===//

  void state(ValueClasses &classes, unsigned node, Location loc,
             std::optional<KnownParameters> parameters) {
    if (!parameters) {
      fail(loc) << "the parameters cannot be read";
      return;
    }
    unsigned leader = classes.leader(node);
    auto [it, isNew] =
        facts.try_emplace(leader, ClassFacts{parameters, loc, {}, {}});
    KnownParameters &known = *it->second.parameters;
    if (isNew || (known.scales == parameters->scales &&
                  known.zeroPoints == parameters->zeroPoints))
      return;
    InFlightDiagnostic error =
        fail(loc) << "a quantized value has two sets of parameters, and an "
                     "upstream type holds one; put a pair of storage_cast, or "
                     "a dequantize and a quantize, between its readers";
    error.attachNote(it->second.statedAt) << "the other set is here";
  }

  void collectParameters(ValueClasses &classes) {
    module.walk([&](Operation *op) {
      if (auto quantize = dyn_cast<QuantizeOp>(op))
        state(classes, classes.node(quantize.getOutput()), op->getLoc(),
              QuantParameters::of(quantize).read());
      else if (auto dequantize = dyn_cast<DequantizeOp>(op))
        state(classes, classes.node(dequantize.getInput()), op->getLoc(),
              QuantParameters::of(dequantize).read());
      else if (auto function = dyn_cast<FunctionOpInterface>(op)) {
        for (unsigned i = 0; i < function.getNumArguments(); ++i)
          if (quantizedElement(function.getArgumentTypes()[i]))
            stateAttributes(classes, classes.argument(op, i), op,
                            function.getArgAttr(i, kScaleAttr),
                            function.getArgAttr(i, kZeroPointAttr));
        for (unsigned i = 0; i < function.getNumResults(); ++i)
          if (quantizedElement(function.getResultTypes()[i]))
            stateAttributes(classes, classes.result(op, i), op,
                            function.getResultAttr(i, kScaleAttr),
                            function.getResultAttr(i, kZeroPointAttr));
      }
    });
  }

  void stateAttributes(ValueClasses &classes, unsigned node, Operation *op,
                       Attribute scale, Attribute zeroPoint) {
    if (!scale && !zeroPoint)
      return;
    QuantParameters parameters;
    parameters.scale = dyn_cast_or_null<ElementsAttr>(scale);
    parameters.zeroPoint = dyn_cast_or_null<ElementsAttr>(zeroPoint);
    if (!parameters.scale || !parameters.zeroPoint) {
      fail(op->getLoc()) << "'" << kScaleAttr << "' and '" << kZeroPointAttr
                         << "' of a function must both be elements attributes";
      return;
    }
    state(classes, node, op->getLoc(), parameters.read());
  }

  //===--------------------------------------------------------------------===//
  // Types
  //===--------------------------------------------------------------------===//

  /// A type for each class. Shapes matter to blocks, so every value is looked
  /// at.
  void chooseTypes(ValueClasses &classes) {
    for (auto [node, type, loc] : classes.nodes()) {
      QuantizedTypeInterface format = quantizedElement(type);
      auto found = facts.find(classes.leader(node));
      if (found == facts.end()) {
        fail(loc) << "no operation says the scale of a value of type " << type
                  << "; give the function argument or result that it comes "
                     "from or goes to '"
                  << kScaleAttr << "' and '" << kZeroPointAttr << "'";
        facts.try_emplace(classes.leader(node),
                          ClassFacts{std::nullopt, loc, {}, {}});
        continue;
      }
      ClassFacts &known = found->second;
      if (!known.parameters)
        continue;
      ArrayRef<int64_t> shape;
      if (auto shaped = dyn_cast<RankedTensorType>(type))
        shape = shaped.getShape();
      std::string problem;
      quant::QuantizedType chosen =
          countsFit(format, *known.parameters, shape, problem)
              ? toUniform(format, *known.parameters, shape, problem)
              : quant::QuantizedType();
      if (!chosen)
        fail(loc) << "type " << type << " has no upstream form: " << problem;
      else if (known.type && known.type != chosen)
        fail(loc) << "a quantized value of type " << known.type
                  << " is also one of type " << chosen;
      else
        known.type = chosen;
      if (!chosen || !isGood)
        known.parameters = std::nullopt;
    }
  }

  /// Attributes of functions are not verified like those of operations.
  static bool countsFit(QuantizedTypeInterface format,
                        const KnownParameters &parameters,
                        ArrayRef<int64_t> shape, std::string &problem) {
    int64_t count = 1;
    if (auto axis = format.getGranularity().getAxis())
      count = size_t(*axis) < shape.size() ? shape[*axis] : 0;
    else
      for (int64_t size : format.getGranularity().parameterShape(shape))
        count = ShapedType::isDynamic(size) ? size : count * size;
    int64_t found = int64_t(parameters.scales.size());
    if (ShapedType::isDynamic(count) || found == count)
      return true;
    problem = "it has " + std::to_string(count) + " scales, and " +
              std::to_string(found) + " are given";
    return false;
  }

  //===--------------------------------------------------------------------===//
  // Rewriting
  //===--------------------------------------------------------------------===//

  void rewrite(ValueClasses &classes) {
    auto typeOf = [&](unsigned node, Type type) -> Type {
      quant::QuantizedType element = facts.at(classes.leader(node)).type;
      auto shaped = dyn_cast<ShapedType>(type);
      return shaped ? Type(shaped.clone(element)) : Type(element);
    };
    module.walk([&](Operation *op) {
      auto function = dyn_cast<FunctionOpInterface>(op);
      if (!function)
        return;
      SmallVector<Type> inputs(function.getArgumentTypes()),
          outputs(function.getResultTypes());
      for (auto [i, type] : llvm::enumerate(inputs))
        if (quantizedElement(type)) {
          type = typeOf(classes.argument(op, i), type);
          function.removeArgAttr(i, kScaleAttr);
          function.removeArgAttr(i, kZeroPointAttr);
        }
      for (auto [i, type] : llvm::enumerate(outputs))
        if (quantizedElement(type)) {
          type = typeOf(classes.result(op, i), type);
          for (StringRef name : {kScaleAttr, kZeroPointAttr})
            function.removeResultAttr(
                i, StringAttr::get(module.getContext(), name));
        }
      function.setFunctionTypeAttr(
          TypeAttr::get(function.cloneTypeWith(inputs, outputs)));
    });
    classes.forEachValue([&](Value value, unsigned node) {
      value.setType(typeOf(node, value.getType()));
    });
    SmallVector<Operation *> casts;
    module.walk([&](Operation *op) {
      if (isa<QuantizeOp, DequantizeOp, StorageCastOp>(op))
        casts.push_back(op);
    });
    for (Operation *op : casts)
      replaceCast(op);
  }

  void replaceCast(Operation *op) {
    OpBuilder builder(op);
    Type result = op->getResult(0).getType();
    Value input = op->getOperand(0), output;
    if (isa<QuantizeOp>(op))
      output =
          quant::QuantizeCastOp::create(builder, op->getLoc(), result, input);
    else if (isa<DequantizeOp>(op))
      output =
          quant::DequantizeCastOp::create(builder, op->getLoc(), result, input);
    else
      output =
          quant::StorageCastOp::create(builder, op->getLoc(), result, input);
    output.getDefiningOp()->setDiscardableAttrs(
        op->getDiscardableAttrDictionary());
    op->replaceAllUsesWith(ValueRange{output});
    op->erase();
    ++numConverted;
  }

  ModuleOp module;
  llvm::MapVector<unsigned, ClassFacts> facts;
  bool isGood = true;
  unsigned numConverted = 0;
};

struct ConvertToQuant : lowbit::impl::ConvertToQuantBase<ConvertToQuant> {
  void runOnOperation() override {
    FailureOr<unsigned> converted = Conversion(getOperation()).run();
    if (failed(converted))
      return signalPassFailure();
    numConverted += *converted;
  }
};
} // namespace
