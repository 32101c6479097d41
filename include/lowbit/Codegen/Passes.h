//===- Passes.h - phase 7: code generation ----------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_PASSES_H
#define LOWBIT_CODEGEN_PASSES_H

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lowbit/Codegen/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_CODEGEN_PASSES_H
