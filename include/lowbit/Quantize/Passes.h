//===- Passes.h - phase 4: QDQ ----------------------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_QUANTIZE_PASSES_H
#define LOWBIT_QUANTIZE_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Quantize/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Quantize/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_QUANTIZE_PASSES_H
