//===- Elements.cpp - the numbers of an elements attribute ----------------===//
//
// See Elements.h.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/Elements.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>
#include <limits>

using namespace mlir;
using namespace lowbit;

/// The bytes of a resource, when there are as many as its type needs. Elements
/// narrower than a byte take one each.
static std::optional<ArrayRef<char>>
readResource(DenseResourceElementsAttr resource, size_t elementSize) {
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  auto type = cast<ShapedType>(resource.getType());
  if (!blob || blob->getData().size() != type.getNumElements() * elementSize)
    return std::nullopt;
  return blob->getData();
}

static float toFloat(APFloat value) {
  // 255 is the NaN of E8M0; the conversion of LLVM 22 makes it infinite.
  if (value.isNaN())
    return std::numeric_limits<float>::quiet_NaN();
  bool losesInfo;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToFloat();
}

std::optional<std::vector<float>> lowbit::readFloats(ElementsAttr elements) {
  auto type = dyn_cast<FloatType>(elements.getElementType());
  if (!type || type.getWidth() > 32)
    return std::nullopt;
  std::vector<float> result;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    size_t size = (type.getWidth() + 7) / 8;
    auto bytes = readResource(resource, size);
    if (!bytes)
      return std::nullopt;
    size_t count = bytes->size() / size;
    result.resize(count);
    if (type.isF32()) {
      if (count)
        std::memcpy(result.data(), bytes->data(), bytes->size());
      return result;
    }
    for (size_t i = 0; i < count; ++i) {
      uint64_t bits = 0;
      std::memcpy(&bits, bytes->data() + i * size, size);
      APInt integer(64, bits);
      result[i] = toFloat(
          APFloat(type.getFloatSemantics(), integer.trunc(type.getWidth())));
    }
    return result;
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  if (dense.isSplat()) {
    result.assign(dense.getNumElements(),
                  toFloat(dense.getSplatValue<APFloat>()));
  } else if (type.isF32()) {
    auto values = dense.getValues<float>();
    result.assign(values.begin(), values.end());
  } else {
    for (const APFloat &value : dense.getValues<APFloat>())
      result.push_back(toFloat(value));
  }
  return result;
}

std::optional<std::vector<int32_t>>
lowbit::readIntegers(ElementsAttr elements) {
  auto type = dyn_cast<IntegerType>(elements.getElementType());
  if (!type || type.getWidth() > 32)
    return std::nullopt;
  std::vector<int32_t> result;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    unsigned width = type.getWidth();
    if (width != 8 && width != 16 && width != 32)
      return std::nullopt;
    size_t size = width / 8;
    auto bytes = readResource(resource, size);
    if (!bytes)
      return std::nullopt;
    for (size_t i = 0; i < bytes->size(); i += size) {
      uint32_t bits = 0;
      std::memcpy(&bits, bytes->data() + i, size);
      result.push_back(
          static_cast<int32_t>(APInt(32, bits).trunc(width).getSExtValue()));
    }
    return result;
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  if (dense.isSplat()) {
    result.assign(
        dense.getNumElements(),
        static_cast<int32_t>(dense.getSplatValue<APInt>().getSExtValue()));
  } else {
    for (const APInt &value : dense.getValues<APInt>())
      result.push_back(static_cast<int32_t>(value.getSExtValue()));
  }
  return result;
}

bool lowbit::haveEqualContent(ElementsAttr a, ElementsAttr b) {
  if (a == b)
    return true;
  if (!a || !b || a.getType() != b.getType())
    return false;
  if (isa<FloatType>(a.getElementType())) {
    auto x = readFloats(a), y = readFloats(b);
    return x && y && *x == *y;
  }
  auto x = readIntegers(a), y = readIntegers(b);
  return x && y && *x == *y;
}

template <typename T>
static ElementsAttr makeElementsOf(RankedTensorType type, ArrayRef<T> values,
                                   StringRef name) {
  if (int64_t(values.size()) <= kInlineElements || llvm::all_equal(values))
    return DenseElementsAttr::get(type, values);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(T));
  return DenseResourceElementsAttr::get(
      type, name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, alignof(T)));
}

ElementsAttr lowbit::makeElements(ArrayRef<int64_t> shape,
                                  ArrayRef<float> values, MLIRContext *context,
                                  StringRef name) {
  return makeElementsOf(RankedTensorType::get(shape, Float32Type::get(context)),
                        values, name);
}

ElementsAttr lowbit::makeElements(ArrayRef<int64_t> shape,
                                  ArrayRef<int32_t> values,
                                  MLIRContext *context, StringRef name) {
  return makeElementsOf(
      RankedTensorType::get(shape, IntegerType::get(context, 32)), values,
      name);
}
