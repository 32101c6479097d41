//===- IntegerContraction.h - which operations are one ----------*- C++ -*-===//
//
// The one definition of "integer contraction" that taps and checks share.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_INTEGERCONTRACTION_H
#define LOWBIT_CODEGEN_CPU_INTEGERCONTRACTION_H

namespace mlir {
class Operation;
} // namespace mlir

namespace lowbit {
/// A linalg contraction or convolution i8 x i8 -> i32, on tensors or buffers.
bool isIntegerContraction(mlir::Operation *op);
} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_INTEGERCONTRACTION_H
