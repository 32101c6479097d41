//===- HomogeneousPaths.cpp - from one layer to the next ------------------===//
//
// In: a contraction with a constant weight. Out: everything its result reaches
// up to the next contractions, where the channels stay one dimension on the
// way. All values in between are collected first, and then each operation is
// looked at, so that branches may meet again (leaky relu). Refused, with the
// reason: other readers, operations that do not keep a factor.
//
//===----------------------------------------------------------------------===//
#include "HomogeneousPaths.h"
#include "HomogeneousBody.h"

#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

namespace {
class PathMatcher {
public:
  PathMatcher(LayerPair &pair, std::string &reason)
      : pair(pair), reason(reason) {}

  bool match(Value start, int64_t axis) {
    axes[start] = axis;
    SmallVector<Value> worklist{start};
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      for (OpOperand &use : value.getUses())
        if (!reach(use, worklist))
          return false;
    }
    if (pair.seconds.empty()) {
      reason = "no contraction reads it";
      return false;
    }
    return llvm::all_of(between,
                        [&](linalg::LinalgOp op) { return checkBody(op); });
  }

private:
  bool refuse(Operation *op, const Twine &what) {
    reason = ("'" + describe(op) + "' " + what).str();
    return false;
  }

  /// Adds what the use makes of the value.
  bool reach(OpOperand &use, SmallVectorImpl<Value> &worklist) {
    Operation *op = use.getOwner();
    int64_t axis = axes.lookup(use.get());
    // It reads no value.
    if (isa<tensor::DimOp>(op))
      return true;
    if (isa<ObserveOp>(op))
      return add(op, axis, worklist);
    if (movedOperand(op) == &use) {
      auto after = axisAfter(op, axis);
      if (!after)
        return refuse(op, "does not keep its channels in one dimension");
      return add(op, *after, worklist);
    }
    if (isFloatContraction(op))
      return addSecond(use, axis);
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || op->getNumResults() != 1 ||
        linalgOp.getNumDpsInits() != 1 || linalgOp.isDpsInit(&use))
      return refuse(op, "reads it");
    // The channels have to be a loop that the result has too.
    auto expr = dyn_cast<AffineDimExpr>(
        linalgOp.getMatchingIndexingMap(&use).getResult(axis));
    auto position =
        expr ? linalgOp.getIndexingMapsArray().back().getResultPosition(expr)
             : std::nullopt;
    if (!position)
      return refuse(op, "does not keep its channels apart");
    if (!llvm::is_contained(between, linalgOp))
      between.push_back(linalgOp);
    return add(op, *position, worklist);
  }

  bool add(Operation *op, int64_t axis, SmallVectorImpl<Value> &worklist) {
    auto [known, isNew] = axes.try_emplace(op->getResult(0), axis);
    if (isNew)
      worklist.push_back(op->getResult(0));
    else if (known->second != axis)
      return refuse(op, "reads it along two dimensions");
    return true;
  }

  bool addSecond(OpOperand &use, int64_t axis) {
    Operation *op = use.getOwner();
    auto c = matchFloatContraction(op);
    unsigned operand = use.getOperandNumber();
    AffineDimExpr expr = nullptr;
    if (c && operand < 2)
      expr = dyn_cast<AffineDimExpr>(c->map(operand).getResult(axis));
    if (!expr || !llvm::is_contained(c->reduction, expr.getPosition()))
      return refuse(op, "does not sum over its channels");
    unsigned other = 1 - operand;
    auto dim = c->map(other).getResultPosition(expr);
    auto weight =
        dim ? traceToObserver(op->getOperand(other), *dim) : std::nullopt;
    if (!weight || weight->first.getRole() != "weight")
      return refuse(op, "multiplies it with no constant weight");
    pair.seconds.push_back({*c, operand, weight->first, weight->second});
    return true;
  }

  bool checkBody(linalg::LinalgOp op) {
    auto isScaled = [&](OpOperand &operand) {
      return axes.count(operand.get()) != 0;
    };
    auto body = matchHomogeneousBody(op, isScaled, reason);
    if (!body) {
      reason = "'" + describe(op) + "' " + reason;
      return false;
    }
    AffineExpr loop = op.getIndexingMapsArray().back().getResult(
        axes.lookup(op->getResult(0)));
    for (OpOperand *operand : body->constants) {
      auto dim = op.getMatchingIndexingMap(operand).getResultPosition(loop);
      if (!dim)
        return refuse(op, "adds one constant to all channels");
      pair.constants.push_back({operand, *dim});
    }
    return true;
  }

  LayerPair &pair;
  std::string &reason;
  /// The dimension of each value that has the channels.
  llvm::DenseMap<Value, int64_t> axes;
  SmallVector<linalg::LinalgOp> between;
};
} // namespace

std::optional<LayerPair> lowbit::matchLayerPair(const Contraction &first,
                                                std::string &reason) {
  LayerPair pair;
  pair.first = first;
  for (unsigned operand : {1, 0}) {
    auto axis = first.channelDim(operand);
    auto weight = axis ? traceToObserver(first.op->getOperand(operand), *axis)
                       : std::nullopt;
    if (!weight || weight->first.getRole() != "weight")
      continue;
    auto loop = cast<AffineDimExpr>(first.map(operand).getResult(*axis));
    auto dim = first.resultDim(loop.getPosition());
    if (!dim)
      continue;
    pair.weight = weight->first;
    pair.weightAxis = weight->second;
    pair.channels = cast<RankedTensorType>(pair.weight.getType())
                        .getDimSize(pair.weightAxis);
    if (!isZeroFilled(first.init())) {
      reason = "it adds to a value that is not zero";
      return std::nullopt;
    }
    if (!PathMatcher(pair, reason).match(first.op->getResult(0), *dim))
      return std::nullopt;
    return pair;
  }
  reason = "it has no constant weight with one dimension of output channels";
  return std::nullopt;
}
