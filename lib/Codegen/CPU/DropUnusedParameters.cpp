//===- DropUnusedParameters.cpp - parameter arguments nothing reads -------===//
//
// In:  arguments with {lowbit.parameter} that have no use.
// Out: a function without them. Inputs of the model stay, used or not: they
//      are its signature.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_DROPUNUSEDPARAMETERS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct DropUnusedParameters
    : impl::DropUnusedParametersBase<DropUnusedParameters> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      llvm::BitVector unused(func.getNumArguments());
      for (BlockArgument argument : func.getArguments())
        if (argument.use_empty() &&
            func.getArgAttr(argument.getArgNumber(), "lowbit.parameter"))
          unused.set(argument.getArgNumber());
      if (failed(func.eraseArguments(unused)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace lowbit
