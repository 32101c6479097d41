//===- ArrayStream.cpp - One array, read in pieces ------------------------===//
//
// In: bytes in order. Out: entries in order. Refused: see ArrayStream.h.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Data/ArrayStream.h"

#include <algorithm>

using namespace lowbit;

llvm::Expected<ArrayStream>
ArrayStream::open(std::unique_ptr<ByteSource> bytes) {
  ArrayStream stream;
  llvm::Expected<NpyHeader> header = readNpyHeader(*bytes);
  if (!header)
    return header.takeError();
  stream.bytes = std::move(bytes);
  stream.npyHeader = std::move(*header);
  llvm::ArrayRef<int64_t> shape = stream.npyHeader.shape;
  stream.left = shape.empty() ? 1 : shape.front();
  stream.stride =
      stream.left == 0 ? 0 : stream.npyHeader.dataSize() / stream.left;
  return stream;
}

llvm::Error ArrayStream::readExactly(char *to, int64_t size) {
  llvm::Expected<int64_t> got = bytes->read(to, size);
  if (!got)
    return got.takeError();
  if (*got == size)
    return llvm::Error::success();
  return llvm::createStringError(
      bytes->what() + " is truncated: " + llvm::Twine(size - *got) +
      " bytes are missing of what was there when it was opened; save it again");
}

llvm::Expected<NpyArray> ArrayStream::next(int64_t count) {
  count = std::min(count, left);
  bool reorder = npyHeader.fortranOrder && npyHeader.shape.size() > 1;
  if (reorder && !whole) {
    llvm::Expected<NpyArray> fortran =
        NpyArray::create(npyHeader.dtype, npyHeader.shape);
    if (!fortran)
      return fortran.takeError();
    if (llvm::Error e = readExactly(fortran->data(), npyHeader.dataSize()))
      return std::move(e);
    llvm::Expected<NpyArray> array = toCOrder(*fortran);
    if (!array)
      return array.takeError();
    whole = std::move(*array);
  }
  if (reorder) {
    llvm::Expected<NpyArray> part =
        whole->slice(npyHeader.shape.front() - left, count);
    left -= count;
    return part;
  }
  llvm::SmallVector<int64_t, 4> shape(npyHeader.shape);
  if (!shape.empty())
    shape.front() = count;
  llvm::Expected<NpyArray> part = NpyArray::create(npyHeader.dtype, shape);
  if (!part)
    return llvm::createStringError("cannot read " + bytes->what() + ": " +
                                   llvm::toString(part.takeError()));
  if (llvm::Error e = readExactly(part->data(), part->buffer.size()))
    return std::move(e);
  left -= count;
  return part;
}

llvm::Error ArrayStream::finish() {
  // libzip compares the CRC when it sees the end.
  char after;
  llvm::Expected<int64_t> got = bytes->read(&after, 1);
  return got ? llvm::Error::success() : got.takeError();
}
