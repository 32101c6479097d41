//===- ExpandBFloat16.h - bf16 by integer operations ------------*- C++ -*-===//
//
// Patterns on scalars and vectors.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_GENERIC_EXPANDBFLOAT16_H
#define LOWBIT_CODEGEN_CPU_GENERIC_EXPANDBFLOAT16_H

#include "mlir/IR/PatternMatch.h"

namespace lowbit {

/// arith.truncf, sitofp and uitofp to bf16 become integer operations.
void populateRoundToBFloat16Patterns(mlir::RewritePatternSet &patterns);

} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_GENERIC_EXPANDBFLOAT16_H
