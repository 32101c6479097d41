//===- Samples.h - floats of many kinds -------------------------*- C++ -*-===//
//
// In: a seed. Out: finite floats of the kinds that models have: bell-shaped,
// rectified, with outliers, and of any bits at all.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_TABLE_SAMPLES_H
#define LOWBIT_UNITTESTS_TABLE_SAMPLES_H

#include "llvm/ADT/bit.h"
#include <cmath>
#include <random>
#include <vector>

namespace lowbit::testing {

enum class Kind { Normal, Rectified, Outliers, AnyBits, Subnormal, Zeros };
constexpr Kind kKinds[] = {Kind::Normal,  Kind::Rectified, Kind::Outliers,
                           Kind::AnyBits, Kind::Subnormal, Kind::Zeros};

inline std::vector<float> makeSample(Kind kind, size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> result(count);
  for (float &x : result) {
    switch (kind) {
    case Kind::Normal:
      x = normal(random);
      break;
    case Kind::Rectified:
      x = std::max(0.0f, normal(random));
      break;
    case Kind::Outliers:
      x = normal(random) * (random() % 1000 == 0 ? 1e3f : 1);
      break;
    case Kind::AnyBits:
      do
        x = llvm::bit_cast<float>(uint32_t(random()));
      while (!std::isfinite(x));
      break;
    case Kind::Subnormal:
      // Also both zeros and the least normal numbers.
      x = llvm::bit_cast<float>(uint32_t(random()) & 0x81ffffffu);
      if (random() % 4 == 0)
        x = random() % 2 ? 0.0f : -0.0f;
      break;
    case Kind::Zeros:
      x = random() % 2 ? 0.0f : -0.0f;
      break;
    }
  }
  return result;
}

} // namespace lowbit::testing

#endif // LOWBIT_UNITTESTS_TABLE_SAMPLES_H
