//===- VerifyIntegerContract.cpp - what phase 6 hands on ------------------===//
//
// In: any module. Out: the same, known to keep the integer contract. Refused,
// all in one error: quantized types, operations of phases 2 to 5, an f32
// contraction without a reason.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/Offenders.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_VERIFYINTEGERCONTRACT
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static bool isQuantized(Type type) {
  return isa<QuantizedTypeInterface>(getElementTypeOrSelf(type));
}

static std::string findProblem(Operation *op) {
  std::string name = ("'" + op->getName().getStringRef() + "' ").str();
  if (isa<ObserveOp>(op))
    return name + "is left over: run lowbit-insert-qdq";
  if (isa<ContractOp, PackedContractOp>(op))
    return name + "is left over: run lowbit-lower-contract";
  if (isa<QuantizeOp, DequantizeOp, FakeQuantOp, FakeQuantGradOp, RequantizeOp>(
          op))
    return name + "is left over: run lowbit-lower-qdq";
  if (llvm::any_of(op->getResultTypes(), isQuantized) ||
      llvm::any_of(op->getOperandTypes(), isQuantized))
    return name + "has a quantized type; quantized values end at function "
                  "borders and at operations that lowbit does not know";
  if (isFloatContraction(op) && !op->hasAttr(LowbitDialect::kFloatReasonAttr))
    return name + "is a contraction in float without '" +
           LowbitDialect::kFloatReasonAttr.str() +
           "': run lowbit-lower-contractions";
  return "";
}

namespace {
struct VerifyIntegerContract
    : lowbit::impl::VerifyIntegerContractBase<VerifyIntegerContract> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    Offenders offenders;
    getOperation().walk(
        [&](Operation *op) { offenders.add(op->getLoc(), findProblem(op)); });
    if (failed(offenders.report(getOperation(), "integer")))
      signalPassFailure();
  }
};
} // namespace
