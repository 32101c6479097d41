//===- Transpose.h - words of columns to steps of a panel -------*- C++ -*-===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_TRANSPOSE_H
#define LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_TRANSPOSE_H

#include "KernelBuilder.h"

namespace lowbit {

/// Of n vectors of four words (vector<4xi32>, n a multiple of four) makes four
/// vectors of n words: word i of every column, in the order of the columns.
llvm::SmallVector<mlir::Value>
transposeWords(KernelBuilder &b, llvm::ArrayRef<mlir::Value> columns);

} // namespace lowbit

#endif // LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_TRANSPOSE_H
