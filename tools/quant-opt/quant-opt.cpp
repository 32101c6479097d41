//===- quant-opt.cpp - mlir-opt with the lowbit dialect -------------------===//
//
// Registers and calls. What it adds to mlir-opt: the folder of the input is
// where its store is, the output is written whole or not at all, and a module
// that is written to a file has its weights in a store beside it.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Pipeline/OptMain.h"
#include "lowbit/Pipeline/Pipelines.h"
#include "lowbit/Process/ChildProcess.h"

#include "mlir/InitAllPasses.h"

int main(int argc, char **argv) {
  lowbit::endWithParent();
  mlir::DialectRegistry registry;
  lowbit::registerCodegenDialects(registry);
  mlir::registerAllPasses();
  lowbit::registerAllLowbitPasses();
  lowbit::registerLowbitCodegenPasses();
  return lowbit::optMain(argc, argv, registry);
}
