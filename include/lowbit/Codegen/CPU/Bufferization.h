//===- Bufferization.h - buffer forms of our operations ---------*- C++ -*-===//
//
// Registers how lowbit.tap and lowbit.check_range bufferize.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_BUFFERIZATION_H
#define LOWBIT_CODEGEN_CPU_BUFFERIZATION_H

#include "mlir/IR/DialectRegistry.h"

namespace lowbit {
/// Every dialect and interface that code generation needs.
void registerCodegenDialects(mlir::DialectRegistry &registry);
} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_BUFFERIZATION_H
