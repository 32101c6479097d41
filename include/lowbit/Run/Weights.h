//===- Weights.h - the bytes of parameters ----------------------*- C++ -*-===//
//
// Gives compiled code its weights: a pointer into the mapped store, or a packed
// copy where the code reads them packed.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_WEIGHTS_H
#define LOWBIT_RUN_WEIGHTS_H

#include "lowbit/Data/NpyArray.h"
#include "lowbit/Import/ParameterAccess.h"
#include <map>

namespace lowbit {
class Weights {
public:
  /// The module must outlive this object, which reads its store and values.
  explicit Weights(mlir::ModuleOp module) : module(module), reader(module) {}

  /// The parameter's bytes in row-major order, valid as long as this object.
  /// The error is empty when a diagnostic has been emitted.
  llvm::Expected<llvm::ArrayRef<char>> get(llvm::StringRef name);

  /// The same packed as `packing` says (see PackWeights.h).
  llvm::Expected<llvm::ArrayRef<char>> getPacked(llvm::StringRef name,
                                                 mlir::DictionaryAttr packing);
  /// Packs other bytes into what getPacked returned.
  llvm::Error repack(mlir::DictionaryAttr packing, llvm::ArrayRef<char> source,
                     llvm::ArrayRef<char> destination);

private:
  mlir::ModuleOp module;
  ParameterReader reader;
  std::map<std::string, ConstantBytes> read;
  std::vector<AlignedBuffer> packed;
};
} // namespace lowbit

#endif // LOWBIT_RUN_WEIGHTS_H
