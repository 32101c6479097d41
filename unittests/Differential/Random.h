//===- Random.h - numbers that programs get wrong --------------*- C++ -*-===//
//
// A stream of random choices that a seed repeats, on any machine.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_DIFFERENTIAL_RANDOM_H
#define LOWBIT_UNITTESTS_DIFFERENTIAL_RANDOM_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>

namespace lowbit::differential {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  /// From `low` to `high`, both included. The distributions of the standard
  /// library differ between implementations.
  int64_t range(int64_t low, int64_t high) {
    return low + int64_t(engine() % uint64_t(high - low + 1));
  }
  bool oneIn(int64_t n) { return range(1, n) == 1; }
  template <typename T> T pick(std::initializer_list<T> list) {
    return list.begin()[range(0, int64_t(list.size()) - 1)];
  }
  /// In [0, 1).
  float unit() { return float(engine() >> 40) * 0x1p-24f; }

  /// A float at a place where rounding is decided, an end or an odd one.
  float hardFloat(float scale) {
    switch (range(0, 9)) {
    case 0: { // Any bits, so subnormals, NaN and infinities too.
      auto bits = uint32_t(engine());
      float value;
      std::memcpy(&value, &bits, sizeof(value));
      return value;
    }
    case 1: // A tie, or the float beside it.
    case 2:
    case 3: {
      float tie = (float(range(-140, 140)) + 0.5f) * scale;
      return std::nextafter(tie, pick({tie, tie, -INFINITY, INFINITY}));
    }
    case 4:
      return pick({0.0f, -0.0f, INFINITY, -INFINITY, float(NAN), 0x1p-149f,
                   -0x1p-126f, 3.4028235e38f});
    case 5:
      return float(range(-300, 300)) * scale;
    default:
      return (unit() - 0.5f) * 300.0f * scale;
    }
  }
  /// A moderate float, for sums.
  float softFloat() { return std::ldexp(unit() - 0.5f, int(range(-6, 6))); }

  int32_t hardInteger() {
    switch (range(0, 5)) {
    case 0:
      return pick({INT32_MIN, INT32_MAX, 0, -1, 1, INT32_MIN + 1});
    case 1:
      return int32_t(engine());
    default:
      return int32_t(range(-1, 1) * (int64_t(engine() % (1u << range(1, 31)))));
    }
  }

private:
  std::mt19937_64 engine;
};

} // namespace lowbit::differential

#endif // LOWBIT_UNITTESTS_DIFFERENTIAL_RANDOM_H
