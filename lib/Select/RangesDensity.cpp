//===- RangesDensity.cpp - a histogram as a density -----------------------===//
//
// In: a histogram. Out: integrals of the squared error over it.
//
// With the integers as boundaries between levels, an element x > 0 is held as
// k s where k is the number of borders (j - 1/2) s, j = 1 .. highest, below x.
// So the sums over all elements of x k and of k^2 are sums over the borders of
// what lies beyond each, and
//
//   error = sum x^2 - 2 s sum x k + s^2 sum k^2
//
// and the same on the other side of zero. For fixed k the least error is at
// s = (sum x k) / (sum k^2).
//
//===----------------------------------------------------------------------===//
#include "RangesDensity.h"

#include <algorithm>
#include <cstring>

using namespace lowbit;

/// The leading bits of a magnitude that its bin is chosen by.
static uint64_t keyOf(double magnitude) {
  uint64_t bits;
  std::memcpy(&bits, &magnitude, sizeof(bits));
  return bits >> (52 - Histogram::kTopBits);
}

Density::Density(const Histogram &histogram) {
  build(histogram, -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::infinity(), std::nullopt);
}

Density::Density(const ValueStatistics &statistics) {
  build(statistics.histogram, statistics.min, statistics.max,
        statistics.sumOfSquares.toDouble());
}

void Density::build(const Histogram &histogram, double min, double max,
                    std::optional<double> squares) {
  std::vector<Histogram::Bin> bins = histogram.bins();
  double exactSquares = 0, spreadSquares = 0;
  for (const Histogram::Bin &bin : bins) {
    Cell cell;
    cell.mean = bin.mean;
    cell.count = double(bin.count);
    double low = std::max(double(bin.low()), min);
    double high = std::min(double(bin.high()), max);
    if (bin.count > 1)
      cell.half = std::max(std::min(cell.mean - low, high - cell.mean), 0.0);
    exactSquares += cell.count * cell.mean * cell.mean;
    spreadSquares += cell.count * cell.half * cell.half / 3;
    totalCount += cell.count;
    all.push_back(cell);
  }
  // Bins whose values are all the same are not spread. How much spread there is
  // in all is known: it is what the means leave of the sum of squares.
  if (squares && spreadSquares > 0) {
    double known = std::max(*squares - exactSquares, 0.0);
    double ratio = std::min(std::sqrt(known / spreadSquares), 1.0);
    for (Cell &cell : all)
      cell.half *= ratio;
    spreadSquares *= ratio * ratio;
  }
  totalSquares = exactSquares + spreadSquares;

  size_t negative = 0, positive = bins.size();
  while (negative < bins.size() && bins[negative].low() < 0)
    ++negative;
  while (positive > negative && bins[positive - 1].high() > 0)
    --positive;
  std::vector<Histogram::Bin> below(bins.begin(), bins.begin() + negative);
  std::vector<Cell> belowCells(all.begin(), all.begin() + negative);
  std::reverse(below.begin(), below.end());
  std::reverse(belowCells.begin(), belowCells.end());
  llvm::ArrayRef<Histogram::Bin> allBins(bins);
  llvm::ArrayRef<Cell> allCells(all);
  fill(sides[1], below, belowCells);
  fill(sides[0], allBins.drop_front(positive), allCells.drop_front(positive));
}

