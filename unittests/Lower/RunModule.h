//===- RunModule.h - compiles and runs a module in the test -----*- C++ -*-===//
//
// In: the text of a module with one function, and its arguments. Out: its
// results, computed by the whole of code generation. Text is built from
// numbers with the helpers below.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_LOWER_RUNMODULE_H
#define LOWBIT_UNITTESTS_LOWER_RUNMODULE_H

#include "lowbit/Data/NpyArray.h"
#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"

#include "gtest/gtest.h"

#include <random>
#include <string>

namespace lowbit::test {

using Shape = std::vector<int64_t>;

/// A context with every dialect that code generation needs.
mlir::MLIRContext &context();

NpyArray arrayOf(const Shape &shape, const std::vector<float> &values);
NpyArray arrayOf(const Shape &shape, const std::vector<int32_t> &values);
NpyArray arrayOf(const Shape &shape, const std::vector<int8_t> &values);
NpyArray arrayOf(const Shape &shape, const std::vector<int16_t> &values);

/// Throws when the module does not compile or run.
std::vector<NpyArray> runModule(const std::string &text,
                                const std::vector<NpyArray> &inputs);

/// tensor<2x3xf32>; with `isDynamic`, tensor<?x?xf32>.
std::string tensorType(const Shape &shape, const std::string &element,
                       bool isDynamic = false);
/// dense<"0x..."> : tensor<...>
template <typename T>
std::string denseText(const Shape &shape, const std::string &element,
                      const std::vector<T> &values) {
  static const char digits[] = "0123456789ABCDEF";
  std::string text = "dense<\"0x";
  const auto *bytes = reinterpret_cast<const unsigned char *>(values.data());
  for (size_t i = 0; i < values.size() * sizeof(T); ++i)
    text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  if (values.empty())
    text = "dense<";
  else
    text += "\"";
  return text + "> : " + tensorType(shape, element);
}

/// The elements of an integer array.
std::vector<int32_t> integersOf(const NpyArray &array);

/// Equal bits, or both NaN, whose payload is the processor's.
::testing::AssertionResult haveSameBits(llvm::ArrayRef<float> got,
                                        const std::vector<float> &wanted);

/// Numbers that break arithmetic, ties of `scale` and random ones.
float interestingFloat(std::mt19937 &random, float scale);

int64_t countOf(const Shape &shape);

} // namespace lowbit::test

#endif // LOWBIT_UNITTESTS_LOWER_RUNMODULE_H
