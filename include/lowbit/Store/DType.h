//===- DType.h - Element types of stored arrays ------------------*- C++
//-*-===//
//
// The element types that weight stores and data files hold, with their size and
// the name that each file format gives them. All data is little endian.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_STORE_DTYPE_H
#define LOWBIT_STORE_DTYPE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace lowbit {

enum class DType {
  Bool,
  I8,
  U8,
  I16,
  U16,
  I32,
  U32,
  I64,
  U64,
  F16,
  BF16,
  F32,
  F64
};

/// Bytes of one element; a Bool is one byte.
int64_t byteSize(DType dtype);

bool isFloat(DType dtype);

/// The name people read in a message: `float32`, `int64`, `bool`, ...
llvm::StringRef dtypeName(DType dtype);

/// The name in a safetensors header: `F32`, `I64`, `BOOL`, ...
llvm::StringRef safetensorsName(DType dtype);
std::optional<DType> dtypeFromSafetensors(llvm::StringRef name);

/// The number of elements of `shape`; none when it does not fit in 64 bits or a
/// dimension is negative.
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);

/// Bytes of an array; none under the same conditions as `elementCount`.
std::optional<int64_t> byteCount(DType dtype, llvm::ArrayRef<int64_t> shape);

/// `[2, 3]`; a negative dimension is dynamic and prints as `?`.
std::string shapeString(llvm::ArrayRef<int64_t> shape);

} // namespace lowbit

#endif // LOWBIT_STORE_DTYPE_H
