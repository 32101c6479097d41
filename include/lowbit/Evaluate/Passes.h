//===- Passes.h - errors at the model's output ------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_EVALUATE_PASSES_H
#define LOWBIT_EVALUATE_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Evaluate/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Evaluate/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_EVALUATE_PASSES_H
