//===- Fingerprint.h - which model a table is of ----------------*- C++ -*-===//
//
// Two models with one fingerprint compute the same values under the same ids,
// so that the statistics of one hold for the other.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_FINGERPRINT_H
#define LOWBIT_CALIBRATE_FINGERPRINT_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace lowbit {

/// 32 hexadecimal digits: a hash of the parameters (name, type and bytes), of
/// other constants of floats, of the names of inputs and outputs, and of the
/// ids of contractions. It does not depend on sizes that were specialized, on
/// observers, on locations, or on where the bytes are stored. Emits the error
/// where they cannot be read.
llvm::FailureOr<std::string> fingerprintModel(mlir::ModuleOp module);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_FINGERPRINT_H
