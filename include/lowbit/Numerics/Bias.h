//===- Bias.h - Biases as integers of the accumulator ----------*- C++ -*-===//
//
// In: a float bias and the scale of its accumulator, s_a * s_b[n] (N11). Out:
// the i32 that is added to the accumulator (N22 of docs/numerics.md). Refused:
// a bias that is not finite, or that no i32 holds at that scale; scaleForBias
// says to which scale the channel has to be raised.
//
// Source: Jacob et al. 2018, section 2.4 (bias scale s_1 s_2, zero point 0).
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_BIAS_H
#define LOWBIT_NUMERICS_BIAS_H

#include <cstdint>
#include <optional>

namespace lowbit {

/// N22: roundeven(bias / scale), the quotient in double.
std::optional<int32_t> quantizeBias(float bias, float scale);

/// N22: the smallest float scale at which |bias| needs at most `bound` steps.
/// 0 for a bias of 0: every scale does.
float scaleForBias(float bias, int32_t bound);

} // namespace lowbit

#endif // LOWBIT_NUMERICS_BIAS_H