void Density::fill(Side &side, llvm::ArrayRef<Histogram::Bin> bins,
                   llvm::ArrayRef<Cell> cells) {
  side.entries.resize(cells.size() + 1);
  for (size_t i = cells.size(); i-- > 0;) {
    double mean = std::fabs(cells[i].mean), half = cells[i].half;
    double count = cells[i].count;
    side.entries[i] = {mean, half, count, side.entries[i + 1].beyond};
    Tail &beyond = side.entries[i].beyond;
    beyond.count += count;
    beyond.sum += count * mean;
    beyond.squares += count * (mean * mean + half * half / 3);
  }
  if (cells.empty())
    return;
  side.farthest = std::fabs(cells.back().mean) + cells.back().half;
  // No border is among the subnormal numbers.
  size_t i = 0;
  while (i < bins.size() && std::fabs(bins[i].far) <= 0x1p-126f)
    ++i;
  if (i == bins.size())
    return;
  side.firstKey = keyOf(std::fabs(double(bins[i].near)));
  side.index.reserve(keyOf(std::fabs(double(bins.back().far))) - side.firstKey);
  for (; i < bins.size(); ++i)
    side.index.resize(keyOf(std::fabs(double(bins[i].far))) - side.firstKey,
                      uint32_t(i));
}

Density::Tail Density::Side::tail(double magnitude) const {
  uint64_t key = keyOf(magnitude);
  if (key >= firstKey + index.size())
    return {};
  const Entry &entry = entries[index[key < firstKey ? 0 : key - firstKey]];
  if (magnitude <= entry.mean - entry.half)
    return entry.beyond;
  Tail result = (&entry + 1)->beyond;
  double end = entry.mean + entry.half, length = end - magnitude;
  if (length <= 0)
    return result;
  double count = entry.count * (length / (2 * entry.half));
  double middle = magnitude + length / 2;
  result.count += count;
  result.sum += count * middle;
  result.squares += count * (middle * middle + length * length / 12);
  return result;
}

double Density::error(const Levels &levels) const {
  double scale = levels.scale, low = levels.lowest, high = levels.highest;
  auto nearest = [&](double steps) {
    return std::clamp(roundHalfEven(steps), low, high);
  };
  double sum = 0; // in squares of the scale
  for (const Cell &cell : all) {
    double mean = cell.mean / scale, half = cell.half / scale;
    double begin = mean - half, end = mean + half;
    double first = nearest(begin), last = nearest(end);
    if (first == last) {
      double distance = mean - first;
      sum += cell.count * (distance * distance + half * half / 3);
      continue;
    }
    // The squared error has the integral k / 12 + (x - k)^3 / 3 from 0 to x,
    // with k the integer of x, clipped or not.
    double a = begin - first, b = end - last;
    double integral = (last - first) / 12 + (b * b * b - a * a * a) / 3;
    sum += cell.count * integral / (end - begin);
  }
  return sum * scale * scale;
}

Fit Density::fit(const Levels &levels) const {
  double scale = levels.scale;
  if (int64_t(levels.highest) - levels.lowest > int64_t(2 * all.size()) + 256) {
    double sum = error(levels);
    return {sum, 0, 0};
  }
  double products = 0, squares = 0;
  for (const Side &side : sides) {
    int32_t count = &side == &sides[0] ? levels.highest : -levels.lowest;
    for (int32_t k = 1; k <= count; ++k) {
      double border = (k - 0.5) * scale;
      if (border >= side.farthest)
        break;
      Tail beyond = side.tail(border);
      products += beyond.sum;
      squares += (2.0 * k - 1) * beyond.count;
    }
  }
  Fit result;
  result.error = std::max(
      totalSquares - 2 * scale * products + scale * scale * squares, 0.0);
  if (squares > 0) {
    result.betterScale = products / squares;
    result.betterError =
        std::max(totalSquares - products * result.betterScale, 0.0);
  }
  return result;
}

double Density::clippingError(const Levels &levels) const {
  double sum = 0;
  for (bool negative : {false, true}) {
    double reach = negative ? -levels.low() : levels.high();
    // Everything is beyond 0, and the tail is asked for normal numbers only.
    Tail beyond = tail(negative, std::max(reach, 0x1p-126));
    sum +=
        beyond.squares - 2 * reach * beyond.sum + reach * reach * beyond.count;
  }
  return std::max(sum, 0.0);
}

double Density::clipped(const Levels &levels) const {
  double half = levels.scale / 2;
  return tail(false, levels.high() + half).count +
         tail(true, half - levels.low()).count;
}
