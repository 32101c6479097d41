//===- Formats.h - what phase 3 leaves on observers -------------*- C++ -*-===//
//
// The type of the integers that settings ask for, and the attributes of an
// observer that hold it with its parameters.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_FORMATS_H
#define LOWBIT_SELECT_FORMATS_H

#include "lowbit/Select/Settings.h"

namespace lowbit {

/// The type for the integers of the settings: bytes up to 8 bits, with the
/// range that is used; 16 bits above.
AffineType formatFor(mlir::MLIRContext *context, const Settings &settings,
                     GranularityAttr granularity);

/// Writes format, scale and zero point on the observer.
void setParameters(ObserveOp op, AffineType format,
                   llvm::ArrayRef<AffineParams> params);

} // namespace lowbit

#endif // LOWBIT_SELECT_FORMATS_H
