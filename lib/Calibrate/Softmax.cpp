//===- Softmax.cpp - what a softmax reads and makes -----------------------===//
//
// In: linalg on tensors. Out: logits and probabilities. What is not exactly a
// softmax over the last dimension is passed over: then no rows are kept.
//
//===----------------------------------------------------------------------===//
#include "Softmax.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lowbit;

/// An operation that computes its only result element by element.
static bool isElementwise(linalg::LinalgOp op) {
  return op && op->getNumResults() == 1 && op.getNumReductionLoops() == 0 &&
         op.hasPureTensorSemantics();
}

/// What the body computes.
static Operation *yieldedBy(linalg::LinalgOp op) {
  return op.getBlock()->getTerminator()->getOperand(0).getDefiningOp();
}

/// The operand that an argument of the body stands for; null for other values.
static OpOperand *operandOf(linalg::LinalgOp op, Value inBody) {
  auto argument = dyn_cast<BlockArgument>(inBody);
  if (!argument || argument.getOwner() != op.getBlock())
    return nullptr;
  return op.getMatchingOpOperand(argument);
}

static bool isInput(linalg::LinalgOp op, OpOperand *operand) {
  return operand && op.isDpsInput(operand);
}

/// The loop that indexes the last dimension of an operand.
static std::optional<unsigned> lastLoop(AffineMap map) {
  if (map.getNumResults() == 0)
    return std::nullopt;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  return last ? std::optional<unsigned>(last.getPosition()) : std::nullopt;
}

/// The sum over the last dimension of `powers`.
static bool isRowSum(linalg::LinalgOp op, Value powers) {
  if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 || op->getOperand(0) != powers ||
      !isZeroFilled(op->getOperand(1)))
    return false;
  auto add = dyn_cast_or_null<arith::AddFOp>(yieldedBy(op));
  Block *body = op.getBlock();
  if (!add || !llvm::is_contained(add->getOperands(), body->getArgument(0)) ||
      !llvm::is_contained(add->getOperands(), body->getArgument(1)))
    return false;
  auto loop = lastLoop(op.getIndexingMapsArray()[0]);
  return loop &&
         op.getIteratorTypesArray()[*loop] == utils::IteratorType::reduction;
}

/// `x` of exp(x) and exp(x - y), in the shape of the result.
static Value logitsOf(linalg::LinalgOp op) {
  if (!isElementwise(op))
    return nullptr;
  auto exp = dyn_cast_or_null<math::ExpOp>(yieldedBy(op));
  if (!exp)
    return nullptr;
  Value exponent = exp.getOperand();
  if (auto less = exponent.getDefiningOp<arith::SubFOp>())
    exponent = less.getLhs();
  OpOperand *operand = operandOf(op, exponent);
  OpOperand *result = op.getDpsInitOperand(0);
  if (!isInput(op, operand) ||
      op.getMatchingIndexingMap(operand) != op.getMatchingIndexingMap(result))
    return nullptr;
  return operand->get();
}

/// What a softmax over the last dimension reads, where `op` is its division.
static Value matchSoftmax(linalg::LinalgOp op) {
  if (!isElementwise(op))
    return nullptr;
  auto divide = dyn_cast_or_null<arith::DivFOp>(yieldedBy(op));
  if (!divide)
    return nullptr;
  OpOperand *above = operandOf(op, divide.getLhs());
  OpOperand *below = operandOf(op, divide.getRhs());
  if (!isInput(op, above) || !isInput(op, below))
    return nullptr;
  AffineMap powersMap = op.getMatchingIndexingMap(above);
  auto loop = lastLoop(powersMap);
  if (!loop || op.getMatchingIndexingMap(below).isFunctionOfDim(*loop) ||
      powersMap != op.getMatchingIndexingMap(op.getDpsInitOperand(0)))
    return nullptr;
  Value total = below->get();
  while (OpOperand *moved = movedOperand(total.getDefiningOp()))
    total = moved->get();
  if (!isRowSum(total.getDefiningOp<linalg::LinalgOp>(), above->get()))
    return nullptr;
  return logitsOf(above->get().getDefiningOp<linalg::LinalgOp>());
}

static bool hasRows(Value value, int64_t leastRank) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32() && type.getRank() >= leastRank;
}

llvm::DenseMap<Value, StringRef> lowbit::findRows(func::FuncOp main) {
  llvm::DenseMap<Value, StringRef> rows;
  // The first to say what a value is wins.
  auto mark = [&](Value value, StringRef what) {
    while (hasRows(value, 1) && rows.try_emplace(value, what).second) {
      Operation *op = value.getDefiningOp();
      OpOperand *moved = movedOperand(op);
      if (!moved || !hasRows(moved->get(), 1))
        return;
      auto before =
          axisBefore(op, cast<RankedTensorType>(value.getType()).getRank() - 1);
      int64_t rank = cast<RankedTensorType>(moved->get().getType()).getRank();
      if (!before || *before != rank - 1)
        return;
      value = moved->get();
    }
  };
  SmallVector<std::pair<Value, Value>> found;
  main.walk([&](Operation *op) {
    if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op)) {
      int64_t rank = softmax.getInputOperandRank();
      if (op->getNumResults() == 1 &&
          int64_t(softmax.getDimension()) == rank - 1)
        found.emplace_back(softmax.getInput(), op->getResult(0));
    } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (Value logits = matchSoftmax(linalgOp))
        found.emplace_back(logits, op->getResult(0));
    }
  });
  for (auto [logits, probabilities] : found)
    mark(probabilities, "probabilities");
  for (auto [logits, probabilities] : found)
    mark(logits, "logits");
  main.walk([&](func::ReturnOp op) {
    for (Value result : op.getOperands())
      if (hasRows(result, 2))
        mark(result, "logits");
  });
  return rows;
}
