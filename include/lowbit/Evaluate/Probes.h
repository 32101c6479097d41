//===- Probes.h - names that probed modules and their runs share -*- C++ -*-===//
//
// What lowbit-insert-probes leaves in a module and `quant-run --evaluate` looks
// for.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_EVALUATE_PROBES_H
#define LOWBIT_EVALUATE_PROBES_H

#include "llvm/ADT/StringRef.h"

namespace lowbit {

/// The name (lowbit.name) of the argument with the parameters, an f32 tensor of
/// [scale, lo, hi] a probe, and its attribute with the ids of the probes.
inline constexpr llvm::StringLiteral kProbesName = "lowbit.probes";
/// The attribute of a parameter that holds the observed weight of that id.
inline constexpr llvm::StringLiteral kProbeAttr = "lowbit.probe";

} // namespace lowbit

#endif // LOWBIT_EVALUATE_PROBES_H
