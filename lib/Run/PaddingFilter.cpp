//===- PaddingFilter.cpp - leaves padded elements out ---------------------===//
//
// In: the mask of a sample, and the shape of a value. Out: what stays of it.
// Refused: a mask that holds anything but 0 and 1, a value whose size does not
// fit that of the mask.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/PaddingFilter.h"

#include "llvm/ADT/APFloat.h"

using namespace lowbit;
using mlir::ShapedType;

/// Takes each element as 0 or 1. Returns the index of the first that is
/// neither, and writes what it is.
template <typename T>
static std::optional<size_t>
readMask(llvm::ArrayRef<T> elements, llvm::function_ref<double(T)> convert,
         std::vector<uint8_t> &isValid, double &found) {
  for (auto [i, element] : llvm::enumerate(elements)) {
    found = convert(element);
    if (found != 0 && found != 1)
      return i;
    isValid.push_back(found != 0);
  }
  return std::nullopt;
}

static std::optional<size_t>
readMask(const NpyArray &mask, std::vector<uint8_t> &isValid, double &found) {
  auto read = [&](auto zero) {
    using T = decltype(zero);
    return readMask<T>(
        mask.elements<T>(), [](T x) { return double(x); }, isValid, found);
  };
  auto readHalf = [&](const llvm::fltSemantics &semantics) {
    return readMask<uint16_t>(
        mask.elements<uint16_t>(),
        [&](uint16_t bits) {
          return llvm::APFloat(semantics, llvm::APInt(16, bits))
              .convertToDouble();
        },
        isValid, found);
  };
  switch (mask.dtype) {
  case DType::F32:
    return read(float());
  case DType::F64:
    return read(double());
  case DType::F16:
    return readHalf(llvm::APFloat::IEEEhalf());
  case DType::BF16:
    return readHalf(llvm::APFloat::BFloat());
  case DType::Bool:
  case DType::U8:
    return read(uint8_t());
  case DType::I8:
    return read(int8_t());
  case DType::I16:
    return read(int16_t());
  case DType::U16:
    return read(uint16_t());
  case DType::I32:
    return read(int32_t());
  case DType::U32:
    return read(uint32_t());
  case DType::I64:
    return read(int64_t());
  case DType::U64:
    return read(uint64_t());
  }
  llvm_unreachable("all types are listed");
}

llvm::Error PaddingFilter::setMask(const NpyArray &mask) {
  maskShape = mask.shape;
  isValid.clear();
  double found = 0;
  if (std::optional<size_t> at = readMask(mask, isValid, found)) {
    std::string index;
    size_t rest = *at;
    for (int64_t size : llvm::reverse(mask.shape)) {
      index = std::to_string(rest % size) + (index.empty() ? "" : ", ") + index;
      rest /= size;
    }
    return llvm::createStringError(
        "the mask '%s' is %.9g at [%s], expected 0 where there is padding and "
        "1 elsewhere",
        plan.name.c_str(), found, index.c_str());
  }
  isWhole = llvm::all_of(isValid, [](uint8_t bit) { return bit != 0; });
  return llvm::Error::success();
}

llvm::ArrayRef<llvm::SmallVector<DimensionPart, 1>>
PaddingFilter::dimensions(llvm::StringRef id) const {
  auto found = plan.values.find(id.str());
  if (found == plan.values.end())
    return {};
  return found->second;
}

namespace {
/// Where the index along one part of a dimension counts in the mask.
struct Occurrence {
  int64_t valueDim = 0;
  /// index / divisor % size is the index along the mask's dimension.
  int64_t divisor = 1;
};

/// One position in the mask that each element has.
struct Position {
  /// By dimension of the value: for each index along it, what it adds to the
  /// offset into `isValid`.
  std::vector<std::vector<int64_t>> offsets;
  std::vector<uint8_t> isValid;
};
} // namespace

/// For each dimension of the mask, where a value of `shape` has it.
static std::optional<std::vector<std::vector<Occurrence>>>
findOccurrences(llvm::ArrayRef<llvm::SmallVector<DimensionPart, 1>> dims,
                llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<int64_t> maskShape) {
  std::vector<std::vector<Occurrence>> found(maskShape.size());
  for (auto [i, parts] : llvm::enumerate(dims)) {
    if (parts.empty())
      continue;
    int64_t known = 1, product = 1;
    auto sizeOf = [&](const DimensionPart &part) {
      return part.maskDim >= 0 ? maskShape[part.maskDim] : part.size;
    };
    for (const DimensionPart &part : parts)
      if (!ShapedType::isDynamic(sizeOf(part)))
        known *= sizeOf(part);
    for (const DimensionPart &part : llvm::reverse(parts)) {
      if (part.maskDim >= 0)
        found[part.maskDim].push_back({int64_t(i), product});
      bool isUnknown = ShapedType::isDynamic(sizeOf(part));
      product *= !isUnknown ? sizeOf(part) : known ? shape[i] / known : 0;
    }
    if (product != shape[i])
      return std::nullopt;
  }
  return found;
}

