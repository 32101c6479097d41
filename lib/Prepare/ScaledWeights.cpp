//===- ScaledWeights.cpp - constants with scaled channels -----------------===//
//
//   observe(w), read by a and b  ->  a reads observe(w * s), b observe(w)
//
// In: a weight and the readers that are to get another one. Out: a new
// parameter (a constant in the text where it is small); the old one goes with
// its last reader. The id stays with the observer, a copy gets one of its own.
//
//===----------------------------------------------------------------------===//
#include "ScaledWeights.h"

#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

ChannelView::ChannelView(ArrayRef<int64_t> shape, int64_t axis)
    : size(shape[axis]) {
  for (int64_t extent : shape.drop_front(axis + 1))
    inner *= extent;
}

std::vector<float> lowbit::channelMagnitudes(ArrayRef<float> values,
                                             ArrayRef<int64_t> shape,
                                             int64_t axis) {
  ChannelView view(shape, axis);
  std::vector<float> magnitudes(view.size, 0.0f);
  for (int64_t i = 0, e = values.size(); i < e; ++i) {
    float &magnitude = magnitudes[view.channelOf(i)];
    magnitude = std::max(magnitude, std::fabs(values[i]));
  }
  return magnitudes;
}

std::vector<float> lowbit::scaleChannels(ArrayRef<float> values,
                                         ArrayRef<int64_t> shape, int64_t axis,
                                         ArrayRef<float> scales) {
  ChannelView view(shape, axis);
  std::vector<float> scaled(values.size());
  for (int64_t i = 0, e = values.size(); i < e; ++i)
    scaled[i] = values[i] * scales[view.channelOf(i)];
  return scaled;
}

std::vector<float> lowbit::invert(ArrayRef<float> scales) {
  std::vector<float> inverses;
  for (float scale : scales)
    inverses.push_back(1.0f / scale);
  return inverses;
}

ArrayRef<char> lowbit::bytesOf(ArrayRef<float> values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(float)};
}

bool lowbit::isFinite(ArrayRef<float> values) {
  return llvm::all_of(values, [](float value) { return std::isfinite(value); });
}

Value lowbit::combineChannels(
    OpBuilder &builder, Location loc, Value x, Value channels, int64_t axis,
    llvm::function_ref<Value(OpBuilder &, Location, Value, Value)> combine) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, x);
  Value empty =
      tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  AffineMap channel = AffineMap::get(
      type.getRank(), 0, getAffineDimExpr(axis, builder.getContext()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  auto combined = linalg::GenericOp::create(
      builder, loc, type, ValueRange{x, channels}, empty,
      ArrayRef<AffineMap>{identity, channel, identity}, loops,
      [&](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(b, l, combine(b, l, args[0], args[1]));
      });
  return combined.getResult(0);
}

WeightEditor::WeightEditor(ModuleOp module) : module(module), reader(module) {
  module.walk([&](ObserveOp op) { ids.insert(op.getId().str()); });
}

FailureOr<ArrayRef<float>> WeightEditor::read(Value constant) {
  if (auto observer = constant.getDefiningOp<ObserveOp>())
    constant = observer.getInput();
  FailureOr<ConstantBytes> bytes = reader.read(constant);
  if (failed(bytes))
    return failure();
  kept.push_back(std::make_unique<ConstantBytes>(std::move(*bytes)));
  return kept.back()->as<float>();
}

/// `operand` comes from `from` through data movement; a copy of the movement
/// takes it from `to`.
static void rebase(OpOperand &operand, Value from, Value to) {
  SmallVector<Operation *> chain;
  for (Value value = operand.get(); value != from;) {
    chain.push_back(value.getDefiningOp());
    value = movedOperand(chain.back())->get();
  }
  OpBuilder builder(operand.getOwner());
  for (Operation *op : llvm::reverse(chain)) {
    Operation *clone = builder.clone(*op);
    clone->removeAttr(LowbitDialect::kIdAttr);
    clone->setOperand(movedOperand(op)->getOperandNumber(), to);
    to = clone->getResult(0);
  }
  operand.set(to);
}

ObserveOp WeightEditor::isolate(ObserveOp weight,
                                const llvm::DenseSet<OpOperand *> &mine) {
  SmallVector<OpOperand *> readers;
  SmallVector<Operation *> others;
  collectContractionReaders(weight.getOutput(), readers, others);
  auto isMine = [&](OpOperand *use) { return mine.contains(use); };
  if (others.empty() && llvm::all_of(readers, isMine))
    return weight;
  OpBuilder builder(weight->getContext());
  builder.setInsertionPointAfter(weight);
  auto copy = cast<ObserveOp>(builder.clone(*weight));
  std::string id = weight.getId().str();
  for (unsigned i = 1; !ids.insert(id).second; ++i)
    id = weight.getId().str() + "#" + std::to_string(i);
  copy.setId(id);
  for (OpOperand *use : readers)
    if (isMine(use))
      rebase(*use, weight.getOutput(), copy.getOutput());
  return copy;
}

Value WeightEditor::createConstant(OpBuilder &builder, Location loc,
                                   StringRef name, RankedTensorType type,
                                   ArrayRef<float> values) {
  return ConstantBuilder(module).create<float>(builder, loc, name, type,
                                               values);
}

Value WeightEditor::createParameter(OpBuilder &builder, Location loc,
                                    StringRef name, RankedTensorType type,
                                    ArrayRef<float> values) {
  return ConstantBuilder(module).createParameter(builder, loc, name, type,
                                                 bytesOf(values));
}

void WeightEditor::replace(ObserveOp weight, ArrayRef<float> values) {
  replace(weight.getInputMutable(), values);
}

void WeightEditor::replace(OpOperand &operand, ArrayRef<float> values) {
  Value old = operand.get();
  OpBuilder builder(operand.getOwner());
  operand.set(createConstant(builder, old.getLoc(), valueName(old),
                             cast<RankedTensorType>(old.getType()), values));
  if (old.use_empty())
    old.getDefiningOp()->erase();
}
