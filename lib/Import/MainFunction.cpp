//===- MainFunction.cpp - the function that is the model ------------------===//
//
// Refused: a module without a public function that has a body, and one with
// several of which none is @main.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/MainFunction.h"

using namespace mlir;

FailureOr<func::FuncOp> lowbit::findMain(ModuleOp module) {
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal() && function.isPublic())
      candidates.push_back(function);
  if (candidates.size() == 1)
    return candidates.front();
  if (candidates.empty())
    return module.emitError("the module has no public function with a body");
  InFlightDiagnostic error = module.emitError("the module has ")
                             << candidates.size()
                             << " public functions, and a model is one; make "
                                "the others private or remove them";
  for (func::FuncOp function : candidates)
    error.attachNote(function.getLoc())
        << "@" << function.getName() << " is public";
  return error;
}
