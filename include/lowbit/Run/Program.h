//===- Program.h - a compiled model -----------------------------*- C++ -*-===//
//
// Compiles a module for this machine and runs it. A crash of compiled code is
// a crash of the process: tools that must survive one run a child process.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_PROGRAM_H
#define LOWBIT_RUN_PROGRAM_H

#include "lowbit/Codegen/CPU/Pipeline.h"
#include "lowbit/Run/Callbacks.h"
#include "lowbit/Run/Signature.h"
#include "lowbit/Run/Weights.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/OwningOpRef.h"

namespace lowbit {
class Program {
public:
  /// Takes a module of any phase. What is wrong with it is reported through
  /// the context's diagnostics; the error is empty then.
  static llvm::Expected<std::unique_ptr<Program>>
  compile(mlir::OwningOpRef<mlir::ModuleOp> module,
          const CpuCodegenOptions &options);

  const Signature &signature() const { return modelSignature; }
  /// The module that was compiled, as it was given.
  mlir::ModuleOp module() { return *source; }

  /// Called for each tap (see CpuCodegenOptions::taps) of each run.
  void setTapHandler(TapHandler handler) { onTap = std::move(handler); }

  /// Called for each mark (see CpuCodegenOptions::marks) of each run.
  void setMarkHandler(MarkHandler handler) { onMark = std::move(handler); }
  llvm::ArrayRef<std::string> siteNames() const { return sites; }

  /// The parameter's own bytes.
  llvm::Expected<llvm::ArrayRef<char>> parameter(llvm::StringRef name) {
    return weights->get(name);
  }
  /// From now on runs read these bytes for a parameter, as many as it has; the
  /// caller keeps them. A parameter that the code does not read is left alone.
  llvm::Error setParameter(llvm::StringRef name, llvm::ArrayRef<char> bytes);

  /// Runs once. `inputs` are in the signature's order and fit it. Threads may
  /// run at once, where the code was not compiled to be parallel itself.
  llvm::Expected<std::vector<NpyArray>>
  run(llvm::ArrayRef<const NpyArray *> inputs);

private:
  /// One argument of the compiled function.
  struct Argument {
    /// Index of the model's input, or -1 for a parameter.
    int64_t input = -1;
    std::string name;
    llvm::ArrayRef<char> parameter;
    /// How the bytes lie, where the code reads them packed.
    mlir::DictionaryAttr packing;
    llvm::SmallVector<int64_t> shape;
  };

  Program() = default;
  llvm::Error bindArguments(mlir::func::FuncOp entry);

  /// Keeps the parameters' values alive.
  mlir::OwningOpRef<mlir::ModuleOp> source;
  Signature modelSignature;
  std::unique_ptr<Weights> weights;
  std::vector<Argument> arguments;
  std::vector<std::string> sites;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
  TapHandler onTap;
  MarkHandler onMark;
};

/// An error whose text a diagnostic has said already.
inline llvm::Error reported() { return llvm::createStringError(""); }

/// Reads a module, text or bytecode, and makes its folder the one that store
/// paths are relative to. Reports errors through the context's diagnostics.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(llvm::StringRef path,
                                             mlir::MLIRContext &context);
} // namespace lowbit

#endif // LOWBIT_RUN_PROGRAM_H
