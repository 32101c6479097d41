//===- BlockScale.h - Scales of blocks -------------------------*- C++ -*-===//
//
// In: the largest magnitude of a block. Out: the scale of the block, and codes
// of its elements:
//
//   MX       E8M0 scale 2^(floor(log2 amax) - emax), small floats      (N27)
//   NVFP4    E4M3 scale of 16 elements times one f32 of the tensor, E2M1 (N28)
//   absmax   f32 scale, a codebook                                     (N29)
//
// Groups of affine integers take their parameters from Affine.h. Nothing is
// refused: blocks of zeros, NaN and infinities have defined scales.
//
// Sources: OCP Microscaling Formats (MX) 1.0, section 6.3; NVIDIA, "Pretraining
// Large Language Models with NVFP4", 2025, appendix on quantization; QLoRA.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_BLOCKSCALE_H
#define LOWBIT_NUMERICS_BLOCKSCALE_H

#include "lowbit/Numerics/Codebook.h"
#include "lowbit/Numerics/SmallFloat.h"
#include <cstddef>
#include <cstdint>

namespace lowbit {

/// The elements that share a scale, along the blocked axis.
inline constexpr unsigned kMxBlock = 32;
inline constexpr unsigned kNvfp4Block = 16;

/// The largest |x|; NaN if there is a NaN, else infinity if there is one.
float maxMagnitude(const float *values, size_t count);

/// The largest |x| among the finite ones: what a tensor's scale is taken from.
float maxFiniteMagnitude(const float *values, size_t count);

/// N27: the E8M0 code for elements of `element`. A block of zeros has code 0
/// (2^-127); NaN and infinity give the NaN code, which makes the block NaN.
uint8_t chooseMxScale(float amax, const SmallFloat &element);

/// N28: amax / 2688 (448 * 6) in f32, at least kMinNvfp4Scale.
float chooseNvfp4TensorScale(float finiteAmax);
/// So that the smallest block scale, 2^-9, times this is 2^-63 (N3).
inline constexpr float kMinNvfp4Scale = 0x1p-54f;

/// N28: the E4M3 code of (amax / 6) / tensorScale, two f32 quotients, at least
/// the smallest positive code, so that no scale is 0. NaN and infinity give the
/// NaN code.
uint8_t chooseNvfp4BlockScale(float amax, float tensorScale);

/// N28: two levels of scales are one f32 product, rounded once.
inline float effectiveScale(float outer, float inner) { return outer * inner; }

/// N29: amax, at least 2^-63 (N3); NaN counts as 0, infinity as the largest
/// float.
float chooseAbsmaxScale(float amax);

/// N27, N28: encode(x / scale), saturating: one f32 quotient, then one rounding
/// to the format. A NaN scale gives code 0.
uint8_t encodeScaled(float x, float scale, const SmallFloat &element);

/// N27, N28: value * scale, one f32 product.
inline float decodeScaled(uint8_t code, float scale,
                          const SmallFloat &element) {
  return decode(code, element) * scale;
}

/// N29: the entry nearest to x / scale, one f32 quotient.
inline uint8_t encodeScaled(float x, float scale, Codebook table) {
  return nearestCode(x / scale, table);
}
inline float decodeScaled(uint8_t code, float scale, Codebook table) {
  return codebookValue(code, table) * scale;
}

/// N27: the scale and the codes of one block.
uint8_t quantizeMxBlock(const float *values, size_t count,
                        const SmallFloat &element, uint8_t *codes);

/// N28: the block scale and the codes of one block.
uint8_t quantizeNvfp4Block(const float *values, size_t count, float tensorScale,
                           uint8_t *codes);

} // namespace lowbit

#endif // LOWBIT_NUMERICS_BLOCKSCALE_H
