//===- Weights.h - the bytes of parameters ----------------------*- C++ -*-===//
//
// Gives compiled code its weights: a pointer into the mapped store, or a packed
// copy where the code reads them packed.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_WEIGHTS_H
#define LOWBIT_RUN_WEIGHTS_H

#include "lowbit/Data/NpyArray.h"
#include "lowbit/Store/Safetensors.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

namespace lowbit {
class ParameterOp;

class Weights {
public:
  /// Opens the store that `module` names, if it names one. The module must
  /// outlive this object: values that are not in a store are read from it.
  static llvm::Expected<std::unique_ptr<Weights>> open(mlir::ModuleOp module);

  /// The parameter's bytes in row-major order, valid as long as this object.
  llvm::Expected<llvm::ArrayRef<char>> get(llvm::StringRef name);

  /// The same packed as `packing` says (see PackWeights.h).
  llvm::Expected<llvm::ArrayRef<char>> getPacked(llvm::StringRef name,
                                                 mlir::DictionaryAttr packing);

private:
  Weights() = default;

  mlir::ModuleOp module;
  std::unique_ptr<SafetensorsFile> store;
  /// Packed copies, and values that are not stored row by row in the module.
  std::vector<AlignedBuffer> owned;
};
} // namespace lowbit

#endif // LOWBIT_RUN_WEIGHTS_H
