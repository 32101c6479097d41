//===- SharingGraph.cpp - what keeps its integers -------------------------===//
//
// In: a module. Out: edges along concatenation, padding, reshapes, transposes,
// slices, gathers, max and min of tensors, max pooling, and what loops and
// branches carry. A max with a constant in its body (relu) is arithmetic here:
// it clamps, and its result has a range of its own.
//
//===----------------------------------------------------------------------===//
#include "SharingGraph.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/IntEqClasses.h"

#include <deque>

using namespace mlir;
using namespace lowbit;

/// Dynamic sizes count as 1.
static int64_t countElements(Value value) {
  int64_t count = 1;
  for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
    if (!ShapedType::isDynamic(size) && llvm::MulOverflow(count, size, count))
      return std::numeric_limits<int64_t>::max() / 2;
  return count;
}

//===----------------------------------------------------------------------===//
// Building it
//===----------------------------------------------------------------------===//

/// An observer has what it observes.
static Value observed(Value value) {
  while (auto observe = value.getDefiningOp<ObserveOp>())
    value = observe.getInput();
  return value;
}

unsigned SharingGraph::number(Value value) {
  value = observed(value);
  return numbers.try_emplace(value, numbers.size()).first->second;
}

std::optional<unsigned> SharingGraph::find(Value value) const {
  auto it = numbers.find(observed(value));
  if (it == numbers.end())
    return std::nullopt;
  return it->second;
}

void SharingGraph::connect(OpOperand &operand, Value to) {
  if (!isF32Tensor(operand.get()) || !isF32Tensor(to))
    return;
  unsigned from = number(operand.get());
  list.push_back({from, number(to), &operand, countElements(operand.get())});
}

/// The operands of `op` whose elements `value`, in its body, is always one of;
/// false when it is anything else.
static bool collectSelected(Value value, linalg::LinalgOp op,
                            llvm::SetVector<OpOperand *> &selected) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBlock())
      return false;
    OpOperand *operand = op.getMatchingOpOperand(argument);
    // An init holds what a reduction starts from.
    if (op.isDpsInput(operand))
      selected.insert(operand);
    return true;
  }
  Operation *def = value.getDefiningOp();
  if (!def)
    return false;
  if (isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
          arith::MinNumFOp>(def))
    return collectSelected(def->getOperand(0), op, selected) &&
           collectSelected(def->getOperand(1), op, selected);
  if (auto select = dyn_cast<arith::SelectOp>(def))
    return collectSelected(select.getTrueValue(), op, selected) &&
           collectSelected(select.getFalseValue(), op, selected);
  if (auto extract = dyn_cast<tensor::ExtractOp>(def)) {
    selected.insert(&extract.getTensorMutable());
    return true;
  }
  return false;
}

void SharingGraph::connectLinalg(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  if (!linalgOp.hasPureTensorSemantics() || !linalgOp.getBlock())
    return;
  Operation *yield = linalgOp.getBlock()->getTerminator();
  // A max with a constant or a filled tensor clamps, too.
  auto isConstant = [](OpOperand *operand) {
    Operation *def = operand->get().getDefiningOp();
    return isConstantTensor(operand->get()) ||
           isa_and_nonnull<linalg::FillOp, arith::ConstantOp>(def);
  };
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), yield->getOperands())) {
    llvm::SetVector<OpOperand *> selected;
    if (collectSelected(yielded, linalgOp, selected) &&
        llvm::none_of(selected, isConstant))
      for (OpOperand *operand : selected)
        connect(*operand, result);
  }
}

SharingGraph::SharingGraph(ModuleOp module) {
  module.walk([&](Operation *op) {
    if (OpOperand *moved = movedOperand(op)) {
      connect(*moved, op->getResult(0));
    } else if (isa<tensor::ConcatOp, tensor::InsertSliceOp>(op)) {
      for (OpOperand &operand : op->getOpOperands())
        if (isa<RankedTensorType>(operand.get().getType()))
          connect(operand, op->getResult(0));
    } else if (isa<tensor::PadOp, tensor::GatherOp, tensor::ReshapeOp>(op)) {
      connect(op->getOpOperand(0), op->getResult(0));
    } else if (isa<linalg::LinalgOp>(op)) {
      connectLinalg(op);
    } else if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
      // In the order of the operands: the map has none.
      RegionBranchSuccessorMapping mapping;
      branch.getSuccessorOperandInputMapping(mapping);
      auto forward = [&](Operation *from) {
        for (OpOperand &operand : from->getOpOperands())
          for (Value to : mapping.lookup(&operand))
            connect(operand, to);
      };
      forward(op);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          if (block.mightHaveTerminator())
            forward(block.getTerminator());
    }
  });
}

//===----------------------------------------------------------------------===//
// Cutting it
//===----------------------------------------------------------------------===//

std::vector<unsigned> SharingGraph::components() const {
  llvm::IntEqClasses classes(numbers.size());
  for (const Edge &edge : list)
    if (!edge.isCut)
      classes.join(edge.from, edge.to);
  classes.compress();
  std::vector<unsigned> result(numbers.size());
  for (unsigned i = 0; i < result.size(); ++i)
    result[i] = classes[i];
  return result;
}

/// The smallest cut by the largest flow: augmenting paths of the fewest edges
/// (Edmonds and Karp), with flow in either direction along an edge.
SmallVector<size_t> SharingGraph::cutBetween(unsigned source, unsigned sink) {
  std::vector<SmallVector<size_t>> incident(numbers.size());
  for (auto [i, edge] : llvm::enumerate(list))
    if (!edge.isCut) {
      incident[edge.from].push_back(i);
      incident[edge.to].push_back(i);
    }
  // From `from` to `to`; negative the other way.
  std::vector<int64_t> flow(list.size(), 0);
  auto residual = [&](size_t i, unsigned from) {
    int64_t forward = list[i].from == from ? flow[i] : -flow[i];
    return list[i].elements - forward;
  };
  std::vector<int64_t> via; // the edge that reached a value; -1: not reached
  auto search = [&] {
    via.assign(numbers.size(), -1);
    via[source] = list.size();
    std::deque<unsigned> queue{source};
    while (!queue.empty()) {
      unsigned at = queue.front();
      queue.pop_front();
      for (size_t i : incident[at]) {
        unsigned next = list[i].from == at ? list[i].to : list[i].from;
        if (via[next] >= 0 || residual(i, at) <= 0)
          continue;
        via[next] = i;
        queue.push_back(next);
      }
    }
    return via[sink] >= 0;
  };
  auto before = [&](unsigned at) {
    const Edge &edge = list[via[at]];
    return edge.from == at ? edge.to : edge.from;
  };
  while (search()) {
    int64_t amount = std::numeric_limits<int64_t>::max();
    for (unsigned at = sink; at != source; at = before(at))
      amount = std::min(amount, residual(via[at], before(at)));
    for (unsigned at = sink; at != source; at = before(at))
      flow[via[at]] += list[via[at]].to == at ? amount : -amount;
  }
  SmallVector<size_t> cut;
  for (auto [i, edge] : llvm::enumerate(list))
    if (!edge.isCut && (via[edge.from] >= 0) != (via[edge.to] >= 0)) {
      edge.isCut = true;
      cut.push_back(i);
    }
  return cut;
}
