//===- InlineCalls.cpp - helper functions into the model ------------------===//
//
//   func.func private @relu(...)       func.func @main(...) {
//   func.func @main(...) {         ->    <body of @relu>
//     call @relu(...)
//
// In: one public function that calls private ones. Out: no call of a function
// with a body is left; the functions stay until nothing names them. Refused:
// recursion, functions without a body.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/Passes.h"

#include "mlir/Transforms/Inliner.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_INLINECALLS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

namespace {
struct InlineCalls : lowbit::impl::InlineCallsBase<InlineCalls> {
  void runOnOperation() override {
    SmallVector<func::CallOp> calls;
    getOperation().walk([&](func::CallOp call) { calls.push_back(call); });
    if (calls.empty())
      return markAllAnalysesPreserved();
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main) || failed(checkCalls(*main)))
      return signalPassFailure();
    while (std::optional<func::CallOp> call = firstCall(*main))
      if (failed(inlineInto(*call)))
        return signalPassFailure();
  }

private:
  func::FuncOp calleeOf(func::CallOp call) {
    return getOperation().lookupSymbol<func::FuncOp>(call.getCallee());
  }

  static std::optional<func::CallOp> firstCall(func::FuncOp function) {
    std::optional<func::CallOp> found;
    function.walk([&](func::CallOp call) {
      found = call;
      return WalkResult::interrupt();
    });
    return found;
  }

  /// Everything that `function` calls has a body and does not come back to a
  /// function that is being called.
  LogicalResult checkCalls(func::FuncOp function) {
    if (done.contains(function))
      return success();
    open.insert(function);
    WalkResult result = function.walk([&](func::CallOp call) {
      func::FuncOp callee = calleeOf(call);
      if (!callee || callee.isExternal()) {
        call.emitError("calls @")
            << call.getCallee()
            << ", which has no body in this module; a model is computed by its "
               "module alone: link the function into it, or remove the call";
        return WalkResult::interrupt();
      }
      if (open.contains(callee)) {
        call.emitError("calls @")
            << call.getCallee()
            << ", which is being called already; recursion has no integer "
               "form: unroll it before";
        return WalkResult::interrupt();
      }
      return WalkResult(checkCalls(callee));
    });
    open.erase(function);
    done.insert(function);
    return failure(result.wasInterrupted());
  }

  LogicalResult inlineInto(func::CallOp call) {
    InlinerInterface interface(&getContext());
    InlinerConfig config;
    func::FuncOp callee = calleeOf(call);
    if (failed(inlineCall(interface, config.getCloneCallback(), call, callee,
                          callee.getCallableRegion())))
      return call.emitError("calls @")
             << call.getCallee() << ", which cannot be inlined here";
    call.erase();
    ++numInlined;
    return success();
  }

  llvm::DenseSet<Operation *> open, done;
};
} // namespace
