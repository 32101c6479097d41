//===- WeightGroups.cpp - parameters of constants -------------------------===//
//
// In: a constant and its settings. Out: a scale and a zero point for each
// group: the tensor, each index of the axis, or blocks of N elements along the
// dimension that is summed over, of which the last may be shorter. Refused:
// groups where no single dimension is summed over, or data movement on the way
// to a reader does not keep it.
//
//===----------------------------------------------------------------------===//
#include "WeightGroups.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/IR/Threading.h"

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Granularity
//===----------------------------------------------------------------------===//

/// The dimension of the operand that the sums run along; of a filter the input
/// channels, whose loop alone indexes both operands by itself.
static std::optional<int64_t> summedDim(const Contraction &c,
                                        unsigned operand) {
  MLIRContext *context = c.op->getContext();
  SmallVector<int64_t, 4> extents = c.loopExtents();
  std::optional<int64_t> found;
  for (unsigned loop : c.reduction) {
    AffineExpr dim = getAffineDimExpr(loop, context);
    auto other = c.map(1 - operand).getResultPosition(dim);
    auto mine = c.map(operand).getResultPosition(dim);
    if (!mine || !other || extents[loop] == 1)
      continue;
    if (found)
      return std::nullopt;
    found = *mine;
  }
  return found;
}

/// The dimension of the observed constant that `reader` sums over.
static std::optional<int64_t> sourceDim(const Reader &reader) {
  std::optional<int64_t> dim;
  if (auto contraction = matchFloatContraction(reader.op))
    dim = summedDim(*contraction, reader.operand->getOperandNumber());
  for (Operation *move : llvm::reverse(reader.moves))
    if (dim)
      dim = axisBefore(move, *dim);
  return dim;
}

FailureOr<GranularityAttr> lowbit::weightGranularity(ObservedValue &value) {
  MLIRContext *context = value.op.getContext();
  const GranularityChoice &choice = value.settings.granularity;
  if (choice.kind == GranularityChoice::Tensor)
    return GranularityAttr::get(context);
  if (choice.kind == GranularityChoice::Channel) {
    std::optional<int64_t> axis;
    if (value.op.getAxis())
      axis = int64_t(*value.op.getAxis());
    return GranularityAttr::get(context, axis);
  }
  std::optional<int64_t> dim;
  auto refuse = [&](const Twine &why) {
    return value.op.emitError("the weight '")
           << value.op.getId() << "' cannot have granularity=" << choice.text()
           << " (" << value.settings.rule << "): " << why
           << "; choose granularity=channel for it";
  };
  for (const Reader &reader : value.readers) {
    auto one = sourceDim(reader);
    if (!one)
      return refuse("'" + reader.id +
                    "' does not sum along one dimension of it");
    if (dim && *dim != *one)
      return refuse("its readers sum along dimensions " + Twine(*dim) +
                    " and " + Twine(*one));
    dim = one;
  }
  if (!dim)
    return refuse("nothing reads it");
  SmallVector<int64_t> block(value.op.getInput().getType().getRank(), 1);
  block[*dim] = choice.group;
  return GranularityAttr::get(context, std::nullopt, block,
                              Float32Type::get(context));
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

WeightChoice lowbit::chooseWeights(ArrayRef<float> values,
                                   ArrayRef<int64_t> shape,
                                   GranularityAttr granularity,
                                   const MethodSpec &method,
                                   const Target &target) {
  Blocks groups = blocksOf(granularity, shape);
  // The elements of a group, one after the other.
  std::vector<size_t> starts(groups.count() + 1, 0);
  groups.forEachRun([&](size_t group, size_t, size_t length) {
    starts[group + 1] += length;
  });
  for (size_t i = 1; i < starts.size(); ++i)
    starts[i] += starts[i - 1];
  std::vector<float> grouped(values.size());
  std::vector<size_t> next(starts.begin(), std::prev(starts.end()));
  groups.forEachRun([&](size_t group, size_t from, size_t length) {
    std::copy_n(values.begin() + from, length, grouped.begin() + next[group]);
    next[group] += length;
  });

  struct Part {
    ChosenParams chosen;
    double objective = 0, error = 0, square = 0;
    size_t clipped = 0;
  };
  std::vector<Part> parts(groups.count());
  mlir::parallelFor(granularity.getContext(), 0, parts.size(), [&](size_t i) {
    ArrayRef<float> group(grouped.data() + starts[i],
                          starts[i + 1] - starts[i]);
    Part &part = parts[i];
    part.chosen = chooseWeightGroup(group, method, target, &part.objective);
    AffineParams p = part.chosen.params;
    for (float x : group) {
      double error = double(x) - fakeQuant(x, p, target.range);
      part.error += error * error;
      part.square += double(x) * x;
      double q =
          double(roundToInteger(x / p.scale, Rounding::HalfEven)) + p.zeroPoint;
      part.clipped += q < target.range.min || q > target.range.max;
    }
  });

  WeightChoice choice;
  double error = 0, square = 0;
  size_t clipped = 0;
  for (auto [i, part] : llvm::enumerate(parts)) {
    AffineParams p = part.chosen.params;
    choice.params.push_back(p);
    choice.min = std::min(choice.min, dequantize(target.range.min, p));
    choice.max = std::max(choice.max, dequantize(target.range.max, p));
    choice.dead += part.chosen.floored;
    choice.objective += part.objective * double(starts[i + 1] - starts[i]);
    error += part.error;
    square += part.square;
    clipped += part.clipped;
  }
  double count = std::max<double>(values.size(), 1);
  choice.objective /= count;
  choice.meanSquaredError = error / count;
  choice.clippedShare = double(clipped) / count;
  choice.sqnrDb = sqnrDb(square, error);
  return choice;
}
