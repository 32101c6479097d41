//===- NpyArray.cpp - An owned array --------------------------------------===//
//
// In: element type and shape. Out: memory aligned to 64 bytes. Refused: more
// than the machine has.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/NpyArray.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>

using namespace lowbit;

static constexpr size_t kAlignment = 64;

void AlignedBuffer::Free::operator()(char *memory) const { std::free(memory); }

llvm::Expected<AlignedBuffer> AlignedBuffer::allocate(int64_t size) {
  AlignedBuffer buffer;
  // Not operator new: LLVM's tools end in its handler, also where it is asked
  // not to throw. One byte at least, so that the pointer is never null.
  size_t padded = llvm::alignTo<kAlignment>(size > 0 ? size_t(size) : 1);
  void *memory = std::aligned_alloc(kAlignment, padded);
  if (!memory)
    return llvm::createStringError("no memory for " + llvm::Twine(size) +
                                   " bytes");
  buffer.bytes.reset(static_cast<char *>(memory));
  buffer.byteCount = size;
  return buffer;
}

llvm::Expected<NpyArray> NpyArray::create(DType dtype,
                                          llvm::ArrayRef<int64_t> shape) {
  std::optional<int64_t> size = byteCount(dtype, shape);
  if (!size)
    return llvm::createStringError("no memory for an array of shape " +
                                   shapeString(shape));
  llvm::Expected<AlignedBuffer> buffer = AlignedBuffer::allocate(*size);
  if (!buffer)
    return buffer.takeError();
  NpyArray array;
  array.dtype = dtype;
  array.shape.assign(shape.begin(), shape.end());
  array.buffer = std::move(*buffer);
  return array;
}

llvm::Expected<NpyArray> NpyArray::clone() const {
  llvm::Expected<NpyArray> copy = create(dtype, shape);
  if (copy)
    std::memcpy(copy->data(), data(), buffer.size());
  return copy;
}

llvm::Expected<NpyArray> NpyArray::slice(int64_t begin, int64_t count) const {
  assert(!shape.empty() && begin >= 0 && count >= 0 &&
         count <= shape.front() - begin && "slice leaves the array");
  llvm::SmallVector<int64_t, 4> sliceShape(shape);
  sliceShape.front() = count;
  llvm::Expected<NpyArray> part = create(dtype, sliceShape);
  if (!part || shape.front() == 0)
    return part;
  int64_t stride = buffer.size() / shape.front();
  std::memcpy(part->data(), data() + begin * stride, count * stride);
  return part;
}
