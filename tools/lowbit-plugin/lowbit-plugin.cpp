//===- lowbit-plugin.cpp - the dialect and the passes for mlir-opt --------===//
//
// Two entry points that a program built on the same shared MLIR calls after it
// has loaded this library: one adds the dialect, what its passes need and how
// its operations bufferize to a registry, the other registers the passes and
// pipelines. Refused: a host that runs another LLVM than the one this was built
// with. Such a host gets no callbacks, and one line says why.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Pipeline/Pipelines.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm-c/Core.h"
#include "llvm/Config/llvm-config.h"

#include <cstdio>
#include <cstdlib>

using namespace mlir;

static constexpr const char *kName = "lowbit";
/// The folder that `lowbit.store` is relative to; the host knows of none.
static constexpr const char *kStoreVariable = "LOWBIT_STORE_DIRECTORY";

/// C++ has no stable interface between two versions of LLVM, and MLIR's plugin
/// interface compares only its own version. Printed with the C library: nothing
/// of another LLVM should be called.
static bool isHostTheSame() {
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  if (major == LLVM_VERSION_MAJOR && minor == LLVM_VERSION_MINOR &&
      patch == LLVM_VERSION_PATCH)
    return true;
  // Hosts ask for the dialect and for the passes: once is enough.
  static bool isSaid = false;
  if (!isSaid)
    std::fprintf(stderr,
                 "error: LowbitPlugin.so was built with LLVM %s, and this "
                 "program runs LLVM %u.%u.%u: build Lowbit with that version\n",
                 LLVM_VERSION_STRING, major, minor, patch);
  isSaid = true;
  return false;
}

static void registerDialects(DialectRegistry *registry) {
  lowbit::registerCodegenDialects(*registry);
  registry->addExtension(+[](MLIRContext *, lowbit::LowbitDialect *dialect) {
    if (const char *folder = std::getenv(kStoreVariable))
      dialect->setStoreDirectory(folder);
  });
}

static void registerPasses() {
  lowbit::registerAllLowbitPasses();
  lowbit::registerLowbitCodegenPasses();
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, kName, LOWBIT_VERSION,
          isHostTheSame() ? registerDialects : nullptr};
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, kName, LOWBIT_VERSION,
          isHostTheSame() ? registerPasses : nullptr};
}
