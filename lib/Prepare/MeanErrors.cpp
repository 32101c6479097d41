//===- MeanErrors.cpp - by how much quantized weights shift ---------------===//
//
// In: observers with the choices of phase 3, the calibration table. Out: for
// each contraction the shift of each output channel. dw is
// dequantize(quantize(w)) - w, and E[x] the mean of each channel, from exact
// sums; products are added up in double, in order. The window of a convolution
// is taken to lie inside the image: padding changes the mean at its borders.
// Refused, with the reason: weights that stay float, means that are not known
// or are of other elements than those that are read (a slice, padding).
//
//===----------------------------------------------------------------------===//
#include "MeanErrors.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

/// The operation between an observer and `operand` after which the elements
/// that are read are not those that were observed; null where there is none.
/// Broadcasts repeat all of them alike.
static Operation *findSelection(Value operand, bool allowsPadding) {
  for (Operation *op = operand.getDefiningOp();
       OpOperand *moved = movedOperand(op); op = moved->get().getDefiningOp()) {
    bool isPad = isa<tensor::PadOp>(op);
    if (!isPad && !isa<tensor::ExtractSliceOp>(op))
      continue;
    auto before = cast<RankedTensorType>(moved->get().getType());
    auto after = cast<RankedTensorType>(op->getResult(0).getType());
    bool keepsAll = before.hasStaticShape() && after.hasStaticShape() &&
                    before.getNumElements() == after.getNumElements();
    if (!keepsAll && !(isPad && allowsPadding))
      return op;
  }
  return nullptr;
}

std::optional<Correction> CorrectionFinder::match(const Contraction &c,
                                                  std::string &reason) {
  for (unsigned operand : {1, 0}) {
    // The shift of a constant image differs from place to place.
    if (c.isConvolution && operand == c.image)
      continue;
    auto axis = c.channelDim(operand);
    auto weight =
        axis ? traceToObserver(c.op->getOperand(operand), *axis) : std::nullopt;
    if (!weight || weight->first.getRole() != "weight")
      continue;
    Correction found;
    found.contraction = c;
    found.weight = weight->first;
    found.outputAxis = weight->second;
    auto loop = cast<AffineDimExpr>(c.map(operand).getResult(*axis));
    auto dim = c.resultDim(loop.getPosition());
    if (!dim)
      continue;
    found.resultDim = *dim;
    if (!matchParts(found, operand, reason))
      return std::nullopt;
    return found;
  }
  reason = "it has no constant weight with one dimension of output channels";
  return std::nullopt;
}

bool CorrectionFinder::matchParts(Correction &found, unsigned operand,
                                  std::string &reason) {
  const Contraction &c = found.contraction;
  ObserveOp weight = found.weight;
  if (!weight.getFormat() || !weight.getScaleAttr()) {
    reason = "its weight stays float";
    return false;
  }
  if (findSelection(c.op->getOperand(operand), /*allowsPadding=*/false) ||
      cast<RankedTensorType>(weight.getType()).getNumElements() !=
          cast<RankedTensorType>(c.op->getOperand(operand).getType())
              .getNumElements()) {
    reason = "it reads only a part of its weight, or pads it";
    return false;
  }
  SmallVector<int64_t, 4> extents = c.loopExtents();
  for (unsigned batch : c.batch)
    if (extents[batch] != 1) {
      reason = "its weight has a batch dimension";
      return false;
    }
  return matchMeans(found, operand, extents, reason);
}

