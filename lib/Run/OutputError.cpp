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

/// The mean square of the finite elements.
static double signalOf(const NpyArray &array) {
  double sum = 0;
  withFloats(array, [&](auto elements) {
    for (auto element : elements)
      if (double x = toDouble(element); std::isfinite(x))
        sum += x * x;
    sum /= std::max<double>(elements.size(), 1);
  });
  return sum;
}

OutputError::OutputError(std::vector<std::vector<NpyArray>> given)
    : references(std::move(given)) {
  size_t outputs = references.empty() ? 0 : references.front().size();
  for (size_t output = 0; output < outputs; ++output) {
    std::vector<double> signals;
    for (const std::vector<NpyArray> &sample : references)
      signals.push_back(signalOf(sample[output]));
    llvm::sort(signals);
    double median = signals[signals.size() / 2];
    // Zero when most samples are: any floor does then.
    floors.push_back(median > 0 ? median * 1e-12 : 1e-30);
  }
}

static double bounded(double ratio) {
  double db = 10 * std::log10(ratio);
  return std::clamp(db, -OutputError::kMostDb, OutputError::kMostDb);
}

/// For integers, whose bytes say whether they are equal.
static double ratioOfEqual(const NpyArray &expected, const NpyArray &result) {
  size_t size = byteSize(expected.dtype), differing = 0;
  llvm::ArrayRef<char> left = expected.bytes(), right = result.bytes();
  for (size_t at = 0; at < left.size(); at += size)
    differing += std::memcmp(&left[at], &right[at], size) != 0;
  double count = std::max<double>(expected.numElements(), 1);
  return count / std::max(double(differing), 0.5);
}

double OutputError::decibels(size_t sample, size_t output,
                             const NpyArray &result) const {
  const NpyArray &expected = references[sample][output];
  if (expected.dtype != result.dtype || expected.shape != result.shape)
    return -kMostDb;
  double signal = signalOf(expected), noise = 0;
  bool isComparable = true;
  bool isFloat = withFloats(expected, [&](auto left) {
    using Element = typename decltype(left)::value_type;
    auto right = result.elements<Element>();
    for (size_t i = 0; i < left.size(); ++i) {
      double y = toDouble(left[i]), x = toDouble(right[i]);
      if (std::isfinite(y) && std::isfinite(x))
        noise += (y - x) * (y - x);
      else
        isComparable &= y == x || (std::isnan(y) && std::isnan(x));
    }
    noise /= std::max<double>(left.size(), 1);
  });
  if (!isFloat)
    return bounded(ratioOfEqual(expected, result));
  if (!isComparable)
    return -kMostDb;
  return bounded((signal + floors[output]) / (noise + floors[output]));
}
