//===- TappedContractions.h - what is checked, in order ---------*- C++ -*-===//
//
// The integer contractions that lowbit-insert-taps numbers. Whoever reads the
// taps finds the operation of a number here.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_TAPPEDCONTRACTIONS_H
#define LOWBIT_CODEGEN_CPU_TAPPEDCONTRACTIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {
/// The linalg contractions and convolutions i8 x i8 -> i32 below `root`; the
/// index of one is its number.
llvm::SmallVector<mlir::linalg::LinalgOp>
tappedContractions(mlir::Operation *root);
} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_TAPPEDCONTRACTIONS_H
