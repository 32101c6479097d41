//===- Tensor.cpp - the values that the interpreter computes with ---------===//
//
// Elements to and from bytes. Floats narrower than f32 go through APFloat.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Interpreter/Tensor.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Store/DType.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>

using namespace mlir;

namespace lowbit::interpreter {
namespace {
int64_t product(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

template <typename T> T load(const char *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <typename T> void store(char *to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

uint64_t loadBits(const char *from, unsigned bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, from, bytes); // All data is little endian.
  return bits;
}

APFloat toAPFloat(FloatType type, double value) {
  APFloat result(value);
  bool losesInfo;
  result.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return result;
}

double fromBits(FloatType type, uint64_t bits) {
  APFloat value(type.getFloatSemantics(), APInt(type.getWidth(), bits));
  // 255 is the NaN of E8M0; the conversion of LLVM 22 makes it infinite.
  return value.isNaN() ? std::numeric_limits<double>::quiet_NaN()
                       : value.convertToDouble();
}
} // namespace

std::optional<ElementFormat> elementFormat(Type type) {
  auto withWidth = [](unsigned width, bool isUnsigned) {
    unsigned bytes = width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8;
    return ElementFormat{width, bytes, isUnsigned, {}};
  };
  if (auto format = dyn_cast<QuantizedTypeInterface>(type)) {
    auto affine = dyn_cast<AffineType>(type);
    return withWidth(format.getStorageWidth(), !affine || !affine.isSigned());
  }
  if (isa<IndexType>(type))
    return withWidth(64, false);
  if (auto integer = dyn_cast<IntegerType>(type)) {
    if (integer.getWidth() == 0 || integer.getWidth() > 64)
      return std::nullopt;
    return withWidth(integer.getWidth(), integer.isUnsigned());
  }
  if (auto real = dyn_cast<FloatType>(type)) {
    if (real.getWidth() > 64)
      return std::nullopt;
    ElementFormat format = withWidth(real.getWidth(), true);
    format.floatType = real;
    return format;
  }
  return std::nullopt;
}

double roundTo(FloatType type, double value) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  return toAPFloat(type, value).convertToDouble();
}

int64_t wrap(int64_t value, unsigned width) {
  return width >= 64 ? value : llvm::SignExtend64(uint64_t(value), width);
}

uint64_t zeroExtend(int64_t value, unsigned width) {
  return width >= 64 ? uint64_t(value)
                     : uint64_t(value) & ((uint64_t(1) << width) - 1);
}

Tensor Tensor::view(Type elementType, ArrayRef<int64_t> shape,
                    ArrayRef<char> bytes, std::shared_ptr<const void> owner) {
  Tensor result;
  result.type = elementType;
  result.elements = *elementFormat(elementType);
  result.sizes.assign(shape.begin(), shape.end());
  result.count = product(shape);
  assert(bytes.size() == size_t(result.count) * result.elements.bytes);
  result.owner = std::move(owner);
  result.data = bytes.data();
  return result;
}

std::optional<Tensor> Tensor::tryCreate(Type elementType,
                                        ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = elementCount(shape);
  int64_t size;
  if (!count || llvm::MulOverflow<int64_t>(
                    *count, elementFormat(elementType)->bytes, size))
    return std::nullopt;
  // Not operator new: LLVM's tools end in its handler, also where it is asked
  // not to throw. One byte at least, so that only a failure gives null.
  std::shared_ptr<char[]> bytes(
      static_cast<char *>(std::calloc(size > 0 ? size : 1, 1)), std::free);
  if (!bytes)
    return std::nullopt;
  return view(elementType, shape, {bytes.get(), size_t(size)}, bytes);
}

Tensor Tensor::create(Type elementType, ArrayRef<int64_t> shape) {
  std::optional<Tensor> result = tryCreate(elementType, shape);
  if (!result)
    llvm::report_bad_alloc_error("the interpreter ran out of memory");
  return *result;
}

Tensor Tensor::scalar(Type type, Scalar value) {
  Tensor result = create(type, {});
  result.set(0, value);
  return result;
}

std::optional<Tensor> Tensor::tryClone() const {
  std::optional<Tensor> result = tryCreate(type, sizes);
  if (!result)
    return std::nullopt;
  std::copy(bytes().begin(), bytes().end(), const_cast<char *>(result->data));
  result->undefined = undefined;
  return result;
}

Tensor Tensor::reshaped(ArrayRef<int64_t> shape) const {
  Tensor result = *this;
  result.sizes.assign(shape.begin(), shape.end());
  assert(product(shape) == count && "a reshape keeps the elements");
  return result;
}

Scalar Tensor::get(int64_t offset) const {
  const char *at = data + offset * elements.bytes;
  if (FloatType real = elements.floatType) {
    if (real.isF32())
      return Scalar::ofFloat(load<float>(at));
    if (real.isF64())
      return Scalar::ofFloat(load<double>(at));
    return Scalar::ofFloat(fromBits(real, loadBits(at, elements.bytes)));
  }
  uint64_t bits = loadBits(at, elements.bytes);
  return Scalar::ofInt(elements.isUnsigned
                           ? int64_t(zeroExtend(bits, elements.width))
                           : wrap(int64_t(bits), elements.width));
}

void Tensor::set(int64_t offset, Scalar value) {
  char *at = const_cast<char *>(data) + offset * elements.bytes;
  if (FloatType real = elements.floatType) {
    if (real.isF32())
      return store(at, static_cast<float>(value.f));
    if (real.isF64())
      return store(at, value.f);
    uint64_t bits = toAPFloat(real, value.f).bitcastToAPInt().getZExtValue();
    std::memcpy(at, &bits, elements.bytes);
    return;
  }
  // A byte of i1 is 0 or 1, as data files have it.
  int64_t kept = elements.isUnsigned || elements.width == 1
                     ? int64_t(zeroExtend(value.i, elements.width))
                     : wrap(value.i, elements.width);
  std::memcpy(at, &kept, elements.bytes);
}

std::string sizesString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      os << "?";
    else
      os << size;
  });
  return text + "]";
}

std::string indexString(ArrayRef<int64_t> indices) {
  return sizesString(indices);
}

std::string indexString(ArrayRef<int64_t> shape, int64_t offset) {
  SmallVector<int64_t> indices(shape.size());
  for (int64_t dim = int64_t(shape.size()) - 1; dim >= 0; --dim) {
    indices[dim] = offset % shape[dim];
    offset /= shape[dim];
  }
  return indexString(indices);
}

void print(llvm::raw_ostream &os, const Tensor &tensor) {
  const ElementFormat &format = tensor.format();
  Type type = tensor.elementType();
  if (!type.isIntOrIndexOrFloat())
    type = IntegerType::get(type.getContext(), format.width,
                            format.isUnsigned ? IntegerType::Unsigned
                                              : IntegerType::Signless);
  std::vector<Attribute> elements;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    Scalar element = tensor.get(i);
    if (FloatType real = format.floatType)
      // The bits of a NaN are not defined, so all look alike.
      elements.push_back(
          FloatAttr::get(real, std::isnan(element.f)
                                   ? APFloat::getQNaN(real.getFloatSemantics())
                                   : toAPFloat(real, element.f)));
    else
      elements.push_back(IntegerAttr::get(
          type, APInt(format.width, zeroExtend(element.i, format.width))));
  }
  os << DenseElementsAttr::get(RankedTensorType::get(tensor.shape(), type),
                               elements);
}
} // namespace lowbit::interpreter
