//===- ByteParts.h - operands of 16 bits as bytes ---------------*- C++ -*-===//
//
// Contractions multiply bytes. An integer x of 16 bits is 256 high + low + 128,
// both signed bytes (rule N37 of docs/numerics.md):
//
//   sum x b  ->  256 sum high b + sum low b + 128 sum b
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_BYTEPARTS_H
#define LOWBIT_LIB_LOWER_BYTEPARTS_H

#include "mlir/IR/Builders.h"

namespace lowbit {

/// Bytes, and what they count.
struct BytePart {
  mlir::Value bytes;
  int64_t factor = 1;
};

/// The parts of a tensor of i8, itself, or of i16. `offset` is what their sum
/// lacks: 0 or 128.
llvm::SmallVector<BytePart, 2> emitByteParts(mlir::OpBuilder &builder,
                                             mlir::Location loc,
                                             mlir::Value ints, int32_t &offset);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_BYTEPARTS_H
