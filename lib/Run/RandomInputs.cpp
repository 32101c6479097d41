//===- RandomInputs.cpp - inputs for want of data -------------------------===//
//
// The generator is the C++ standard's mt19937_64, whose sequence is fixed; the
// normal distribution is made from it here, for the library's is not.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/RandomInputs.h"

#include "llvm/ADT/APFloat.h"

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

template <typename T>
static void fillFloats(NpyArray &array, std::mt19937_64 &generator) {
  for (T &element : array.elements<T>())
    element = normal(generator);
}

static void fillNarrowFloats(NpyArray &array, const llvm::fltSemantics &format,
                             std::mt19937_64 &generator) {
  for (uint16_t &element : array.elements<uint16_t>()) {
    llvm::APFloat value(normal(generator));
    bool losesInfo;
    value.convert(format, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    element = uint16_t(value.bitcastToAPInt().getZExtValue());
  }
}

/// T is unsigned; its low bits are as random as the generator's.
template <typename T>
static void fillIntegers(NpyArray &array, bool areSmall,
                         std::mt19937_64 &generator) {
  for (T &element : array.elements<T>())
    element = areSmall ? T(1) : T(generator());
}

static void fill(NpyArray &array, bool areSmall, std::mt19937_64 &generator) {
  switch (array.dtype) {
  case DType::F16:
    return fillNarrowFloats(array, llvm::APFloat::IEEEhalf(), generator);
  case DType::BF16:
    return fillNarrowFloats(array, llvm::APFloat::BFloat(), generator);
  case DType::F32:
    return fillFloats<float>(array, generator);
  case DType::F64:
    return fillFloats<double>(array, generator);
  case DType::Bool:
    for (uint8_t &element : array.elements<uint8_t>())
      element = generator() & 1;
    return;
  case DType::I8:
  case DType::U8:
    return fillIntegers<uint8_t>(array, areSmall, generator);
  case DType::I16:
  case DType::U16:
    return fillIntegers<uint16_t>(array, areSmall, generator);
  case DType::I32:
  case DType::U32:
    return fillIntegers<uint32_t>(array, areSmall, generator);
  case DType::I64:
  case DType::U64:
    return fillIntegers<uint64_t>(array, areSmall, generator);
  }
}

llvm::Expected<std::vector<NpyArray>>
lowbit::makeRandomInputs(const Signature &model, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<NpyArray> arrays;
  for (auto [spec, areSmall] :
       llvm::zip_equal(model.inputs, model.takesSmallIntegers)) {
    for (auto [index, size] : llvm::enumerate(spec.shape))
      if (size < 0) {
        bool named =
            index < spec.symbols.size() && !spec.symbols[index].empty();
        return llvm::createStringError(
            "input '" + spec.name + "' has shape " + shapeString(spec.shape) +
            "; random data needs every size: give --shape " +
            (named ? spec.symbols[index]
                   : spec.name + "." + std::to_string(index)) +
            "=N");
      }
    auto array = NpyArray::create(spec.dtype, spec.shape);
    if (!array)
      return llvm::createStringError("input '" + spec.name + "' is " +
                                     specString(spec) + ": " +
                                     llvm::toString(array.takeError()));
    fill(*array, areSmall, generator);
    arrays.push_back(std::move(*array));
  }
  return arrays;
}
