//===- ChannelReaders.cpp - who sums over an activation's channels --------===//
//
// In: an observer of an activation. Out: the contractions that read it, each
// with its weight. Refused, with the reason: no single channel dimension, a
// reader that is no contraction or that does not sum over the channels, a
// second operand that is no constant.
//
//===----------------------------------------------------------------------===//
#include "ChannelReaders.h"

#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

/// The loop that dimension `axis` of the operand runs along, where it is one.
static std::optional<unsigned> loopAt(const Contraction &c, unsigned operand,
                                      int64_t axis) {
  auto dim = dyn_cast<AffineDimExpr>(c.map(operand).getResult(axis));
  if (!dim)
    return std::nullopt;
  return dim.getPosition();
}

std::string lowbit::describe(Operation *op) {
  return op->getNumResults() == 0 ? op->getName().getStringRef().str()
                                  : valueName(op->getResult(0));
}

std::optional<std::pair<ObserveOp, int64_t>>
lowbit::traceToObserver(Value operand, int64_t axis) {
  while (true) {
    Operation *op = operand.getDefiningOp();
    if (auto observer = dyn_cast_or_null<ObserveOp>(op))
      return std::make_pair(observer, axis);
    OpOperand *moved = movedOperand(op);
    auto before = moved ? axisBefore(op, axis) : std::nullopt;
    if (!before)
      return std::nullopt;
    axis = *before;
    operand = moved->get();
  }
}

void lowbit::collectContractionReaders(
    Value value, llvm::SmallVectorImpl<OpOperand *> &readers,
    llvm::SmallVectorImpl<Operation *> &others) {
  for (OpOperand &use : value.getUses()) {
    Operation *op = use.getOwner();
    if (movedOperand(op) == &use)
      collectContractionReaders(op->getResult(0), readers, others);
    else if (matchFloatContraction(op) && use.getOperandNumber() < 2)
      readers.push_back(&use);
    else if (!isa<tensor::DimOp>(op))
      others.push_back(op);
  }
}

namespace {
class GroupMatcher {
public:
  GroupMatcher(ChannelGroup &group, std::string &reason)
      : group(group), reason(reason) {}

  bool follow(Value value, int64_t axis) {
    for (OpOperand &use : value.getUses()) {
      Operation *op = use.getOwner();
      if (isa<tensor::DimOp>(op))
        continue; // It reads no value.
      if (movedOperand(op) == &use) {
        auto after = axisAfter(op, axis);
        if (!after)
          return refuse(op, "does not keep its channels in one dimension");
        if (!follow(op->getResult(0), *after))
          return false;
      } else if (!addReader(use, axis)) {
        return false;
      }
    }
    return true;
  }

private:
  bool addReader(OpOperand &use, int64_t axis) {
    auto c = matchFloatContraction(use.getOwner());
    unsigned operand = use.getOperandNumber();
    if (!c || operand > 1)
      return refuse(use.getOwner(), "reads it and is no contraction");
    auto loop = loopAt(*c, operand, axis);
    if (!loop || !llvm::is_contained(c->reduction, *loop))
      return refuse(use.getOwner(), "does not sum over its channels");
    unsigned other = 1 - operand;
    auto dim = c->map(other).getResultPosition(
        getAffineDimExpr(*loop, use.getOwner()->getContext()));
    auto weight = dim ? traceToObserver(use.getOwner()->getOperand(other), *dim)
                      : std::nullopt;
    if (!weight || weight->first.getRole() != "weight")
      return refuse(use.getOwner(), "multiplies it with no constant weight");
    group.readers.push_back({*c, operand, weight->first, weight->second});
    return true;
  }

  bool refuse(Operation *op, StringRef what) {
    reason = "'" + describe(op) + "' " + what.str();
    return false;
  }

  ChannelGroup &group;
  std::string &reason;
};
} // namespace

std::optional<ChannelGroup> lowbit::matchChannelGroup(ObserveOp observer,
                                                      std::string &reason) {
  auto type = cast<RankedTensorType>(observer.getType());
  if (!observer.getAxis()) {
    reason = "no single dimension of it is summed over by all its readers";
    return std::nullopt;
  }
  ChannelGroup group;
  group.observer = observer;
  group.axis = int64_t(*observer.getAxis());
  group.channels = type.getDimSize(group.axis);
  if (ShapedType::isDynamic(group.channels)) {
    reason = "the number of its channels is not known";
    return std::nullopt;
  }
  GroupMatcher matcher(group, reason);
  if (!matcher.follow(observer.getOutput(), group.axis))
    return std::nullopt;
  if (group.readers.empty()) {
    reason = "nothing reads it";
    return std::nullopt;
  }
  return group;
}
