//===- DType.cpp - Element types of stored arrays -------------------------===//
//
// One table of element types: size, readable name, safetensors name.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/DType.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <iterator>

using namespace lowbit;

namespace {
struct Row {
  DType dtype;
  int64_t size;
  bool isFloat;
  const char *name;
  const char *safetensors;
};
} // namespace

static constexpr Row kTable[] = {
    {DType::Bool, 1, false, "bool", "BOOL"},
    {DType::I8, 1, false, "int8", "I8"},
    {DType::U8, 1, false, "uint8", "U8"},
    {DType::I16, 2, false, "int16", "I16"},
    {DType::U16, 2, false, "uint16", "U16"},
    {DType::I32, 4, false, "int32", "I32"},
    {DType::U32, 4, false, "uint32", "U32"},
    {DType::I64, 8, false, "int64", "I64"},
    {DType::U64, 8, false, "uint64", "U64"},
    {DType::F16, 2, true, "float16", "F16"},
    {DType::BF16, 2, true, "bfloat16", "BF16"},
    {DType::F32, 4, true, "float32", "F32"},
    {DType::F64, 8, true, "float64", "F64"},
};

static const Row &row(DType dtype) {
  const Row &found = kTable[static_cast<int>(dtype)];
  assert(found.dtype == dtype && "the table is in the enum's order");
  return found;
}

int64_t lowbit::byteSize(DType dtype) { return row(dtype).size; }
bool lowbit::isFloat(DType dtype) { return row(dtype).isFloat; }
llvm::StringRef lowbit::dtypeName(DType dtype) { return row(dtype).name; }
llvm::StringRef lowbit::safetensorsName(DType dtype) {
  return row(dtype).safetensors;
}

std::optional<DType> lowbit::dtypeFromSafetensors(llvm::StringRef name) {
  const Row *found = llvm::find_if(
      kTable, [&](const Row &r) { return name == r.safetensors; });
  if (found == std::end(kTable))
    return std::nullopt;
  return found->dtype;
}

std::optional<int64_t> lowbit::elementCount(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  return count;
}

std::optional<int64_t> lowbit::byteCount(DType dtype,
                                         llvm::ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = elementCount(shape);
  int64_t bytes = 0;
  if (!count || llvm::MulOverflow(*count, byteSize(dtype), bytes))
    return std::nullopt;
  return bytes;
}

std::string lowbit::shapeString(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os, [&](int64_t dim) {
    if (dim < 0)
      os << '?';
    else
      os << dim;
  });
  os << ']';
  return text;
}
