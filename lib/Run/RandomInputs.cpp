//===- RandomInputs.cpp - inputs for want of data -------------------------===//
//
// The generator is the C++ standard's mt19937_64, whose sequence is fixed; the
// normal distribution is made from it here, for the library's is not.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/RandomInputs.h"

#include <cmath>
#include <random>

using namespace lowbit;

/// Uniform in (0, 1].
static double uniform(std::mt19937_64 &generator) {
  return double((generator() >> 11) + 1) * 0x1p-53;
}

/// Box and Muller's transform.
static float normal(std::mt19937_64 &generator) {
  constexpr double twoPi = 6.283185307179586;
  double radius = std::sqrt(-2 * std::log(uniform(generator)));
  return float(radius * std::cos(twoPi * uniform(generator)));
}

template <typename T> static void fillOnes(NpyArray &array) {
  for (T &element : array.elements<T>())
    element = 1;
}

llvm::Expected<std::vector<NpyArray>>
lowbit::makeRandomInputs(llvm::ArrayRef<InputSpec> inputs, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<NpyArray> arrays;
  for (const InputSpec &spec : inputs) {
    for (auto [index, size] : llvm::enumerate(spec.shape))
      if (size < 0) {
        bool named =
            index < spec.symbols.size() && !spec.symbols[index].empty();
        return llvm::createStringError(
            "input '" + spec.name + "' has shape " + shapeString(spec.shape) +
            "; random data needs every size: give " +
            (named
                 ? "--shape " + spec.symbols[index] + "=N"
                 : std::string("inputs in a file, for dimension ") +
                       std::to_string(index) + " has no name to give --shape"));
      }
    auto array = NpyArray::create(spec.dtype, spec.shape);
    if (!array)
      return array.takeError();
    switch (spec.dtype) {
    case DType::F32:
      for (float &element : array->elements<float>())
        element = normal(generator);
      break;
    case DType::F64:
      for (double &element : array->elements<double>())
        element = normal(generator);
      break;
    case DType::Bool:
      for (uint8_t &element : array->elements<uint8_t>())
        element = generator() & 1;
      break;
    case DType::I8:
    case DType::U8:
      fillOnes<uint8_t>(*array);
      break;
    case DType::I16:
    case DType::U16:
      fillOnes<uint16_t>(*array);
      break;
    case DType::I32:
    case DType::U32:
      fillOnes<uint32_t>(*array);
      break;
    case DType::I64:
    case DType::U64:
      fillOnes<uint64_t>(*array);
      break;
    case DType::F16:
    case DType::BF16:
      return llvm::createStringError("input '" + spec.name +
                                     "': no random data of type " +
                                     dtypeName(spec.dtype).str());
    }
    arrays.push_back(std::move(*array));
  }
  return arrays;
}
