//===- PeakKernel.h - code that measures what the machine can do -*- C++
//-*-===//
#ifndef LOWBIT_CODEGEN_CPU_PEAKKERNEL_H
#define LOWBIT_CODEGEN_CPU_PEAKKERNEL_H

#include "lowbit/Codegen/CPU/TargetISA.h"
#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

/// Adds to the end of `module`
///
///   func.func @lowbit_peak(%iterations: index) -> i32 (or f32)
///
/// which repeats the dot product of this ISA on registers only. The result is
/// of no interest: it keeps the loop alive. Returns the operations of one
/// iteration, two a multiply-add, so that peak = iterations * operations /
/// seconds.
int64_t buildPeakFunction(mlir::OpBuilder &builder, mlir::ModuleOp module,
                          TargetISA isa, bool isFloat);

} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_PEAKKERNEL_H
