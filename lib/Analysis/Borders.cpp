//===- Borders.cpp - which values stay integers between operations --------===//
//
// In: the float contract. Out: borders, and why other operations are float.
//
// Forward: a value is float where it comes from what a reduction finds in each
// run (the mean of a norm, the sum of a softmax), from integers or from the
// caller; what is computed from float values is float, up to an operand of a
// contraction, which is quantized anyway. Backward: an elementwise operation,
// pooling or concatenation works on integers where none of its operands is
// float and its result is read quantized, or where it joins two values.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Analysis/Borders.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Import/Reductions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace lowbit;

/// What `op` hands on: data movement, and observers.
static OpOperand *passedOperand(Operation *op) {
  if (isa_and_nonnull<ObserveOp>(op))
    return &op->getOpOperand(0);
  return movedOperand(op);
}

static Value behindObservers(Value value) {
  while (auto observe = value.getDefiningOp<ObserveOp>())
    value = observe.getInput();
  return value;
}

static Value sourceOf(Value value) {
  while (OpOperand *passed = passedOperand(value.getDefiningOp()))
    value = passed->get();
  return value;
}

static bool isConstant(Value value) {
  value = sourceOf(value);
  return isConstantTensor(value) ||
         isa_and_nonnull<linalg::FillOp, arith::ConstantOp>(
             value.getDefiningOp());
}

/// A constant whose elements are all the same number.
static bool isSingleNumber(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SplatElementsAttr splat;
  return value.getDefiningOp<linalg::FillOp>() ||
         matchPattern(value, m_Constant(&splat)) ||
         (type.hasStaticShape() && type.getNumElements() == 1);
}

namespace {
/// An elementwise operation with one f32 result.
struct Step {
  linalg::LinalgOp op;
  /// Its f32 operands that are no constants.
  SmallVector<OpOperand *> inputs;
  /// The value that it is a function of, element by element; its own result
  /// where there is no such value.
  Value root;
  /// It joins several values.
  bool isMerge = false;
  /// Each element of the result is that of an operand.
  bool isSelection = false;
  /// Its body costs more than a look-up.
  bool isCostly = false;
  /// It works on integers.
  bool isActive = false;
};

class Planner {
public:
  explicit Planner(func::FuncOp main) : main(main) {}
  BorderPlan plan();

private:
  void visit(Operation *op);
  void visitElementwise(linalg::LinalgOp op);
  bool isStatistic(Value value);
  bool isReadByContraction(Value value);
  bool isActive(Operation *op) const;
  bool isWanted(Value value) const;
  bool isFused(Value value) const;
  bool joinsValues(Value value) const;
  bool isTableRead(Operation *op) const;
  void addBorder(Value value, BorderPlan &plan) const;

  Value rootOf(Value value) const {
    auto it = steps.find(value.getDefiningOp());
    return it == steps.end() ? value : it->second.root;
  }
  void setFloat(Value value, const Twine &reason) {
    floats[value] = reason.str();
  }

  func::FuncOp main;
  llvm::MapVector<Operation *, Step> steps;
  /// Reductions and concatenations that may work on integers.
  llvm::MapVector<Operation *, bool> joints;
  /// Float values with the reason.
  llvm::DenseMap<Value, std::string> floats;
  /// Roots of chains that become tables.
  llvm::DenseSet<Value> tables;
  SmallVector<Operation *> ops;
  SmallVector<std::pair<Operation *, std::string>> floatOps;
};
} // namespace

static constexpr StringLiteral kStatisticReason =
    "it works with what a reduction finds in each run, as norms and softmax "
    "do: in f32 registers, which is faster than integers; mode=integer-only "
    "computes it on integers";

static constexpr StringLiteral kResultReason =
    "it makes a result of the model, which is float";
static constexpr StringLiteral kReadersReason =
    "what reads it is float: no operation takes it quantized";

/// All uses behind data movement and observers.
static void forEachReader(Value value,
                          llvm::function_ref<void(OpOperand &)> visit) {
  for (OpOperand &use : value.getUses()) {
    OpOperand *passed = passedOperand(use.getOwner());
    if (passed == &use)
      forEachReader(use.getOwner()->getResult(0), visit);
    else
      visit(use);
  }
}

static bool isReturned(Operation *op) {
  bool isReturned = true;
  forEachReader(op->getResult(0), [&](OpOperand &use) {
    isReturned &= isa<func::ReturnOp>(use.getOwner());
  });
  return isReturned;
}

static bool isQuantizedContraction(Operation *op) {
  return isFloatContraction(op) &&
         !op->hasAttr(LowbitDialect::kFloatReasonAttr);
}

bool Planner::isReadByContraction(Value value) {
  bool isRead = false;
  forEachReader(value, [&](OpOperand &use) {
    isRead |=
        isQuantizedContraction(use.getOwner()) && use.getOperandNumber() < 2;
  });
  return isRead;
}

