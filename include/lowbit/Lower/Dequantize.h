//===- Dequantize.h - what is cheaper to compute than to read ---*- C++ -*-===//
//
// Phase 6 and code generation compute a dequantize in each of its readers.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LOWER_DEQUANTIZE_H
#define LOWBIT_LOWER_DEQUANTIZE_H

#include "mlir/IR/Operation.h"

namespace lowbit {

/// Whether `op` is an elementwise linalg.generic that makes floats of one
/// tensor of integers of at most 16 bits, by a difference and a product.
bool isDequantize(mlir::Operation *op);

} // namespace lowbit

#endif // LOWBIT_LOWER_DEQUANTIZE_H
