//===- Passes.h - phase 5: QDQ through data movement, weights to integers *- C++
//-*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_FOLD_PASSES_H
#define LOWBIT_FOLD_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Fold/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Fold/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_FOLD_PASSES_H
