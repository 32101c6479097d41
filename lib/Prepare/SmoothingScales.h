//===- SmoothingScales.h - how much of a range to move ----------*- C++ -*-===//
//
// The arithmetic of lowbit-smooth-activations, without IR.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_SMOOTHINGSCALES_H
#define LOWBIT_LIB_PREPARE_SMOOTHINGSCALES_H

#include <vector>

namespace lowbit {

/// s[j] = a[j]^strength / w[j]^(1 - strength), scaled so that the geometric
/// mean is 1: the activation is divided by it, the weights are multiplied.
/// `activation` and `weight` are the greatest magnitudes of each channel; those
/// below kDeadShare of the greatest count as that, so that a dead channel gets
/// a scale of the size of the others. All ones where nothing is to be moved:
/// one side is all zero.
std::vector<float> smoothingScales(const std::vector<float> &activation,
                                   const std::vector<float> &weight,
                                   double strength);

/// 2^-10: what is smaller is below one step of the other channels in 8 bits.
inline constexpr float kDeadShare = 0x1p-10f;

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_SMOOTHINGSCALES_H