/// The activation's channels, with their means.
bool CorrectionFinder::matchMeans(Correction &found, unsigned operand,
                                  ArrayRef<int64_t> extents,
                                  std::string &reason) {
  const Contraction &c = found.contraction;
  unsigned other = 1 - operand;
  for (unsigned loop : c.reduction) {
    AffineExpr expr = getAffineDimExpr(loop, module.getContext());
    auto dim = c.map(other).getResultPosition(expr);
    auto weightDim = c.map(operand).getResultPosition(expr);
    auto source =
        dim ? traceToObserver(c.op->getOperand(other), *dim) : std::nullopt;
    auto weight = weightDim
                      ? traceToObserver(c.op->getOperand(operand), *weightDim)
                      : std::nullopt;
    if (!source || !weight || !source->first.getAxis() ||
        int64_t(*source->first.getAxis()) != source->second)
      continue;
    if (Operation *selection =
            findSelection(c.op->getOperand(other),
                          /*allowsPadding=*/c.isConvolution)) {
      reason = "'" + describe(selection) +
               "' makes it read other elements of '" +
               source->first.getId().str() + "' than the means are of";
      return false;
    }
    // Means of the other sums of products are those of the channel only where
    // they run over the image.
    for (unsigned rest : c.reduction)
      if (rest != loop && extents[rest] != 1 && !c.isWindow(rest)) {
        reason = "it sums over several dimensions";
        return false;
      }
    found.inputAxis = weight->second;
    return readMeans(found, source->first, reason);
  }
  reason = "no single dimension of what it reads is its channels";
  return false;
}

bool CorrectionFinder::readMeans(Correction &found, ObserveOp observer,
                                 std::string &reason) {
  auto statistics = table.values.find(observer.getId().str());
  if (statistics == table.values.end() || !statistics->second.channels ||
      statistics->second.empty()) {
    reason = "the table has no statistics of the channels of '" +
             observer.getId().str() + "'";
    return false;
  }
  const ChannelStatistics &channels = *statistics->second.channels;
  int64_t count = cast<RankedTensorType>(found.weight.getType())
                      .getDimSize(found.inputAxis);
  if (int64_t(channels.sum.size()) != count) {
    reason = "the table has another number of channels of '" +
             observer.getId().str() + "'";
    return false;
  }
  double elements = double(statistics->second.count) / double(count);
  for (const ExactSum &sum : channels.sum)
    found.means.push_back(sum.toDouble() / elements);
  return true;
}

LogicalResult CorrectionFinder::computeShifts(Correction &found) {
  auto type = cast<RankedTensorType>(found.weight.getType());
  FailureOr<ArrayRef<float>> values = editor.read(found.weight);
  if (failed(values))
    return failure();
  QuantParameters parameters;
  parameters.scale = found.weight.getScaleAttr();
  parameters.zeroPoint = found.weight.getZeroPointAttr();
  auto known = parameters.read();
  if (!known)
    return found.weight.emitError("the scales or zero points cannot be read");
  auto format = cast<QuantizedTypeInterface>(*found.weight.getFormat());
  std::vector<float> rounded = dequantizeTensor(
      quantizeTensor(*values, type.getShape(), format, *known,
                     RoundingMode::HalfEven, /*saturate=*/true),
      type.getShape(), format, *known);
  ChannelView outputs(type.getShape(), found.outputAxis),
      inputs(type.getShape(), found.inputAxis);
  found.shifts.assign(outputs.size, 0.0);
  for (int64_t i = 0, e = rounded.size(); i < e; ++i)
    found.shifts[outputs.channelOf(i)] +=
        (double(rounded[i]) - (*values)[i]) * found.means[inputs.channelOf(i)];
  return success();
}

LogicalResult CorrectionFinder::run(func::FuncOp main) {
  SmallVector<Contraction> contractions;
  main.walk([&](linalg::LinalgOp op) {
    if (auto contraction = matchFloatContraction(op))
      contractions.push_back(*contraction);
  });
  for (const Contraction &contraction : contractions) {
    std::string reason;
    auto correction = match(contraction, reason);
    if (correction && failed(computeShifts(*correction)))
      return failure();
    if (correction &&
        llvm::all_of(correction->shifts, [](double s) { return s == 0; })) {
      reason = "the quantized weight has no mean error";
      correction = std::nullopt;
    }
    if (correction)
      corrections.push_back(std::move(*correction));
    else
      refused.emplace_back(describe(contraction.op), reason);
  }
  return success();
}
