//===- Histogram.h - counts of floats by their own bits ---------*- C++ -*-===//
//
// Bins are cut from the bits of the float, so they depend neither on the order
// of the data nor on how it was split, and histograms add up.
//
// An octave is the floats of one sign and exponent. It is cut into equal bins,
// 2^b of them. With E the highest exponent of any value seen, of either sign,
//
//   b(exponent) = clamp(kTopBits - (E - exponent), kLeastBits, kTopBits)
//
// so the largest magnitudes have bins of one width, 2^-11 of the power of two
// above the largest, and those below a relative width of 2^-7 at most. A value
// is never counted more coarsely than it is in the end, because E only grows:
// when it does, neighbouring counters are added up. Zero has a bin of its own;
// subnormals are the octave below the smallest exponent.
//
// Beside its count a bin has the sum of its values' offsets: how far each lies
// beyond the bin's near edge, in units of the float's last place. Counts and
// offsets together give the exact sum of all values, and the mean of each bin.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_TABLE_HISTOGRAM_H
#define LOWBIT_TABLE_HISTOGRAM_H

#include "lowbit/Table/ExactSum.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace lowbit {

struct Extremes;

class Histogram {
public:
  static constexpr int kTopBits = 10, kLeastBits = 7;
  /// The exponent that subnormals are filed under, one below that of 2^-126.
  static constexpr int kSubnormalExponent = -127;

  /// The values of one bin: those whose magnitude is in [near, far), both with
  /// the sign of the bin; zero is near = far = 0. Where far would be 2^128 it
  /// is the largest float, and belongs to the bin. `low` and `high` are the
  /// same two in order.
  struct Bin {
    float near = 0, far = 0;
    uint64_t count = 0;
    /// Of the values in the bin.
    double mean = 0;
    float low() const { return near < far ? near : far; }
    float high() const { return near < far ? far : near; }
  };

  /// Counts finite values. Many of them are counted by several threads (see
  /// llvm::parallel::strategy); the counts are the same.
  void add(llvm::ArrayRef<float> values);
  /// Adds the counts of `other`, as if its values had been added here.
  void merge(const Histogram &other);

  /// The bins with a count, from the lowest value to the highest.
  std::vector<Bin> bins() const;
  uint64_t total() const;
  /// Of all values, exactly.
  ExactSum sum() const;
  uint64_t zeros() const { return zeroCount; }

  /// More values are not counted: with them sums of offsets fit in 63 bits.
  static constexpr uint64_t kMostValues = uint64_t(1) << 47;

  /// One octave: sign, exponent, and 2^b counts and sums of offsets, from the
  /// smallest magnitude. For the text of the table.
  struct Octave {
    bool negative = false;
    int exponent = 0;
    std::vector<uint64_t> counts, offsets;
  };
  /// Those with a count, by sign and exponent, negative ones first.
  std::vector<Octave> octaves() const;
  /// The inverse of octaves() and zeros(). The error says which octave is not
  /// one that octaves() gives: of another length, empty, there twice, with
  /// offsets that its counts cannot have.
  static llvm::Expected<Histogram> fromOctaves(uint64_t zeros,
                                               llvm::ArrayRef<Octave> octaves);
  /// E; none while everything is zero.
  std::optional<int> topExponent() const { return top; }
  /// How many counts the octave of this exponent has, where `top` is E.
  static size_t octaveLength(int exponent, int top);

  bool operator==(const Histogram &other) const {
    return zeroCount == other.zeroCount && top == other.top &&
           octaveCells == other.octaveCells;
  }
  bool operator!=(const Histogram &other) const { return !(*this == other); }

private:
  friend struct ValueStatistics;
  /// The same where the extremes of the values are known. Their sum and the
  /// sum of their squares are added to those given.
  void add(llvm::ArrayRef<float> values, const Extremes &extremes,
           ExactSum &sum, ExactSum &sumOfSquares);
  /// Raises E, and with it the width of bins.
  void raiseTop(int newTop);

  struct Cell {
    uint64_t count = 0, offsets = 0;
    bool operator==(const Cell &other) const {
      return count == other.count && offsets == other.offsets;
    }
  };
  friend class Tally;

  uint64_t zeroCount = 0;
  std::optional<int> top;
  /// By 2 * (exponent - kSubnormalExponent) + sign; an octave is empty where
  /// nothing was counted in it, and all is where nothing but zeros was.
  std::vector<std::vector<Cell>> octaveCells;
};

} // namespace lowbit

#endif // LOWBIT_TABLE_HISTOGRAM_H