/// `chosen` has an occurrence for some dimensions of the mask; the others do
/// not matter: any index along them will do.
static Position makePosition(llvm::ArrayRef<std::optional<Occurrence>> chosen,
                             llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<int64_t> maskShape,
                             llvm::ArrayRef<uint8_t> isValid) {
  Position position;
  llvm::SmallVector<int64_t, 4> strides(maskShape.size(), 0);
  int64_t count = 1;
  for (int64_t m = int64_t(maskShape.size()) - 1; m >= 0; --m)
    if (chosen[m]) {
      strides[m] = count;
      count *= maskShape[m];
    }
  position.isValid.assign(count, 0);
  for (auto [at, bit] : llvm::enumerate(isValid)) {
    int64_t rest = at, to = 0;
    for (int64_t m = int64_t(maskShape.size()) - 1; m >= 0; --m) {
      to += rest % maskShape[m] * strides[m];
      rest /= maskShape[m];
    }
    position.isValid[to] |= bit;
  }
  position.offsets.resize(shape.size());
  for (auto [i, size] : llvm::enumerate(shape)) {
    position.offsets[i].assign(size, 0);
    for (auto [m, occurrence] : llvm::enumerate(chosen))
      if (occurrence && occurrence->valueDim == int64_t(i))
        for (int64_t index = 0; index < size; ++index)
          position.offsets[i][index] +=
              index / occurrence->divisor % maskShape[m] * strides[m];
  }
  return position;
}

/// Every way to take one occurrence for each dimension of the mask that has
/// one.
static std::vector<std::vector<std::optional<Occurrence>>>
chooseOccurrences(llvm::ArrayRef<std::vector<Occurrence>> found) {
  std::vector<std::vector<std::optional<Occurrence>>> choices{{}};
  for (const std::vector<Occurrence> &here : found) {
    std::vector<std::vector<std::optional<Occurrence>>> longer;
    for (const auto &choice : choices) {
      auto add = [&](std::optional<Occurrence> occurrence) {
        longer.push_back(choice);
        longer.back().push_back(occurrence);
      };
      if (here.empty())
        add(std::nullopt);
      for (const Occurrence &occurrence : here)
        add(occurrence);
    }
    choices = std::move(longer);
  }
  return choices;
}

llvm::Expected<std::optional<KeptBlocks>>
PaddingFilter::apply(llvm::StringRef id, llvm::ArrayRef<int64_t> shape) const {
  auto dims = dimensions(id);
  if (isWhole || dims.empty())
    return std::nullopt;
  auto found = findOccurrences(dims, shape, maskShape);
  if (!found)
    return llvm::createStringError(
        "value '" + id + "' of shape " + shapeString(shape) +
        " does not run along the mask of shape " + shapeString(maskShape));
  std::vector<Position> positions;
  for (const auto &choice : chooseOccurrences(*found))
    positions.push_back(makePosition(choice, shape, maskShape, isValid));

  int64_t last = 0;
  for (auto [i, parts] : llvm::enumerate(dims))
    if (!parts.empty())
      last = i;
  KeptBlocks kept;
  for (int64_t size : shape.drop_front(last + 1))
    kept.blockSize *= size;
  int64_t lines = 1;
  for (int64_t size : shape.take_front(last))
    lines *= size;
  kept.isKept.assign(lines * shape[last], 1);
  llvm::SmallVector<int64_t, 6> index(last, 0);
  for (int64_t line = 0; line < lines; ++line) {
    uint8_t *out = kept.isKept.data() + line * shape[last];
    for (const Position &position : positions) {
      int64_t base = 0;
      for (int64_t i = 0; i < last; ++i)
        base += position.offsets[i][index[i]];
      const int64_t *along = position.offsets[last].data();
      for (int64_t i = 0; i < shape[last]; ++i)
        out[i] &= position.isValid[base + along[i]];
    }
    for (int64_t i = last - 1; i >= 0; --i) {
      if (++index[i] < shape[i])
        break;
      index[i] = 0;
    }
  }
  return kept;
}
