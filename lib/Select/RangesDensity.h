//===- RangesDensity.h - a histogram as a density ---------------*- C++ -*-===//
//
// What the methods know of a value: each bin holds its count and its mean
// exactly, and its values are taken to lie evenly around that mean. Errors of
// quantization are integrals over it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_RANGESDENSITY_H
#define LOWBIT_LIB_SELECT_RANGESDENSITY_H

#include "lowbit/Numerics/Affine.h"
#include "lowbit/Table/ValueStatistics.h"

namespace lowbit {

/// The integers of a quantizer as multiples of its scale.
struct Levels {
  double scale = 1;
  int32_t lowest = 0, highest = 0;

  Levels(AffineParams params, StorageRange range)
      : scale(params.scale), lowest(range.min - params.zeroPoint),
        highest(range.max - params.zeroPoint) {}
  double low() const { return lowest * scale; }
  double high() const { return highest * scale; }
};

/// The squared error of a quantizer, summed up over all elements; and the scale
/// that would fit the same integers best, with the error that it has at most,
/// or 0 where none is known.
struct Fit {
  double error = 0;
  double betterScale = 0, betterError = 0;
};

class Density {
public:
  /// The values of one bin, spread evenly over [mean - half, mean + half].
  struct Cell {
    double mean = 0, half = 0, count = 0;
  };

  explicit Density(const Histogram &histogram);
  explicit Density(const ValueStatistics &statistics);

  /// From the lowest value to the highest, zero included.
  llvm::ArrayRef<Cell> cells() const { return all; }
  double count() const { return totalCount; }
  double sumOfSquares() const { return totalSquares; }

  /// Count, sum and sum of squares of the magnitudes beyond `magnitude`, at
  /// least 2^-126, on one side of zero.
  struct Tail {
    double count = 0, sum = 0, squares = 0;
  };
  Tail tail(bool negative, double magnitude) const {
    return sides[negative].tail(magnitude);
  }

  /// The summed squared error, cell by cell.
  double error(const Levels &levels) const;
  /// The same by the borders between integers where they are the fewer, which
  /// is quick, and exact to about 2^-50 of the sum of squares.
  Fit fit(const Levels &levels) const;
  /// The part of it that elements beyond the lowest and highest level have.
  double clippingError(const Levels &levels) const;
  /// How many elements round to an integer beyond the lowest or highest.
  double clipped(const Levels &levels) const;

private:
  /// The magnitudes on one side of zero, ascending.
  struct Side {
    struct Entry {
      double mean, half, count;
      /// Of this entry and all beyond it.
      Tail beyond;
    };
    std::vector<Entry> entries; // and one at the end, with nothing beyond
    /// By the leading bits of a magnitude, from those of `firstKey`: the entry
    /// that its bin has, or the next one beyond.
    std::vector<uint32_t> index;
    uint64_t firstKey = 0;
    double farthest = 0;

    Tail tail(double magnitude) const;
  };

  void build(const Histogram &histogram, double min, double max,
             std::optional<double> squares);
  void fill(Side &side, llvm::ArrayRef<Histogram::Bin> bins,
            llvm::ArrayRef<Cell> cells);

  std::vector<Cell> all;
  Side sides[2];
  double totalCount = 0, totalSquares = 0;
};

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_RANGESDENSITY_H
