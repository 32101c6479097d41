//===- ParameterAccess.h - the bytes of weights -----------------*- C++ -*-===//
//
// Reads parameters and constants without copying them where that can be
// helped, and makes new ones.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_PARAMETERACCESS_H
#define LOWBIT_IMPORT_PARAMETERACCESS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Store/Safetensors.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

/// The bytes of a constant tensor, row-major and little endian (a boolean is a
/// byte). They live as long as the ParameterReader and the module.
struct ConstantBytes {
  mlir::RankedTensorType type;
  llvm::ArrayRef<char> data;
  /// Set when the bytes had to be made: splats, packed booleans, misaligned
  /// tensors.
  std::shared_ptr<std::vector<char>> owned;

  template <typename T> llvm::ArrayRef<T> as() const {
    return {reinterpret_cast<const T *>(data.data()), data.size() / sizeof(T)};
  }
};

/// The element type as stores know it; none for a type that they do not hold.
std::optional<DType> dtypeOf(mlir::Type elementType);

/// The file that the module's `lowbit.store` names; empty without one.
std::string storePath(mlir::ModuleOp module);

/// True for the result of `lowbit.get_parameter`, and for an `arith.constant`
/// that is a ranked tensor.
bool isConstantTensor(mlir::Value value);

/// Reads the parameters of one module. The store is opened when it is first
/// needed and stays mapped.
class ParameterReader {
public:
  explicit ParameterReader(mlir::ModuleOp module) : module(module) {}

  /// Each of these emits the error itself.
  llvm::FailureOr<ConstantBytes> read(ParameterOp parameter);
  llvm::FailureOr<ConstantBytes> read(mlir::Value constant);
  /// The open store; it is an error when there is none.
  llvm::FailureOr<SafetensorsFile *> store(mlir::Operation *user);

private:
  mlir::ModuleOp module;
  std::unique_ptr<SafetensorsFile> file;
};

/// Makes constants: small ones `arith.constant`, others parameters.
class ConstantBuilder {
public:
  explicit ConstantBuilder(mlir::ModuleOp module) : module(module) {}

  /// The most elements that stay in the text of a module.
  static constexpr int64_t kInlineElements = 16;

  /// A constant tensor of `data`, which is copied. `name` is made unique when
  /// it becomes that of a parameter.
  mlir::Value create(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::StringRef name, mlir::RankedTensorType type,
                     llvm::ArrayRef<char> data);
  template <typename T>
  mlir::Value create(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::StringRef name, mlir::RankedTensorType type,
                     llvm::ArrayRef<T> values) {
    return create(
        builder, loc, name, type,
        llvm::ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                             values.size() * sizeof(T)));
  }
  /// Always a parameter.
  mlir::Value createParameter(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef name, mlir::RankedTensorType type,
                              llvm::ArrayRef<char> data);

private:
  mlir::ModuleOp module;
};

/// Erases the parameters that nothing reads; returns how many.
unsigned eraseDeadParameters(mlir::ModuleOp module);

} // namespace lowbit

#endif // LOWBIT_IMPORT_PARAMETERACCESS_H
