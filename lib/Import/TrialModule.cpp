//===- TrialModule.cpp - a copy of a module to change ---------------------===//
//
// In: a module. Out: a copy; when it goes, the bytes of the parameters that it
// was given since. Keys are compared, as parameters may be renamed.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/TrialModule.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace lowbit;

/// Calls `act` with the resource of each parameter that has one.
static void
forEachResource(ModuleOp module,
                llvm::function_ref<void(DenseResourceElementsHandle)> act) {
  for (ParameterOp parameter : module.getOps<ParameterOp>())
    if (auto value = dyn_cast_or_null<DenseResourceElementsAttr>(
            parameter.getValueAttr()))
      act(value.getRawHandle());
}

TrialModule::TrialModule(ModuleOp original) : copy(original.clone()) {
  forEachResource(*copy, [this](DenseResourceElementsHandle handle) {
    shared.insert(handle.getKey());
  });
}

TrialModule::~TrialModule() {
  forEachResource(*copy, [this](DenseResourceElementsHandle handle) {
    if (!shared.contains(handle.getKey()))
      handle.getResource()->setBlob({});
  });
}