/// Elementwise loops over f32 elements, which one result comes from.
static bool isElementwise(linalg::LinalgOp op) {
  return op.getNumReductionLoops() == 0 && op.hasPureTensorSemantics() &&
         op->getNumResults() == 1 && isF32Tensor(op->getResult(0)) &&
         !isLinalgCopy(op) && !isa<linalg::FillOp>(op) &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isPermutation() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
}

static bool isBroadcast(OpOperand &use) {
  auto op = cast<linalg::LinalgOp>(use.getOwner());
  return !op.getMatchingIndexingMap(&use).isPermutation();
}

/// Whether what a reduction found is for the elements that it was found in (a
/// mean that is subtracted), and not a value of its own, as pooling makes.
bool Planner::isStatistic(Value value) {
  bool found = false;
  forEachReader(value, [&](OpOperand &use) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || isQuantizedContraction(op) || !isElementwise(op))
      return;
    bool isAlone = true;
    for (OpOperand *operand : op.getDpsInputOperands())
      isAlone &= !isF32Tensor(operand->get()) || isConstant(operand->get()) ||
                 sourceOf(operand->get()) == value;
    found |= isAlone ? isStatistic(op->getResult(0)) : isBroadcast(use);
  });
  return found;
}

void Planner::visitElementwise(linalg::LinalgOp op) {
  Value result = op->getResult(0);
  bool looksUp = false, isForeign = false, isCostly = false;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    looksUp |= isa<tensor::ExtractOp>(inner);
    isForeign |= isa<linalg::IndexOp>(inner);
    isCostly |= isa<math::MathDialect>(inner.getDialect()) &&
                !isa<math::AbsFOp, math::FmaOp>(inner);
    FloatAttr number;
    isCostly |= isa<arith::DivFOp>(inner) &&
                !matchPattern(inner.getOperand(1), m_Constant(&number));
  }
  if (looksUp)
    return; // Rows of a table: integers with scales, like a contraction's.
  Step step{op, {}, result};
  step.isCostly = isCostly;
  step.isSelection =
      llvm::all_of(op.getBlock()->without_terminator(),
                   llvm::IsaPred<arith::MaximumFOp, arith::MinimumFOp,
                                 arith::MaxNumFOp, arith::MinNumFOp>);
  bool isChain = true;
  Value root;
  llvm::SmallSetVector<Value, 2> sources;
  std::string reason;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value value = operand->get();
    if (!op.payloadUsesValueFromOperand(operand))
      continue;
    if (!isF32Tensor(value)) {
      isForeign = true;
      continue;
    }
    if (isConstant(value)) {
      isChain &= isSingleNumber(value);
      continue;
    }
    step.inputs.push_back(operand);
    Value source = sourceOf(value), direct = behindObservers(value);
    auto known = floats.find(source);
    if (known != floats.end() && reason.empty())
      reason = known->second;
    sources.insert(rootOf(source));
    bool isSame = direct == source && !isBroadcast(*operand);
    isChain &= isSame && (!root || root == rootOf(source));
    root = rootOf(source);
  }
  if (isForeign)
    reason = "it is computed from integers, booleans or positions";
  if (step.inputs.empty() && reason.empty())
    reason = "it reads no value that is quantized";
  step.isMerge = sources.size() > 1;
  if (isChain && root && reason.empty())
    step.root = root;
  if (reason.empty()) {
    steps.insert({op, step});
    return;
  }
  floatOps.push_back({op, reason});
  if (!isReadByContraction(result))
    setFloat(result, reason);
}

void Planner::visit(Operation *op) {
  if (op->getNumResults() != 1 || !isF32Tensor(op->getResult(0)) ||
      passedOperand(op) || isConstant(op->getResult(0)) ||
      isa<tensor::EmptyOp, DequantizeOp>(op) || isQuantizedContraction(op)) {
    return;
  }
  Value result = op->getResult(0);
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp && isElementwise(linalgOp))
    return visitElementwise(linalgOp);
  std::string reason;
  auto reduction = matchFloatReduction(op);
  if (auto given =
          op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr))
    reason = given.str();
  else if (reduction && isStatistic(result))
    reason = kStatisticReason;
  else if (reduction) {
    auto known = floats.find(sourceOf(reduction->input()));
    reason = known == floats.end() ? "" : known->second;
  } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    for (Value operand : concat.getInputs())
      if (auto known = floats.find(sourceOf(operand)); known != floats.end())
        reason = known->second;
  } else if (linalgOp && linalgOp.getNumReductionLoops() > 0) {
    reason = kStatisticReason;
  } else {
    reason = "it has no integer form in mode=static";
  }
  if (reason.empty()) {
    joints.insert({op, false});
    return;
  }
  floatOps.push_back({op, reason});
  if (!isReadByContraction(result))
    setFloat(result, reason);
}

bool Planner::isActive(Operation *op) const {
  if (auto it = steps.find(op); it != steps.end())
    return it->second.isActive;
  auto it = joints.find(op);
  return it != joints.end() && it->second;
}

/// Whether something reads `value` quantized.
bool Planner::isWanted(Value value) const {
  bool found = false;
  forEachReader(value, [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    found |= isActive(reader) ||
             (isQuantizedContraction(reader) && use.getOperandNumber() < 2);
  });
  return found;
}

