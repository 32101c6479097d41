//===- ArrayStream.h - One array, read in pieces ----------------*- C++ -*-===//
//
// In: the bytes of an .npy, in a file or in an archive. Out: its entries along
// the first dimension, in order, as many at a time as are asked for, so that an
// array of any length takes the memory of one piece. (An array in Fortran order
// has its entries spread all over, and is held whole.)
//
// Refused: what readNpyHeader refuses, and data that ends early.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DATA_ARRAYSTREAM_H
#define LOWBIT_DATA_ARRAYSTREAM_H

#include "lowbit/Data/Npy.h"
#include <memory>

namespace lowbit {

class ArrayStream {
public:
  /// Reads the header and checks the size against it.
  static llvm::Expected<ArrayStream> open(std::unique_ptr<ByteSource> bytes);

  const NpyHeader &header() const { return npyHeader; }
  /// Entries of the first dimension that were not read yet; 1 of a scalar.
  int64_t remaining() const { return left; }
  /// Bytes of one entry.
  int64_t entrySize() const { return stride; }

  /// The next `count` entries, at most those that remain.
  llvm::Expected<NpyArray> next(int64_t count);
  /// After the last entry: what an archive finds wrong with the whole.
  llvm::Error finish();

private:
  ArrayStream() = default;
  llvm::Error readExactly(char *to, int64_t size);

  std::unique_ptr<ByteSource> bytes;
  NpyHeader npyHeader;
  int64_t left = 0, stride = 0;
  /// Of an array in Fortran order; empty before it is read.
  std::optional<NpyArray> whole;
};

} // namespace lowbit

#endif // LOWBIT_DATA_ARRAYSTREAM_H
