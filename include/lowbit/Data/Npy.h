//===- Npy.h - NumPy's .npy format -------------------------------*- C++
//-*-===//
//
// Reads .npy, versions 1 to 3
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
// Fortran order is converted to C order. Refused, with one complete message: a
// truncated file, trailing bytes, big-endian data, object arrays (pickled data
// is never read), structured, text and complex types.
//
// ArrayStream reads the data; here are the header and where bytes come from.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_DATA_NPY_H
#define LOWBIT_DATA_NPY_H

#include "lowbit/Data/NpyArray.h"
#include <memory>
#include <string>

namespace lowbit {

struct NpyHeader {
  DType dtype = DType::F32;
  llvm::SmallVector<int64_t, 4> shape;
  bool fortranOrder = false;
  /// Bytes before the data.
  int64_t headerSize = 0;

  int64_t dataSize() const { return *byteCount(dtype, shape); }
};

/// The bytes of an .npy, wherever they are, read from the front.
class ByteSource {
public:
  virtual ~ByteSource() = default;
  /// Reads up to `size` bytes and returns how many there were; fewer than asked
  /// for means the end.
  virtual llvm::Expected<int64_t> read(char *to, int64_t size) = 0;
  /// How many there are, as the file or archive says.
  virtual int64_t size() const = 0;
  /// The array's name for messages: `'calib.npy'`, or
  /// `array 'x' in 'calib.npz'`.
  virtual std::string what() const = 0;
};
llvm::Expected<std::unique_ptr<ByteSource>> openFileBytes(llvm::StringRef path);

/// Reads the header only. An error unless the bytes that there are, header and
/// data, are what it calls for: it may claim any shape, and no memory was
/// taken.
llvm::Expected<NpyHeader> readNpyHeader(ByteSource &bytes);

/// Turns Fortran order (the first index fastest) into C order.
llvm::Expected<NpyArray> toCOrder(const NpyArray &fortran);

/// The bytes before the data of a C-order array, in version 1. The dtype is one
/// that NumPy has (not BF16).
std::string npyHeaderBytes(DType dtype, llvm::ArrayRef<int64_t> shape);

} // namespace lowbit

#endif // LOWBIT_DATA_NPY_H
