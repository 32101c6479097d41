//===- RandomInputs.h - inputs for want of data -----------------*- C++ -*-===//
//
// Inputs that were asked for by name (`random`): good for timing and for a
// first look, never a silent fall-back.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_RANDOMINPUTS_H
#define LOWBIT_RUN_RANDOMINPUTS_H

#include "lowbit/Run/Signature.h"

namespace lowbit {
/// Floats from a standard normal distribution, bools of either kind, integers
/// from the type's whole range, but all 1 (a valid index and a valid mask)
/// where they must be small (see Signature.h); the same for the same seed on
/// every machine. Dynamic dimensions are an error that names `--shape`.
llvm::Expected<std::vector<NpyArray>> makeRandomInputs(const Signature &model,
                                                       uint64_t seed);
} // namespace lowbit

#endif // LOWBIT_RUN_RANDOMINPUTS_H
