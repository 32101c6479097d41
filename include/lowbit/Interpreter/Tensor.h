//===- Tensor.h - the values that the interpreter computes with -*- C++ -*-===//
//
// A scalar is one element; a tensor is an element type, a shape and row-major
// bytes. A scalar value of a program is a tensor of rank 0.
//
// An element takes the 1, 2, 4 or 8 bytes that hold its width, i1 too (0 or 1);
// narrower integers are extended to them, by their sign unless they are
// unsigned (ui4, !lowbit.affine<ui4>). Quantized elements are stored as their
// codes, one by one: a format that packs them does so in storage_cast.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_TENSOR_H
#define LOWBIT_INTERPRETER_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include <memory>
#include <optional>

namespace lowbit::interpreter {

/// An integer of up to 64 bits (signless ones sign-extended, so that a true i1
/// is -1), or a float of up to 64 bits, which a double holds exactly.
struct Scalar {
  int64_t i = 0;
  double f = 0;

  static Scalar ofInt(int64_t value) { return {value, 0}; }
  static Scalar ofBool(bool value) { return {value ? -1 : 0, 0}; }
  static Scalar ofFloat(double value) { return {0, value}; }
};

/// How elements of a type are stored.
struct ElementFormat {
  unsigned width = 0;
  unsigned bytes = 0;
  bool isUnsigned = false;
  /// Set for floats.
  mlir::FloatType floatType;
};
/// None for a type that the interpreter has no elements of.
std::optional<ElementFormat> elementFormat(mlir::Type elementType);

/// The value rounded to the type, to nearest even.
double roundTo(mlir::FloatType type, double value);
/// The low `width` bits, as a signless integer is kept.
int64_t wrap(int64_t value, unsigned width);
/// The same bits without a sign.
uint64_t zeroExtend(int64_t value, unsigned width);

class Tensor {
public:
  Tensor() = default;

  /// Zeros; none when the machine has not that much memory. The element type
  /// has a format and no size is negative.
  static std::optional<Tensor> tryCreate(mlir::Type elementType,
                                         llvm::ArrayRef<int64_t> shape);
  /// The same for a tensor that is small.
  static Tensor create(mlir::Type elementType, llvm::ArrayRef<int64_t> shape);
  /// A rank-0 tensor.
  static Tensor scalar(mlir::Type type, Scalar value);
  /// Bytes of somebody else, who outlives the tensor or is kept by `owner`.
  static Tensor view(mlir::Type elementType, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<char> bytes,
                     std::shared_ptr<const void> owner = nullptr);

  mlir::Type elementType() const { return type; }
  const ElementFormat &format() const { return elements; }
  llvm::ArrayRef<int64_t> shape() const { return sizes; }
  int64_t rank() const { return int64_t(sizes.size()); }
  int64_t size() const { return count; }
  llvm::ArrayRef<char> bytes() const {
    return {data, size_t(count) * elements.bytes};
  }

  /// The element at a row-major offset.
  Scalar get(int64_t offset) const;
  /// The only element of a scalar or of a tensor with one.
  Scalar value() const { return get(0); }
  /// Writes to the bytes, which this tensor must be the only one to have:
  /// made by tryCreate(), create() or tryClone().
  void set(int64_t offset, Scalar value);

  /// None when the machine has not that much memory.
  std::optional<Tensor> tryClone() const;
  /// The same bytes in another shape of as many elements.
  Tensor reshaped(llvm::ArrayRef<int64_t> shape) const;

  /// True for the elements of tensor.empty, which nothing may read.
  bool isUndefined() const { return undefined; }
  void markUndefined(bool value = true) { undefined = value; }

private:
  mlir::Type type;
  ElementFormat elements;
  llvm::SmallVector<int64_t, 4> sizes;
  int64_t count = 0;
  std::shared_ptr<const void> owner;
  const char *data = nullptr;
  bool undefined = false;
};

/// The indices of a row-major offset: `[1, 2]`.
std::string indexString(llvm::ArrayRef<int64_t> shape, int64_t offset);
std::string indexString(llvm::ArrayRef<int64_t> indices);
/// `[2, 3]`, a dynamic size as `?`.
std::string sizesString(llvm::ArrayRef<int64_t> shape);

/// Prints the elements as MLIR does: `dense<[1, 2]> : tensor<2xi32>`, quantized
/// ones as their integers.
void print(llvm::raw_ostream &os, const Tensor &tensor);

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_TENSOR_H
