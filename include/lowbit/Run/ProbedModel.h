//===- ProbedModel.h - a compiled model of any parameters -------*- C++ -*-===//
//
// A module after lowbit-insert-probes, compiled once. Values are float until
// they are given parameters; weights are quantized here, with lib/Numerics.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_PROBEDMODEL_H
#define LOWBIT_RUN_PROBEDMODEL_H

#include "lowbit/Evaluate/Probes.h"
#include "lowbit/Run/Program.h"
#include <map>

namespace lowbit {

class ProbedModel {
public:
  /// Refused: a module without probes.
  static llvm::Expected<std::unique_ptr<ProbedModel>>
  create(std::unique_ptr<Program> program);

  /// The model's own inputs and outputs.
  const Signature &signature() const { return ownSignature; }
  mlir::ModuleOp module() { return program->module(); }
  /// The model's own input that an argument of the function is; none for the
  /// probes'.
  std::optional<size_t> inputOf(size_t argument) const {
    if (!probeInput || argument < *probeInput)
      return argument;
    return argument == *probeInput ? std::nullopt : std::optional(argument - 1);
  }
  llvm::ArrayRef<std::string> probes() const { return probeIds; }
  std::vector<std::string> weights() const;

  /// What is wrong with the parameters of that value; success when nothing is.
  llvm::Error check(llvm::StringRef id,
                    const ValueParameters &parameters) const;
  /// After `check`.
  llvm::Error set(llvm::StringRef id, const ValueParameters &parameters);
  /// Puts these bytes in place of those of a weight, by id, or of a parameter
  /// (no bytes: its own again). A weight stays quantized, from the new ones.
  llvm::Error load(llvm::StringRef name, std::vector<char> bytes);

  llvm::Expected<std::vector<NpyArray>> run(llvm::ArrayRef<NpyArray> inputs);

private:
  struct Weight {
    std::string parameter;
    llvm::SmallVector<int64_t> shape;
    ValueParameters current;
    std::vector<float> quantized;
  };
  ProbedModel(std::unique_ptr<Program> program) : program(std::move(program)) {}
  llvm::Error readNames();
  llvm::Expected<llvm::ArrayRef<char>> floatBytes(llvm::StringRef parameter);
  llvm::Error apply(Weight &weight);

  std::unique_ptr<Program> program;
  Signature ownSignature;
  std::vector<std::string> probeIds;
  /// [scale, lo, hi] a probe; `probeInput` is the number of the argument.
  NpyArray table;
  std::optional<size_t> probeInput;
  std::map<std::string, Weight> weightsById;
  std::map<std::string, std::vector<char>> loaded;
};

/// N17 for each element of a row-major tensor.
void fakeQuantize(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape,
                  const ValueParameters &parameters,
                  llvm::MutableArrayRef<float> result);

} // namespace lowbit

#endif // LOWBIT_RUN_PROBEDMODEL_H
