//===- Passes.h - phase 2: observers and statistics -------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_PASSES_H
#define LOWBIT_CALIBRATE_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Calibrate/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Calibrate/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_CALIBRATE_PASSES_H
