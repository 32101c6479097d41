//===- SmoothingScales.cpp - how much of a range to move ------------------===//
//
// In: the greatest magnitudes of each channel of an activation and of the
// weights that meet it. Out: positive finite scales. The logarithms are summed
// in order, in double, so that a table gives the same scales on any machine
// with one libm.
//
// Source: Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training
// Quantization for Large Language Models", 2023, equation 4.
//
//===----------------------------------------------------------------------===//
#include "SmoothingScales.h"

#include <algorithm>
#include <cmath>

using namespace lowbit;

/// Logarithms, with a floor below those of note.
static std::vector<double> logarithms(const std::vector<float> &magnitudes) {
  float greatest = *std::max_element(magnitudes.begin(), magnitudes.end());
  std::vector<double> logs;
  for (float magnitude : magnitudes)
    logs.push_back(
        std::log2(std::max<double>(magnitude, double(greatest) * kDeadShare)));
  return logs;
}

std::vector<float> lowbit::smoothingScales(const std::vector<float> &activation,
                                           const std::vector<float> &weight,
                                           double strength) {
  std::vector<float> ones(activation.size(), 1.0f);
  auto isZero = [](const std::vector<float> &values) {
    return std::all_of(values.begin(), values.end(),
                       [](float value) { return value == 0; });
  };
  if (isZero(activation) || isZero(weight))
    return ones;
  std::vector<double> logs = logarithms(activation),
                      weightLogs = logarithms(weight);
  double sum = 0;
  for (size_t i = 0; i < logs.size(); ++i) {
    logs[i] = strength * logs[i] - (1 - strength) * weightLogs[i];
    sum += logs[i];
  }
  double mean = sum / double(logs.size());
  std::vector<float> scales;
  for (double log : logs)
    scales.push_back(static_cast<float>(std::exp2(log - mean)));
  return scales;
}
