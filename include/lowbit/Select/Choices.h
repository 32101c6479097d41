//===- Choices.h - words of options, and choices on observers ---*- C++ -*-===//
//
// The words that options take, and a clear refusal of those that this version
// does not have; the format and the parameters that phase 3 leaves behind.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_CHOICES_H
#define LOWBIT_SELECT_CHOICES_H

#include "lowbit/Select/Settings.h"

namespace lowbit {

/// What is wrong with the choice; empty when nothing is.
std::string checkMode(llvm::StringRef mode);

/// The type for the integers of the settings: bytes up to 8 bits, with the
/// range that is used; 16 bits above.
AffineType formatFor(mlir::MLIRContext *context, const Settings &settings,
                     GranularityAttr granularity);

/// Writes format, scale and zero point on the observer.
void setChoice(ObserveOp op, AffineType format,
               llvm::ArrayRef<AffineParams> params);

} // namespace lowbit

#endif // LOWBIT_SELECT_CHOICES_H
