//===- Passes.h - phase 1: the float contract -------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_PASSES_H
#define LOWBIT_IMPORT_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Import/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_IMPORT_PASSES_H
