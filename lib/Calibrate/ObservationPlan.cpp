//===- ObservationPlan.cpp - what to observe ------------------------------===//
//
// A contraction stays float when both operands are constants, when it has no
// elements or a single product a sum, and when it carries a reason already.
// A constant is a table when all its readers look rows up in it (or are
// contractions, which get integers of their own).
//
//===----------------------------------------------------------------------===//
#include "ObservationPlan.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"

using namespace mlir;
using namespace lowbit;

static Value findSource(Value value) {
  while (OpOperand *moved = movedOperand(value.getDefiningOp()))
    value = moved->get();
  return value;
}

/// The model's own dequantize at the source of `value`.
static DequantizeOp findDequantize(Value value) {
  return findSource(value).getDefiningOp<DequantizeOp>();
}

bool lowbit::isQuantizedAlready(Value value) {
  return bool(findDequantize(value));
}

static bool comesFromConstant(Value value) {
  value = findSource(value);
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<DequantizeOp, StorageCastOp, QuantizeOp>(op))
      break;
    value = findSource(op->getOperand(0));
  }
  return isConstantTensor(value);
}

/// Why integers of a format that the model has chosen are of no use; empty when
/// they are.
static std::string findFormatReason(DequantizeOp op) {
  auto format = dyn_cast<AffineType>(Type(op.getQuantizedFormat()));
  bool hasForm = format && !format.isBlockwise() && !format.getPack() &&
                 (format.getStorage().getWidth() <= 8 || format.isSigned());
  if (hasForm)
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "the model quantizes an operand to " << Type(op.getQuantizedFormat())
     << ", which has no integer form in this version";
  return text;
}

/// Why the contraction has to stay float; empty when it need not.
static std::string findReason(const Contraction &c) {
  if (comesFromConstant(c.lhs()) && comesFromConstant(c.rhs()))
    return "both operands are constants";
  for (int64_t extent : c.loopExtents())
    if (extent == 0)
      return "it has no elements";
  if (c.reductionSize() == 1)
    return "each sum has a single product";
  for (Value operand : {c.lhs(), c.rhs()})
    if (DequantizeOp dequantize = findDequantize(operand))
      if (std::string reason = findFormatReason(dequantize); !reason.empty())
        return reason;
  return "";
}

/// True when the index is computed from an element of a tensor, and not only
/// from the position in the loop.
static bool comesFromData(Value index) {
  SmallVector<Value> worklist{index};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    Operation *op = value.getDefiningOp();
    if (!op) {
      Operation *parent = value.getParentBlock()->getParentOp();
      if (isa<linalg::GenericOp>(parent))
        return true;
      continue;
    }
    if (isa<tensor::ExtractOp>(op))
      return true;
    if (isa<linalg::IndexOp, tensor::DimOp>(op))
      continue;
    llvm::append_range(worklist, op->getOperands());
  }
  return false;
}

/// The value is moved, and then read by contractions only.
static bool feedsOnlyContractions(Operation *user,
                                  const llvm::DenseSet<Operation *> &known) {
  if (known.contains(user))
    return true;
  return movedOperand(user) &&
         llvm::all_of(user->getUsers(), [&](Operation *next) {
           return feedsOnlyContractions(next, known);
         });
}

static std::optional<TableLookups>
matchTable(Value constant, const llvm::DenseSet<Operation *> &contractions) {
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  if (!isConstantTensor(constant) || !type || type.getRank() != 2 ||
      !type.getElementType().isF32() || type.getNumElements() == 0)
    return std::nullopt;
  TableLookups table{constant, {}};
  for (Operation *user : constant.getUsers()) {
    auto lookup = dyn_cast<tensor::ExtractOp>(user);
    if (lookup && isa<linalg::GenericOp>(lookup->getParentOp()) &&
        comesFromData(lookup.getIndices()[0]))
      table.lookups.push_back(lookup);
    else if (!feedsOnlyContractions(user, contractions))
      return std::nullopt;
  }
  if (table.lookups.empty())
    return std::nullopt;
  return table;
}

ObservationPlan lowbit::planObservation(func::FuncOp main) {
  ObservationPlan plan;
  llvm::DenseSet<Operation *> chosen;
  main.walk([&](linalg::LinalgOp op) {
    auto contraction = matchFloatContraction(op);
    if (!contraction)
      return;
    auto given = op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr);
    std::string reason = given ? given.str() : findReason(*contraction);
    if (!reason.empty()) {
      plan.floats.emplace_back(op, reason);
    } else {
      plan.contractions.push_back(*contraction);
      chosen.insert(op);
    }
  });
  main.walk([&](Operation *op) {
    if (op->getNumResults() == 1)
      if (auto table = matchTable(op->getResult(0), chosen))
        plan.tables.push_back(*table);
  });
  return plan;
}