/// Computed in the registers of its only reader.
bool Planner::isFused(Value value) const {
  Operation *maker = value.getDefiningOp();
  if (!maker || !value.hasOneUse())
    return false;
  OpOperand &use = *value.use_begin();
  auto reader = steps.find(use.getOwner());
  return reader != steps.end() && reader->second.isActive &&
         !isBroadcast(use) && !isTableRead(use.getOwner()) &&
         !tables.contains(rootOf(value)) && !floats.count(value);
}

bool Planner::isTableRead(Operation *op) const {
  auto it = steps.find(op);
  return it != steps.end() && it->second.root != op->getResult(0) &&
         tables.contains(it->second.root);
}

/// Whether several values were joined on the way to it, in registers.
bool Planner::joinsValues(Value value) const {
  auto it = steps.find(value.getDefiningOp());
  if (it == steps.end() || !it->second.isActive)
    return false;
  return it->second.isMerge ||
         llvm::any_of(it->second.inputs, [&](OpOperand *operand) {
           return isFused(operand->get()) && joinsValues(operand->get());
         });
}

void Planner::addBorder(Value value, BorderPlan &plan) const {
  if (!isF32Tensor(value) || floats.count(value) || isConstant(value) ||
      isFused(value) ||
      isa_and_nonnull<DequantizeOp, tensor::EmptyOp>(value.getDefiningOp()) ||
      passedOperand(value.getDefiningOp()))
    return;
  Border narrow{value, {}, false}, wide{value, {}, true};
  bool hasWide = false, hasFloat = false;
  for (OpOperand &use : value.getUses()) {
    if (isa<ObserveOp, tensor::DimOp, func::ReturnOp>(use.getOwner()))
      continue;
    bool isNarrow = false, isWide = false, isInner = false;
    auto classify = [&](OpOperand &end) {
      Operation *reader = end.getOwner();
      if (isa<tensor::DimOp, func::ReturnOp>(reader))
        return;
      auto step = steps.find(reader);
      // Quantize moves up through a concatenation.
      if (isa<tensor::ConcatOp>(reader) && isActive(reader))
        return;
      if (isActive(reader) && step == steps.end())
        isNarrow = true;
      else if (!isActive(reader) && !isQuantizedContraction(reader))
        hasFloat = true;
      else if (step != steps.end() && isTableRead(reader))
        (rootOf(value) == value ? isNarrow : isInner) = true;
      else if (step != steps.end())
        (step->second.isMerge && step->second.isSelection ? isNarrow : isWide) =
            true;
    };
    if (passedOperand(use.getOwner()) == &use)
      forEachReader(use.getOwner()->getResult(0), classify);
    else
      classify(use);
    if (isInner)
      continue;
    hasWide |= isWide;
    (isNarrow && !isWide ? narrow : wide).readers.push_back(&use);
  }
  if (!hasWide &&
      !(hasFloat && (joinsValues(value) || !narrow.readers.empty())))
    wide.readers.clear();
  for (Border *border : {&narrow, &wide})
    if (!border->readers.empty()) {
      // Uses are listed from the last to the first.
      std::reverse(border->readers.begin(), border->readers.end());
      plan.borders.push_back(*border);
    }
}

BorderPlan Planner::plan() {
  for (BlockArgument argument : main.getArguments())
    if (isF32Tensor(argument) && !isReadByContraction(argument))
      setFloat(argument, "it reads the model's input, which is float");
  for (Operation &op : main.getBody().front()) {
    ops.push_back(&op);
    visit(&op);
  }
  for (Operation *op : llvm::reverse(ops)) {
    if (auto step = steps.find(op); step != steps.end())
      step->second.isActive =
          step->second.isMerge || isWanted(op->getResult(0));
    else if (auto joint = joints.find(op); joint != joints.end())
      joint->second = isWanted(op->getResult(0));
  }
  // A chain is a table where a look-up costs less, or where its root goes
  // through memory in any case.
  llvm::DenseMap<Value, unsigned> reads;
  for (auto &[op, step] : steps) {
    if (!step.isActive || step.root == op->getResult(0))
      continue;
    for (OpOperand *operand : step.inputs)
      reads[step.root] += behindObservers(operand->get()) == step.root;
    if (step.isCostly || reads[step.root] > 1)
      tables.insert(step.root);
  }
  BorderPlan plan;
  for (BlockArgument argument : main.getArguments())
    addBorder(argument, plan);
  for (Operation *op : ops) {
    for (Value result : op->getResults())
      addBorder(result, plan);
    auto step = steps.find(op);
    auto joint = joints.find(op);
    if ((step != steps.end() || joint != joints.end()) && !isActive(op))
      floatOps.emplace_back(
          op, (isReturned(op) ? kResultReason : kReadersReason).str());
  }
  plan.floats = std::move(floatOps);
  return plan;
}

BorderPlan lowbit::planBorders(func::FuncOp main) {
  return Planner(main).plan();
}
