//===- Packing.cpp - Integers of 1 to 8 bits in bytes ---------------------===//
//
// In: integers and a width, or bytes. Out: the other, by rule N24 of
// docs/numerics.md.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Packing.h"
#include <cassert>

using namespace lowbit;

void lowbit::pack(const int32_t *values, size_t count, unsigned width,
                  uint8_t *bytes) {
  assert(width >= 1 && width <= 8 && "packed elements have 1 to 8 bits");
  uint32_t pending = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < count; ++i) {
    pending |= (static_cast<uint32_t>(values[i]) & ((1u << width) - 1u))
               << bits;
    bits += width;
    if (bits >= 8) {
      *bytes++ = static_cast<uint8_t>(pending);
      pending >>= 8;
      bits -= 8;
    }
  }
  if (bits > 0)
    *bytes = static_cast<uint8_t>(pending);
}

int32_t lowbit::unpackOne(const uint8_t *bytes, size_t index, unsigned width,
                          bool isSigned) {
  assert(width >= 1 && width <= 8 && "packed elements have 1 to 8 bits");
  // Eight elements fill `width` bytes, so the bit number stays small.
  const uint8_t *group = bytes + index / 8 * width;
  unsigned first = static_cast<unsigned>(index % 8) * width;
  uint32_t bits = group[first / 8];
  // The second byte is read only where the element reaches into it.
  if (first % 8 + width > 8)
    bits |= uint32_t(group[first / 8 + 1]) << 8;
  return extend(bits >> (first % 8), width, isSigned);
}

void lowbit::unpack(const uint8_t *bytes, size_t count, unsigned width,
                    bool isSigned, int32_t *values) {
  for (size_t i = 0; i < count; ++i)
    values[i] = unpackOne(bytes, i, width, isSigned);
}
