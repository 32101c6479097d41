//===- FoldWeights.cpp - quantized constants ------------------------------===//
//
//   quantize(constant)        ->  storage_cast(integer constant)
//   move(integer constant)    ->  integer constant
//
// The floats are read from the mapped store. Equal elements with one set of
// parameters stay a splat. Refused: a splat that would become a huge tensor. A
// quantize whose parameters are not known at compile time stays.
//
//===----------------------------------------------------------------------===//
#include "MoveBytes.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Fold/Passes.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_FOLDWEIGHTS
#include "lowbit/Fold/Passes.h.inc"
} // namespace lowbit

namespace {
struct FoldWeights : lowbit::impl::FoldWeightsBase<FoldWeights> {
  void runOnOperation() override {
    ParameterReader reader(getOperation());
    SmallVector<QuantizeOp> quantizes;
    getOperation().walk([&](QuantizeOp op) {
      if (QuantParameters::of(op).isStatic() && isConstantTensor(op.getInput()))
        quantizes.push_back(op);
    });
    for (QuantizeOp op : quantizes)
      if (failed(foldQuantize(op, reader)))
        return signalPassFailure();
    if (failed(foldMovement(reader)))
      return signalPassFailure();
    eraseDeadParameters(getOperation());
  }

  LogicalResult foldQuantize(QuantizeOp op, ParameterReader &reader) {
    auto parameters = QuantParameters::of(op).read();
    if (!parameters)
      return op.emitError("the scales or zero points cannot be read");
    auto type = cast<RankedTensorType>(op.getType());
    QuantizedTypeInterface format = op.getQuantizedFormat();
    IntegerType plain = format.getStorageElement();
    if (plain.getWidth() != 8 && plain.getWidth() != 16)
      return success(); // A store holds whole bytes: packed formats.
    OpBuilder builder(op);
    Value ints;
    ElementsAttr input;
    if (matchPattern(op.getInput(), m_Constant(&input)))
      if (DenseElementsAttr splat = quantizeSplat(op, input, *parameters))
        ints =
            arith::ConstantOp::create(builder, op.getInput().getLoc(), splat);
    if (!ints) {
      if (failed(checkSplat(op, op.getInput())))
        return failure();
      FailureOr<ConstantBytes> floats = reader.read(op.getInput());
      if (failed(floats))
        return failure();
      std::vector<int32_t> codes =
          quantizeTensor(floats->as<float>(), type.getShape(), format,
                         *parameters, op.getRounding(), op.getSaturate());
      ints = makeLike(
          builder, op.getInput(), ".i" + std::to_string(plain.getWidth()),
          RankedTensorType::get(format.getStorageShape(type.getShape()), plain),
          toStorage(codes, type.getShape(), format));
    }
    Value cast = StorageCastOp::create(builder, op.getLoc(), type, ints);
    Operation *constant = op.getInput().getDefiningOp();
    op.replaceAllUsesWith(cast);
    op.erase();
    // Storage casts meet: readers of the plain integers read the constant.
    for (Operation *user : llvm::make_early_inc_range(cast.getUsers()))
      if (auto back = dyn_cast<StorageCastOp>(user)) {
        back.replaceAllUsesWith(ints);
        back.erase();
      }
    if (cast.use_empty())
      cast.getDefiningOp()->erase();
    if (constant->use_empty())
      constant->erase();
    ++numWeights;
    return success();
  }

  /// Refuses a splat of so many elements that it cannot be written out.
  LogicalResult checkSplat(Operation *op, Value constant) {
    ElementsAttr value;
    if (auto get = constant.getDefiningOp<GetParameterOp>())
      value = SymbolTable::lookupNearestSymbolFrom<ParameterOp>(
                  get, get.getParameterAttr())
                  .getValueAttr();
    else
      matchPattern(constant, m_Constant(&value));
    int64_t count = cast<RankedTensorType>(constant.getType()).getNumElements();
    if (!value || !value.isSplat() || count <= kMostSplatElements)
      return success();
    return op->emitError("would make ")
           << count << " elements of one; at most " << kMostSplatElements
           << " are written out, unless an arith.constant has one scale and "
              "elements that do not straddle bytes";
  }

  /// A constant of the kind that `original` is: a parameter, or in the text.
  Value makeLike(OpBuilder &builder, Value original, StringRef suffix,
                 RankedTensorType type, ArrayRef<char> bytes) {
    Location loc = original.getLoc();
    auto inText = original.getDefiningOp<arith::ConstantOp>();
    if (inText && isa<DenseElementsAttr>(inText.getValue()))
      return arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
    ConstantBuilder constants(getOperation());
    return constants.createParameter(
        builder, loc, valueName(original) + suffix.str(), type, bytes);
  }

  LogicalResult foldMovement(ParameterReader &reader) {
    SmallVector<Operation *> moves;
    getOperation().walk([&](Operation *op) {
      if (movedOperand(op))
        moves.push_back(op);
    });
    // In order, so that a chain folds from its source on.
    for (Operation *op : moves) {
      Value source = movedOperand(op)->get();
      auto type = cast<RankedTensorType>(source.getType());
      if (!isConstantTensor(source) || !type.getElementType().isInteger(8))
        continue;
      if (failed(checkSplat(op, source)))
        return failure();
      FailureOr<ConstantBytes> bytes = reader.read(source);
      if (failed(bytes))
        return failure();
      std::optional<std::vector<char>> moved = moveBytes(op, bytes->data);
      if (!moved)
        continue;
      OpBuilder builder(op);
      Value made =
          makeLike(builder, source, "",
                   cast<RankedTensorType>(op->getResult(0).getType()), *moved);
      op->getResult(0).replaceAllUsesWith(made);
      op->erase();
      if (source.use_empty())
        source.getDefiningOp()->erase();
      ++numMoved;
    }
    return success();
  }
};
} // namespace
