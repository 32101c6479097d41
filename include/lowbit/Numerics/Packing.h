//===- Packing.h - Integers of 1 to 8 bits in bytes ------------*- C++ -*-===//
//
// In: integers or codes, a width. Out: bytes, and back. Element i has the bits
// [i * width, (i + 1) * width) of a little-endian bit stream: bit b of the
// stream is bit b % 8 of byte b / 8 (N24 of docs/numerics.md). So the first of
// two int4 is the low half of the byte. Bits above the width are cut off when
// packing; unused bits of the last byte are 0.
//
// Source: ONNX, TensorProto (int4, uint4, int2, float4e2m1, float6: the first
// element in the lowest bits).
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_PACKING_H
#define LOWBIT_NUMERICS_PACKING_H

#include <cstddef>
#include <cstdint>

namespace lowbit {

/// The bytes of `count` elements.
inline size_t packedBytes(size_t count, unsigned width) {
  // In parts: count * width could overflow.
  return count / 8 * width + (count % 8 * width + 7) / 8;
}

/// The lowest `width` bits as an integer, its highest bit as the sign if
/// `isSigned`.
inline int32_t extend(uint32_t bits, unsigned width, bool isSigned) {
  uint32_t value = bits & ((1u << width) - 1u);
  uint32_t sign = isSigned ? 1u << (width - 1) : 0u;
  return static_cast<int32_t>(value ^ sign) - static_cast<int32_t>(sign);
}

/// N24: `bytes` has packedBytes(count, width) bytes, which are all written.
void pack(const int32_t *values, size_t count, unsigned width, uint8_t *bytes);

/// N24: element `index` by itself.
int32_t unpackOne(const uint8_t *bytes, size_t index, unsigned width,
                  bool isSigned);

/// N24: the first `count` elements.
void unpack(const uint8_t *bytes, size_t count, unsigned width, bool isSigned,
            int32_t *values);

} // namespace lowbit

#endif // LOWBIT_NUMERICS_PACKING_H
