//===- InsertProbes.cpp - parameters of observers come in as data ---------===//
//
// In: a module with observers. Out: a module of which one compiled program
// computes any choice of parameters:
//
//   observe(x)  ->  s > 0 ? (clamp(roundeven(x / s), lo, hi) + 0) * s : x
//   observe(w)  ->  w, a parameter of its own
//
// The sum with +0 turns -0 into the integer's 0, which has no sign; the clamp
// and the zero point change places as N7 of docs/numerics.md says. Refused: a
// module that has probes already, two observers of one id.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Evaluate/Passes.h"
#include "lowbit/Evaluate/Probes.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_INSERTPROBES
#include "lowbit/Evaluate/Passes.h.inc"
} // namespace lowbit

static Value emitProbe(OpBuilder &b, Location loc, Value x, Value scale,
                       Value low, Value high) {
  auto constant = [&](float value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  };
  Value quotient = arith::DivFOp::create(b, loc, x, scale);
  Value rounded = math::RoundEvenOp::create(b, loc, quotient);
  Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO,
                                      rounded, rounded);
  Value defined =
      arith::SelectOp::create(b, loc, isNaN, constant(0.0f), rounded);
  Value atLeast = arith::MaximumFOp::create(b, loc, defined, low);
  Value clamped = arith::MinimumFOp::create(b, loc, atLeast, high);
  Value steps = arith::AddFOp::create(b, loc, clamped, constant(0.0f));
  Value back = arith::MulFOp::create(b, loc, steps, scale);
  Value isOn = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, scale,
                                     constant(0.0f));
  return arith::SelectOp::create(b, loc, isOn, back, x);
}

namespace {
struct InsertProbes : lowbit::impl::InsertProbesBase<InsertProbes> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main) || failed(collect(*main)))
      return signalPassFailure();
    if (!activations.empty() && failed(insertProbes(*main)))
      return signalPassFailure();
    ParameterReader reader(getOperation());
    for (ObserveOp op : weights)
      if (failed(detachWeight(op, reader)))
        return signalPassFailure();
    for (ObserveOp op : others)
      bypass(op);
    numProbes += activations.size();
    numWeights += weights.size();
  }

  LogicalResult collect(func::FuncOp main) {
    llvm::StringSet<> ids;
    WalkResult result = main.walk([&](ObserveOp op) -> WalkResult {
      bool isWeight = op.getRole() == "weight" || op.getRole() == "table";
      if (!isWeight && !op.isActivation() && !op.isBorder()) {
        others.push_back(op);
        return WalkResult::advance();
      }
      if (!ids.insert(op.getId()).second)
        return op.emitError("another observer has the id '")
               << op.getId() << "' too; each needs its own";
      if (isWeight && !isConstantTensor(op.getInput()))
        return op.emitError("the ")
               << op.getRole() << " '" << op.getId() << "' is not a constant";
      (isWeight ? weights : activations).push_back(op);
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult insertProbes(func::FuncOp main) {
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (main.getArgAttr(i, kProbesName))
        return main.emitError("the module has probes already");
    OpBuilder builder(&getContext());
    SmallVector<StringRef> ids;
    for (ObserveOp op : activations)
      ids.push_back(op.getId());
    auto type =
        RankedTensorType::get({int64_t(ids.size()), 3}, builder.getF32Type());
    auto attributes = builder.getDictionaryAttr(
        {builder.getNamedAttr(LowbitDialect::kNameAttr,
                              builder.getStringAttr(kProbesName)),
         builder.getNamedAttr(kProbesName, builder.getStrArrayAttr(ids))});
    unsigned index = main.getNumArguments();
    if (failed(main.insertArgument(index, type, attributes, main.getLoc())))
      return failure();
    for (auto [row, op] : llvm::enumerate(activations)) {
      SmallVector<Value, 3> parameters;
      builder.setInsertionPointToStart(&main.getBody().front());
      for (int64_t column = 0; column < 3; ++column)
        parameters.push_back(extract(builder, op.getLoc(),
                                     main.getArgument(index), row, column));
      builder.setInsertionPoint(op);
      replace(builder, op, parameters);
    }
    return success();
  }

  static Value extract(OpBuilder &builder, Location loc, Value table,
                       int64_t row, int64_t column) {
    SmallVector<OpFoldResult> offsets{builder.getIndexAttr(row),
                                      builder.getIndexAttr(column)};
    SmallVector<OpFoldResult> ones(2, builder.getIndexAttr(1));
    auto scalar = RankedTensorType::get({}, builder.getF32Type());
    return tensor::ExtractSliceOp::create(builder, loc, scalar, table, offsets,
                                          ones, ones);
  }

  static void replace(OpBuilder &builder, ObserveOp op, ValueRange parameters) {
    Location loc = op.getLoc();
    Value input = op.getInput();
    auto type = cast<RankedTensorType>(input.getType());
    int64_t rank = type.getRank();
    Value empty = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, input),
        type.getElementType());
    AffineMap identity = builder.getMultiDimIdentityMap(rank);
    AffineMap scalar = AffineMap::get(rank, 0, builder.getContext());
    SmallVector<Value> inputs{input};
    llvm::append_range(inputs, parameters);
    auto generic = linalg::GenericOp::create(
        builder, loc, type, inputs, empty,
        ArrayRef<AffineMap>{identity, scalar, scalar, scalar, identity},
        SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
        [](OpBuilder &b, Location l, ValueRange args) {
          Value result = emitProbe(b, l, args[0], args[1], args[2], args[3]);
          linalg::YieldOp::create(b, l, result);
        });
    op.getOutput().replaceAllUsesWith(generic.getResult(0));
    op.erase();
  }

  /// The constant becomes a parameter that only the observer's readers read.
  LogicalResult detachWeight(ObserveOp op, ParameterReader &reader) {
    StringAttr id = op.getIdAttr();
    auto get = op.getInput().getDefiningOp<GetParameterOp>();
    ParameterOp parameter;
    if (get && get->hasOneUse() && isReadOnce(get))
      parameter = getOperation().lookupSymbol<ParameterOp>(get.getParameter());
    if (!parameter) {
      FailureOr<ConstantBytes> bytes = reader.read(op.getInput());
      if (failed(bytes))
        return failure();
      OpBuilder builder(op);
      Value own = ConstantBuilder(getOperation())
                      .createParameter(builder, op.getLoc(), id, bytes->type,
                                       bytes->data);
      op.getInputMutable().set(own);
      parameter = getOperation().lookupSymbol<ParameterOp>(
          own.getDefiningOp<GetParameterOp>().getParameter());
    }
    parameter->setAttr(kProbeAttr, id);
    bypass(op);
    return success();
  }

  bool isReadOnce(GetParameterOp get) {
    if (readers.empty())
      getOperation().walk([&](GetParameterOp other) {
        ++readers[other.getParameterAttr().getAttr()];
      });
    return readers[get.getParameterAttr().getAttr()] == 1;
  }

  static void bypass(ObserveOp op) {
    op.getOutput().replaceAllUsesWith(op.getInput());
    op.erase();
  }

  SmallVector<ObserveOp> activations, weights, others;
  /// How many operations get each parameter.
  llvm::DenseMap<StringAttr, unsigned> readers;
};
} // namespace
