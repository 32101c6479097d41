//===- ParametersToArguments.cpp - weights come in as arguments -----------===//
//
// In:  lowbit.get_parameter @w : tensor<...>
// Out: an argument of the function with {lowbit.parameter = "w"}, marked as
//      not writable, so that bufferization copies before it would write.
// Calls of functions that read parameters are refused: import makes one
// function.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_PARAMETERSTOARGUMENTS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct ParametersToArguments
    : impl::ParametersToArgumentsBase<ParametersToArguments> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        convert(func);
  }

  void convert(func::FuncOp func) {
    Builder builder(&getContext());
    llvm::MapVector<StringAttr, SmallVector<GetParameterOp>> reads;
    func.walk([&](GetParameterOp op) {
      reads[op.getParameterAttr().getAttr()].push_back(op);
    });
    for (auto &[name, ops] : reads) {
      auto attributes = builder.getDictionaryAttr(
          {builder.getNamedAttr("lowbit.parameter", name),
           builder.getNamedAttr(
               bufferization::BufferizationDialect::kWritableAttrName,
               builder.getBoolAttr(false))});
      unsigned index = func.getNumArguments();
      if (failed(func.insertArgument(index, ops.front().getOutput().getType(),
                                     attributes, ops.front().getLoc())))
        return signalPassFailure();
      for (GetParameterOp op : ops) {
        op.getOutput().replaceAllUsesWith(func.getArgument(index));
        op.erase();
      }
    }
  }
};
} // namespace
} // namespace lowbit
