//===- RangesPercentile.cpp - ranges that hold a share of the values ------===//
//
// In: statistics and a percentage P. Out: asymmetric, the percentiles
// (100 - P) / 2 and 100 - (100 - P) / 2 of the values; symmetric, the
// percentile P of their magnitudes. A percentile lies between two values in
// proportion to its rank, as numpy.percentile has it.
//
//===----------------------------------------------------------------------===//
#include "RangesMethods.h"

#include <algorithm>
#include <cmath>

using namespace lowbit;
using Cell = Density::Cell;

/// The value of a rank among cells in ascending order, which are spread evenly.
static double valueAt(llvm::ArrayRef<Cell> cells, double rank) {
  double before = 0;
  for (const Cell &cell : cells) {
    if (rank < before + cell.count)
      return cell.mean - cell.half +
             2 * cell.half * ((rank - before + 0.5) / cell.count);
    before += cell.count;
  }
  return 0;
}

/// `least` and `greatest` are the known ends.
static double percentileOf(llvm::ArrayRef<Cell> cells, double count,
                           double share, double least, double greatest) {
  double last = count - 1;
  double place = share * last;
  double rank = std::floor(place), rest = place - rank;
  auto value = [&](double rank) {
    if (rank <= 0)
      return least;
    if (rank >= last)
      return greatest;
    return std::clamp(valueAt(cells, rank), least, greatest);
  };
  double low = value(rank);
  return rest == 0 ? low : low + (value(rank + 1) - low) * rest;
}

/// Cells of magnitudes. Two of the same bin, one of each sign, become one.
static std::vector<Cell> magnitudes(llvm::ArrayRef<Cell> cells) {
  std::vector<Cell> result;
  for (const Cell &cell : cells)
    result.push_back({std::fabs(cell.mean), cell.half, cell.count});
  std::sort(result.begin(), result.end(),
            [](const Cell &a, const Cell &b) { return a.mean < b.mean; });
  size_t kept = 0;
  for (size_t i = 1; i < result.size(); ++i) {
    Cell &a = result[kept];
    const Cell &b = result[i];
    if (b.mean - b.half >= a.mean + a.half) {
      result[++kept] = b;
      continue;
    }
    double low = std::min(a.mean - a.half, b.mean - b.half);
    double high = std::max(a.mean + a.half, b.mean + b.half);
    a = {(low + high) / 2, (high - low) / 2, a.count + b.count};
  }
  result.resize(result.empty() ? 0 : kept + 1);
  return result;
}

MethodRange lowbit::percentileRange(const ValueStatistics &statistics,
                                    const Density &density, double percentile,
                                    const Target &target) {
  double min = statistics.min, max = statistics.max, count = density.count();
  if (count == 0)
    return {};
  if (target.symmetry == Symmetry::Symmetric) {
    // The least magnitude is not known, but a percentile above it is wanted.
    std::vector<Cell> cells = magnitudes(density.cells());
    double end = percentileOf(cells, count, percentile / 100,
                              std::max(cells[0].mean - cells[0].half, 0.0),
                              std::max(-min, max));
    return {-end, end, std::nullopt, ""};
  }
  double cut = (100 - percentile) / 200;
  return {percentileOf(density.cells(), count, cut, min, max),
          percentileOf(density.cells(), count, 1 - cut, min, max), std::nullopt,
          ""};
}
