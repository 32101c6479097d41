//===- Pipeline.cpp - phase 7 for the CPU ---------------------------------===//
//
// The order of the passes of code generation, and why each is where it is.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/Pipeline.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"

using namespace mlir;

void lowbit::buildCpuLoopPipeline(OpPassManager &pm,
                                  const CpuCodegenOptions &options) {
  pm.addPass(createInsertTaps({options.taps}));
  // A module of phase 4 or 5 still has some: they are computed in float.
  pm.addPass(createLowerContract());
  pm.addPass(createLowerQdq());
  // Nothing else knows arith and math on tensors.
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createCheckSizes());
  pm.addPass(createParametersToArguments());
  pm.addNestedPass<func::FuncOp>(createDecomposeTensorOps());
  // From here on maps and bodies change, and the order of no sum does.
  pm.addNestedPass<func::FuncOp>(createFixReductionOrders());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createKeepUnreadInits());
  pm.addNestedPass<func::FuncOp>(createFuseWeights());
  // Taps read values, so whatever is tapped is not fused away.
  pm.addNestedPass<func::FuncOp>(createFuseElementwise());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());

  pm.addNestedPass<func::FuncOp>(createPrivatizeResults());
  pm.addNestedPass<func::FuncOp>(createPrivatizeInits());
  pm.addNestedPass<func::FuncOp>(createReuseInputs());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(createBufferize());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());

  if (options.marks)
    pm.addNestedPass<func::FuncOp>(createInsertMarks());
  pm.addPass(createExpandContractions({options.isa}));
  pm.addPass(createDropUnusedParameters());
  pm.addNestedPass<func::FuncOp>(createVectorizeGenerics());
  pm.addPass(createLowerRuntimeCalls());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void lowbit::buildCpuLLVMPipeline(OpPassManager &pm,
                                  const CpuCodegenOptions &options) {
  auto &func = pm.nest<func::FuncOp>();
  func.addPass(createExpandMath());
  func.addPass(createConvertLinalgToLoopsPass());
  func.addPass(createLoopInvariantCodeMotionPass());
  func.addPass(createConvertVectorToSCFPass());
  if (options.parallel) {
    pm.addPass(createConvertSCFToOpenMPPass());
    // Removes the alloca scopes around the bodies, which scf-to-cf cannot
    // take.
    pm.addPass(createCanonicalizerPass());
  } else {
    pm.addNestedPass<func::FuncOp>(createParallelForToNestedForsPass());
  }
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertVectorToLLVMPass());
  FinalizeMemRefToLLVMConversionPassOptions memrefOptions;
  // The optimizer knows aligned_alloc, so buffers do not alias for it.
  memrefOptions.useAlignedAlloc = true;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memrefOptions));
  pm.addPass(createConvertMathToLLVMPass());
  if (options.parallel)
    pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
}
