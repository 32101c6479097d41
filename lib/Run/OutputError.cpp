//===- OutputError.cpp - how far outputs are from float -------------------===//
//
// In: results of the float model and of another one. Out: dB, as the header
// defines them. Sums are in the order of the elements, so they are the same on
// every machine.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/OutputError.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <cstring>

using namespace lowbit;

static double toDouble(float x) { return x; }
static double toDouble(double x) { return x; }
namespace {
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};
} // namespace
static double toDouble(Half x) {
  return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, x.bits))
      .convertToDouble();
}
static double toDouble(BFloat x) {
  uint32_t bits = uint32_t(x.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Calls `function` with the elements as floats of their type; false for
/// integers.
template <typename Function>
static bool withFloats(const NpyArray &array, Function function) {
  switch (array.dtype) {
  case DType::F32:
    function(array.elements<float>());
    return true;
  case DType::F64:
    function(array.elements<double>());
    return true;
  case DType::F16:
    function(array.elements<Half>());
    return true;
  case DType::BF16:
    function(array.elements<BFloat>());
    return true;
  default:
    return false;
  }
}

/// Calls `function` with the number of each element that is no padding. Returns
/// how many there are.
template <typename Function>
static size_t forEachKept(size_t size, const KeptBlocks *kept,
                          Function function) {
  if (!kept) {
    for (size_t i = 0; i < size; ++i)
      function(i);
    return size;
  }
  size_t count = 0, block = kept->blockSize;
  for (auto [number, isKept] : llvm::enumerate(kept->isKept)) {
    if (!isKept)
      continue;
    for (size_t i = number * block, end = i + block; i < end; ++i)
      function(i);
    count += block;
  }
  return count;
}

/// The mean square of the finite elements.
static double signalOf(const NpyArray &array, const KeptBlocks *kept) {
  double sum = 0;
  withFloats(array, [&](auto elements) {
    size_t count = forEachKept(elements.size(), kept, [&](size_t i) {
      if (double x = toDouble(elements[i]); std::isfinite(x))
        sum += x * x;
    });
    sum /= std::max<double>(count, 1);
  });
  return sum;
}

OutputError::OutputError(std::vector<std::vector<NpyArray>> given,
                         Kept givenKept)
    : references(std::move(given)), kept(std::move(givenKept)) {
  for (auto [sample, outputs] : llvm::enumerate(references)) {
    std::vector<double> &row = signals.emplace_back();
    for (auto [output, array] : llvm::enumerate(outputs))
      row.push_back(signalOf(array, keptOf(sample, output)));
  }
  size_t outputs = references.empty() ? 0 : references.front().size();
  for (size_t output = 0; output < outputs; ++output) {
    std::vector<double> positive;
    for (const std::vector<double> &row : signals)
      if (row[output] > 0)
        positive.push_back(row[output]);
    llvm::sort(positive);
    medians.push_back(positive.empty() ? 0 : positive[positive.size() / 2]);
  }
}

const KeptBlocks *OutputError::keptOf(size_t sample, size_t output) const {
  return kept.empty() || !kept[sample][output] ? nullptr
                                               : &*kept[sample][output];
}

bool OutputError::counts(size_t sample, size_t output) const {
  const KeptBlocks *blocks = keptOf(sample, output);
  if (blocks && llvm::none_of(blocks->isKept, [](uint8_t bit) { return bit; }))
    return false;
  // Integers have no signal, and so no median.
  return signals[sample][output] >= kLeastSignal * medians[output];
}

bool OutputError::counts(size_t sample) const {
  for (size_t output = 0; output < references[sample].size(); ++output)
    if (counts(sample, output))
      return true;
  return false;
}

static double bounded(double ratio) {
  double db = 10 * std::log10(ratio);
  return std::clamp(db, -OutputError::kMostDb, OutputError::kMostDb);
}

/// For integers, whose bytes say whether they are equal.
static double ratioOfEqual(const NpyArray &expected, const NpyArray &result,
                           const KeptBlocks *kept) {
  size_t size = byteSize(expected.dtype), differing = 0;
  llvm::ArrayRef<char> left = expected.bytes(), right = result.bytes();
  size_t count = forEachKept(expected.numElements(), kept, [&](size_t i) {
    differing += std::memcmp(&left[i * size], &right[i * size], size) != 0;
  });
  return std::max<double>(count, 1) / std::max(double(differing), 0.5);
}

double OutputError::decibels(size_t sample, size_t output,
                             const NpyArray &result) const {
  const NpyArray &expected = references[sample][output];
  const KeptBlocks *blocks = keptOf(sample, output);
  if (expected.dtype != result.dtype || expected.shape != result.shape)
    return -kMostDb;
  double noise = 0;
  bool isComparable = true;
  bool isFloat = withFloats(expected, [&](auto left) {
    using Element = typename decltype(left)::value_type;
    auto right = result.elements<Element>();
    size_t count = forEachKept(left.size(), blocks, [&](size_t i) {
      double y = toDouble(left[i]), x = toDouble(right[i]);
      if (std::isfinite(y) && std::isfinite(x))
        noise += (y - x) * (y - x);
      else
        isComparable &= y == x || (std::isnan(y) && std::isnan(x));
    });
    noise /= std::max<double>(count, 1);
  });
  if (!isFloat)
    return bounded(ratioOfEqual(expected, result, blocks));
  if (!isComparable)
    return -kMostDb;
  // Any floor does where all signals are zero.
  double floor = medians[output] > 0 ? medians[output] * 1e-12 : 1e-30;
  return bounded((signals[sample][output] + floor) / (noise + floor));
}
