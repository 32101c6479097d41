//===- Fingerprint.h - which model a table is of ----------------*- C++ -*-===//
//
// Two models with one fingerprint compute the same values under the same ids
// on inputs of any size, but for where their slices start, so that the
// statistics of one hold for the other.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_ANALYSIS_FINGERPRINT_H
#define LOWBIT_ANALYSIS_FINGERPRINT_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace lowbit {

/// 32 hexadecimal digits: a hash of the parameters (name, type and bytes), of
/// the names of inputs and outputs, and of all that the outputs are computed
/// by: operations with their ids, bodies and constants. It does not depend on
/// sizes that were specialized, unless they are computed with as floats, on
/// observers, on locations, on where the bytes are stored, or on where a slice
/// or padding with zeros starts, for that may be a size. Emits the error where
/// the bytes cannot be read.
llvm::FailureOr<std::string> fingerprintModel(mlir::ModuleOp module);

} // namespace lowbit

#endif // LOWBIT_ANALYSIS_FINGERPRINT_H
