//===- PackWeights.h - parameters as kernels read them ----------*- C++ -*-===//
//
// lowbit-expand-contractions replaces a parameter that a contraction multiplies
// by with an argument that holds it packed. The argument's attribute
// `lowbit.packing` is a dictionary; the program that calls @main packs by it:
//
//   element     i8 or f32
//   offset      of the first element in the parameter
//   batch       [size, stride, ...]  loops outside of a panel, outermost first
//   column      [size, stride]
//   segments    [size, stride, ...]  outer loops of the reduction
//   depth       [size, stride]       its innermost loop
//   width       columns of a panel
//   group       products that one instruction adds
//   corrections whether -128 * (sum of the column) follows each panel
//
// Packed: [batch...][panel] of [segment][ceil(depth / group)][width][group],
// zeros past the last column and product, then width x i32 of corrections.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_PACKWEIGHTS_H
#define LOWBIT_CODEGEN_CPU_PACKWEIGHTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"

namespace lowbit {

/// Bytes of the packed parameter, which is what the argument's type says.
size_t packedByteSize(mlir::DictionaryAttr packing);

/// Packs `source`, the parameter's bytes as they are in the store, into
/// `destination`, packedByteSize bytes. Fails when a size does not fit.
llvm::Error packParameter(mlir::DictionaryAttr packing,
                          llvm::ArrayRef<char> source,
                          llvm::MutableArrayRef<char> destination);

} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_PACKWEIGHTS_H
