//===- Arrays.h - Arrays and archives for tests ------------------*- C++
//-*-===//
//
// In: literal values. Out: arrays, and .npz and .npy files of them.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_UNITTESTS_DATA_ARRAYS_H
#define LOWBIT_UNITTESTS_DATA_ARRAYS_H

#include "lowbit/Data/ArrayStream.h"
#include "lowbit/Data/Npz.h"
#include <string>
#include <utility>
#include <vector>

namespace lowbit::testing {

/// An array of `T` whose elements are 0, 1, 2, ...
template <typename T>
NpyArray counting(DType dtype, llvm::ArrayRef<int64_t> shape) {
  NpyArray array = llvm::cantFail(NpyArray::create(dtype, shape));
  for (int64_t i = 0; i < array.numElements(); ++i)
    array.elements<T>()[i] = static_cast<T>(i);
  return array;
}
inline NpyArray floats(llvm::ArrayRef<int64_t> shape) {
  return counting<float>(DType::F32, shape);
}
inline NpyArray longs(llvm::ArrayRef<int64_t> shape) {
  return counting<int64_t>(DType::I64, shape);
}

using Named = std::vector<std::pair<std::string, const NpyArray *>>;

inline std::string saveNpz(const std::string &path, const Named &arrays) {
  llvm::cantFail(writeNpz(path, arrays));
  return path;
}

/// An array at once, and what is wrong with it once it has ended.
inline llvm::Expected<NpyArray>
readArray(llvm::Expected<std::unique_ptr<ByteSource>> bytes) {
  if (!bytes)
    return bytes.takeError();
  llvm::Expected<ArrayStream> stream = ArrayStream::open(std::move(*bytes));
  if (!stream)
    return stream.takeError();
  llvm::Expected<NpyArray> array = stream->next(stream->remaining());
  if (array)
    if (llvm::Error e = stream->finish())
      return std::move(e);
  return array;
}

inline std::string npyBytes(const NpyArray &array) {
  return npyHeaderBytes(array.dtype, array.shape) +
         std::string(array.data(), array.buffer.size());
}

} // namespace lowbit::testing

#endif // LOWBIT_UNITTESTS_DATA_ARRAYS_H
