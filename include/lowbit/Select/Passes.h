//===- Passes.h - phase 3: ranges and formats -------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_PASSES_H
#define LOWBIT_SELECT_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Select/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Select/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_SELECT_PASSES_H
