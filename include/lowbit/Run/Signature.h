//===- Signature.h - what a model takes and gives ---------------*- C++ -*-===//
//
// Names, types and shapes of the arguments and results of a module's entry
// function, as data files and commands see them.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_SIGNATURE_H
#define LOWBIT_RUN_SIGNATURE_H

#include "lowbit/Data/DataSource.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace mlir {
namespace func {
class FuncOp;
} // namespace func
} // namespace mlir

namespace lowbit {
/// Results are described like inputs.
struct Signature {
  std::vector<InputSpec> inputs;
  std::vector<InputSpec> outputs;
  /// For each input, whether its integers must be small: they are used as
  /// indices (see IndexInputs.h), or they are an i64 that import has named,
  /// which are token ids, positions and masks.
  std::vector<bool> takesSmallIntegers;
};

/// Names are `lowbit.name`, or arg0.. and out0..; an error names the argument
/// whose type cannot be passed.
llvm::Expected<Signature> getSignature(mlir::func::FuncOp entry);

llvm::json::Value toJSON(const Signature &signature);
} // namespace lowbit

#endif // LOWBIT_RUN_SIGNATURE_H
