//===- Cases.cpp - pieces of random modules -------------------------------===//
//
// Text of types, constants and maps, and arrays of numbers.
//
//===----------------------------------------------------------------------===//
#include "Cases.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {

std::string dims(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (size < 0 ? "?" : std::to_string(size)) + "x";
  return text;
}

Shape makeDynamic(Random &random, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<bool> mayBe) {
  Shape result(shape);
  for (size_t d = 0; d < shape.size(); ++d)
    if (mayBe[d] && random.oneIn(3))
      result[d] = -1;
  return result;
}

int64_t product(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

Shape makeShape(Random &random, int64_t rank, int64_t elements) {
  Shape shape;
  for (int64_t d = 0; d < rank; ++d) {
    bool isLast = d + 1 == rank;
    int64_t most = std::max<int64_t>(1, isLast ? elements : elements / 4);
    int64_t size = isLast ? std::max<int64_t>(1, elements)
                          : random.range(1, std::min<int64_t>(most, 70));
    shape.push_back(size);
    elements = std::max<int64_t>(1, elements / size);
  }
  // The long one may be anywhere.
  if (rank > 1)
    std::swap(shape[random.range(0, rank - 1)], shape[rank - 1]);
  return shape;
}

std::string literal(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return "0x" + llvm::utohexstr(bits, /*LowerCase=*/false, /*Width=*/8);
}

std::string dense(llvm::ArrayRef<std::string> values,
                  llvm::ArrayRef<int64_t> shape, const std::string &element) {
  size_t next = 0;
  std::function<std::string(size_t)> list = [&](size_t d) -> std::string {
    if (d == shape.size())
      return values[next++];
    std::string text = "[";
    for (int64_t i = 0; i < shape[d]; ++i)
      text += (i ? ", " : "") + list(d + 1);
    return text + "]";
  };
  return "dense<" + list(0) + "> : " + tensor(shape, element);
}

std::string hexOf(const NpyArray &array) {
  return llvm::toHex(
      llvm::StringRef(array.data(), size_t(array.bytes().size())));
}

std::string map(int64_t loops, llvm::ArrayRef<std::string> results) {
  std::string text = "affine_map<(";
  for (int64_t i = 0; i < loops; ++i)
    text += (i ? ", d" : "d") + std::to_string(i);
  return text + ") -> (" + llvm::join(results, ", ") + ")>";
}

NpyArray makeArray(DType dtype, llvm::ArrayRef<int64_t> shape) {
  return llvm::cantFail(NpyArray::create(dtype, shape));
}

NpyArray makeFloats(Random &random, llvm::ArrayRef<int64_t> shape,
                    float scale) {
  NpyArray array = makeArray(DType::F32, shape);
  for (float &value : array.elements<float>())
    value = random.hardFloat(scale);
  return array;
}

NpyArray makeSoftFloats(Random &random, llvm::ArrayRef<int64_t> shape) {
  NpyArray array = makeArray(DType::F32, shape);
  for (float &value : array.elements<float>())
    value = random.softFloat();
  return array;
}

NpyArray makeBytes(Random &random, llvm::ArrayRef<int64_t> shape, int64_t min,
                   int64_t max) {
  NpyArray array = makeArray(DType::I8, shape);
  for (int8_t &value : array.elements<int8_t>())
    value = int8_t(random.oneIn(8) ? (random.oneIn(2) ? min : max)
                                   : random.range(min, max));
  return array;
}

NpyArray makeIntegers(Random &random, llvm::ArrayRef<int64_t> shape) {
  NpyArray array = makeArray(DType::I32, shape);
  for (int32_t &value : array.elements<int32_t>())
    value = random.hardInteger();
  return array;
}

} // namespace lowbit::differential
