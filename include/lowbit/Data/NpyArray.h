//===- NpyArray.h - An owned array -------------------------------*- C++
//-*-===//
//
// An array as data files hold it: element type, shape and its own bytes, in C
// order and aligned to 64 bytes, so that compiled code can read it in place.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_DATA_NPYARRAY_H
#define LOWBIT_DATA_NPYARRAY_H

#include "lowbit/Store/DType.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace lowbit {

/// Bytes aligned to 64; movable, not copyable.
class AlignedBuffer {
public:
  AlignedBuffer() = default;

  /// Uninitialized bytes; an error when the machine has not that many.
  static llvm::Expected<AlignedBuffer> allocate(int64_t size);

  char *data() { return bytes.get(); }
  const char *data() const { return bytes.get(); }
  int64_t size() const { return byteCount; }

private:
  struct Free {
    void operator()(char *memory) const;
  };
  std::unique_ptr<char[], Free> bytes;
  int64_t byteCount = 0;
};

struct NpyArray {
  DType dtype = DType::F32;
  llvm::SmallVector<int64_t, 4> shape;
  AlignedBuffer buffer;

  /// An uninitialized array of `dtype` and `shape`.
  static llvm::Expected<NpyArray> create(DType dtype,
                                         llvm::ArrayRef<int64_t> shape);

  /// A copy of `count` entries of the first dimension from `begin` on.
  llvm::Expected<NpyArray> slice(int64_t begin, int64_t count) const;

  llvm::Expected<NpyArray> clone() const;

  char *data() { return buffer.data(); }
  const char *data() const { return buffer.data(); }
  llvm::ArrayRef<char> bytes() const { return {data(), size_t(buffer.size())}; }
  int64_t numElements() const { return buffer.size() / byteSize(dtype); }

  /// The elements as `T`, which must have the element's size.
  template <typename T> llvm::ArrayRef<T> elements() const {
    assert(int64_t(sizeof(T)) == byteSize(dtype) && "element size differs");
    return {reinterpret_cast<const T *>(data()), size_t(numElements())};
  }
  template <typename T> llvm::MutableArrayRef<T> elements() {
    assert(int64_t(sizeof(T)) == byteSize(dtype) && "element size differs");
    return {reinterpret_cast<T *>(data()), size_t(numElements())};
  }
};

} // namespace lowbit

#endif // LOWBIT_DATA_NPYARRAY_H
