//===- RecordOperations.cpp - the operations of the input -----------------===//
//
// In: the module after phase 1. Out: in the account, every operation with a
// `lowbit.id`: what it is, who reads it, whether the model's inputs and outputs
// depend on it.
//
//===----------------------------------------------------------------------===//
#include "Account.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/Reductions.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace lowbit;

static InputOperation::Kind kindOf(Operation *op) {
  if (isa<QuantizeOp, DequantizeOp, RequantizeOp, StorageCastOp>(op))
    return InputOperation::Conversion;
  if (isFloatContraction(op) || isa<ContractOp, PackedContractOp>(op))
    return InputOperation::Contraction;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return isa<tensor::TensorDialect>(op->getDialect())
               ? InputOperation::Movement
               : InputOperation::Other;
  if (isLinalgCopy(op))
    return InputOperation::Movement;
  return linalgOp.getNumReductionLoops() > 0 ? InputOperation::Reduction
                                             : InputOperation::Elementwise;
}

/// What the model chose itself.
static std::optional<llvm::json::Object> ownParameters(Operation *op) {
  auto quantization = dyn_cast<QuantizationOpInterface>(op);
  if (!quantization)
    return std::nullopt;
  llvm::json::Object object;
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    object["format"] = printed(Type(quantize.getQuantizedFormat()));
  else if (auto dequantize = dyn_cast<DequantizeOp>(op))
    object["format"] = printed(Type(dequantize.getQuantizedFormat()));
  else
    return std::nullopt;
  if (auto known = QuantParameters::of(quantization).read())
    for (auto &[key, value] :
         parametersToJson({known->scales.begin(), known->scales.end()},
                          {known->zeroPoints.begin(), known->zeroPoints.end()}))
      object.try_emplace(key, std::move(value));
  return object;
}

namespace {
struct RecordOperations
    : PassWrapper<RecordOperations, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecordOperations)
  RecordOperations(std::shared_ptr<Account> account) : account(account) {}

  void runOnOperation() override {
    markAllAnalysesPreserved();
    llvm::DenseMap<Operation *, size_t> known;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
      if (!id || op->getNumResults() == 0)
        return;
      known[op] = account->operations.size();
      account->index[id.getValue()] = account->operations.size();
      InputOperation entry;
      entry.id = id.str();
      entry.op = op->getName().getStringRef().str();
      entry.loc = op->getLoc();
      entry.kind = kindOf(op);
      entry.keepsValues = movedOperand(op) != nullptr;
      entry.parameters = ownParameters(op);
      account->operations.push_back(std::move(entry));
    });
    findConstants(known);
    findRead(known);
    for (auto [op, at] : known)
      for (Operation *reader : readersOf(op, known)) {
        size_t other = known.lookup(reader);
        account->operations[at].readers.push_back(other);
        account->operations[other].sources.push_back(at);
      }
    for (InputOperation &entry : account->operations) {
      llvm::sort(entry.readers);
      llvm::sort(entry.sources);
    }
  }

private:
  using Known = llvm::DenseMap<Operation *, size_t>;

  /// All that the operation reads, in its regions too.
  static llvm::SetVector<Value> operandsOf(Operation *op) {
    llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
    if (!isa<func::FuncOp, ModuleOp>(op))
      getUsedValuesDefinedAbove(op->getRegions(), values);
    return values;
  }

  void findConstants(const Known &known) {
    llvm::DenseSet<Operation *> constants;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto isConstant = [&](Value value) {
        return value.getDefiningOp() &&
               constants.contains(value.getDefiningOp());
      };
      if (op->getNumResults() == 0 || !llvm::all_of(operandsOf(op), isConstant))
        return;
      constants.insert(op);
      if (auto found = known.find(op); found != known.end())
        account->operations[found->second].isConstant = true;
    });
  }

  void findRead(const Known &known) {
    SmallVector<Operation *> worklist;
    llvm::DenseSet<Operation *> live;
    getOperation().walk([&](Operation *op) {
      if (isa_and_nonnull<func::FuncOp>(op->getParentOp()) &&
          !wouldOpBeTriviallyDead(op))
        worklist.push_back(op);
    });
    while (!worklist.empty()) {
      Operation *op = worklist.pop_back_val();
      if (!live.insert(op).second)
        continue;
      if (auto found = known.find(op); found != known.end())
        account->operations[found->second].isRead = true;
      for (Value value : operandsOf(op))
        if (Operation *maker = value.getDefiningOp())
          worklist.push_back(maker);
    }
  }

  /// The nearest operations of the account behind the result.
  static llvm::SetVector<Operation *> readersOf(Operation *op,
                                                const Known &known) {
    llvm::SetVector<Operation *> readers;
    llvm::DenseSet<Operation *> seen{op};
    SmallVector<Operation *> worklist{op};
    while (!worklist.empty())
      for (Operation *user : worklist.pop_back_val()->getUsers()) {
        while (user && !isa_and_nonnull<func::FuncOp>(user->getParentOp()))
          user = user->getParentOp();
        if (!user || !seen.insert(user).second)
          continue;
        if (known.contains(user))
          readers.insert(user);
        else
          worklist.push_back(user);
      }
    return readers;
  }

  std::shared_ptr<Account> account;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createRecordOperationsPass(std::shared_ptr<Account> account) {
  return std::make_unique<RecordOperations>(std::move(account));
}
