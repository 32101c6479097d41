//===- ExactSum.h - sums of floats without rounding -------------*- C++ -*-===//
//
// A fixed-point number wide enough for any sum of floats and of their squares,
// so that a sum depends neither on the order of its terms nor on how they were
// grouped (a Kulisch accumulator).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_TABLE_EXACTSUM_H
#define LOWBIT_TABLE_EXACTSUM_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <string>

namespace lowbit {

/// A two's complement integer in units of 2^-298, the square of the smallest
/// subnormal float; 640 bits hold the sum of 2^63 squares of the largest one.
class ExactSum {
public:
  static constexpr unsigned kWords = 10;
  static constexpr int kUnitExponent = -298;

  /// Adds `mantissa` * 2^`exponent`, `exponent` at least kUnitExponent.
  void add(__int128 mantissa, int exponent);
  /// Adds a finite float, or its square, `times` times.
  void add(float x, uint64_t times = 1);
  void addSquare(float x, uint64_t times = 1);
  void merge(const ExactSum &other);

  bool isZero() const;
  bool isNegative() const { return words.back() >> 63; }
  bool operator<(const ExactSum &other) const;
  /// The nearest double, ties to even.
  double toDouble() const;
  /// `-0x1f3p-149`: a hexadecimal integer without factors of 2, and the
  /// exponent of its unit; `0x0p+0` for zero. Equal sums have equal texts.
  std::string toString() const;
  /// Reads what toString writes; any other spelling, and a sum that 2^63 floats
  /// or their squares cannot have, is an error.
  static llvm::Expected<ExactSum> parse(llvm::StringRef text);

  bool operator==(const ExactSum &other) const { return words == other.words; }
  bool operator!=(const ExactSum &other) const { return !(*this == other); }

private:
  using Words = std::array<uint64_t, kWords>;
  Words magnitude() const;
  void negate();

  Words words{}; // the lowest first
};

} // namespace lowbit

#endif // LOWBIT_TABLE_EXACTSUM_H
