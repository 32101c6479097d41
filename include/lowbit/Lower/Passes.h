//===- Passes.h - phase 6: the integer contract -----------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LOWER_PASSES_H
#define LOWBIT_LOWER_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Lower/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_LOWER_PASSES_H
