//===- Codebook.cpp - The nearest entry of a table ------------------------===//
//
// In: a value and an ascending table. Out: the index of the nearest entry, by
// rule N26 of docs/numerics.md.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Codebook.h"
#include <cmath>

using namespace lowbit;

static constexpr float kNF4Entries[16] = {-1.0f,
                                          -0.6961928009986877f,
                                          -0.5250730514526367f,
                                          -0.39491748809814453f,
                                          -0.28444138169288635f,
                                          -0.18477343022823334f,
                                          -0.09105003625154495f,
                                          0.0f,
                                          0.07958029955625534f,
                                          0.16093020141124725f,
                                          0.24611230194568634f,
                                          0.33791524171829224f,
                                          0.44070982933044434f,
                                          0.5626170039176941f,
                                          0.7229568362236023f,
                                          1.0f};

const Codebook lowbit::kNF4{kNF4Entries, 4};

bool lowbit::isLegalCodebook(Codebook table) {
  if (!table.entries || table.bits < 2 || table.bits > 8)
    return false;
  for (size_t i = 0; i < table.size(); ++i) {
    if (!std::isfinite(table.entries[i]))
      return false;
    if (i > 0 && !(table.entries[i - 1] < table.entries[i]))
      return false;
  }
  return true;
}

/// x > (low + high) / 2, exactly: the sum of two floats may need more bits than
/// a double has, so its rounding error decides where the sum alone does not.
static bool isAboveMiddle(float x, float low, float high) {
  double twice = 2.0 * double(x), a = low, b = high;
  double sum = a + b;
  if (twice != sum)
    return twice > sum;
  double bPart = sum - a;
  double error = (a - (sum - bPart)) + (b - bPart);
  return error < 0.0;
}

uint8_t lowbit::nearestCode(float x, Codebook table) {
  if (std::isnan(x))
    x = 0.0f;
  size_t low = 0, high = table.size() - 1;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (isAboveMiddle(x, table.entries[middle], table.entries[middle + 1]))
      low = middle + 1;
    else
      high = middle;
  }
  return static_cast<uint8_t>(low);
}
