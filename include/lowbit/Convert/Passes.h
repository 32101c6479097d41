//===- Passes.h - to and from other dialects --------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CONVERT_PASSES_H
#define LOWBIT_CONVERT_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Convert/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_CONVERT_PASSES_H
