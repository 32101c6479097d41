//===- ImportModule.cpp - modules of others -------------------------------===//
//
// The order: one function first, so that names and forms are those of one list
// of operations; names before rewrites, which carry them.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/ImportModule.h"

#include "lowbit/Convert/Passes.h"
#include "lowbit/Import/Passes.h"

using namespace mlir;

void lowbit::buildImportPipeline(OpPassManager &pm) {
  pm.addPass(createInlineCalls());
  pm.addPass(createReadGlobals());
  pm.addPass(createReadAsserts());
  pm.addPass(createFoldScalars());
  pm.addPass(createImportTosa());
  AssignIdsOptions ids;
  ids.onlyNameless = true;
  pm.addPass(createAssignIds(ids));
  pm.addPass(createNormalizeLinalg());
  pm.addPass(createSplitInits());
  pm.addPass(createGuardLookups());
}
