//===- Jit.cpp - LLVM dialect to machine code -----------------------------===//
//
// Optimizes for the host and links the runtime's functions, and the OpenMP
// library where the code is parallel.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Jit.h"
#include "lowbit/Run/Callbacks.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

/// O3 without the SLP vectorizer. It joins unlike lanes by operations whose
/// other lanes are poison, such as shifts by more than the width, and LLVM 22
/// takes those lanes for zeros on x86 with AVX2, where they are not: wrong
/// numbers (test/Regression/poison-lanes.mlir). Our loops are vectors already.
static llvm::Error optimize(llvm::Module &module, llvm::TargetMachine *target) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopInterleaving = true;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(target, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<ExecutionEngine>>
lowbit::createJit(ModuleOp module, bool parallel) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  auto machine = builder->createTargetMachine();
  if (!machine)
    return machine.takeError();

  ExecutionEngineOptions options;
  llvm::TargetMachine *target = machine->get();
  auto transformer = [target](llvm::Module *llvmModule) {
    return optimize(*llvmModule, target);
  };
  options.transformer = transformer;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  SmallVector<StringRef> libraries;
  if (parallel)
    libraries.push_back(LOWBIT_OPENMP_LIBRARY);
  options.sharedLibPaths = libraries;
  auto engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (!engine)
    return engine.takeError();
  (*engine)->registerSymbols([](llvm::orc::MangleAndInterner interner) {
    llvm::orc::SymbolMap symbols;
    for (auto [name, address] : runtimeFunctions())
      symbols[interner(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                                 llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  return engine;
}
