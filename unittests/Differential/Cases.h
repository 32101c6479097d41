//===- Cases.h - random modules and their inputs ---------------*- C++ -*-===//
//
// A case is a module in text and one array for each argument of @main. To add a
// family: a function that makes cases, named in Main.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_DIFFERENTIAL_CASES_H
#define LOWBIT_UNITTESTS_DIFFERENTIAL_CASES_H

#include "Random.h"

#include "lowbit/Data/NpyArray.h"

#include <string>
#include <vector>

namespace lowbit::differential {

/// What is run first; both sides get what it gives.
enum class Preparation {
  None,
  Quantize, ///< phases 1 to 6, with run-time ranges
  Lower,    ///< phases 5 and 6 of a program that has QDQ
};

struct Case {
  std::string module;
  std::vector<NpyArray> inputs;
  Preparation preparation = Preparation::None;
  /// The interpreter must give the same before it: all float arithmetic of the
  /// program is exact.
  bool preparesExactly = false;
  /// The interpreter must give the same after `canonicalize`, and compiled code
  /// after all folds.
  bool folds = false;
  /// And after phase 5: not where a scale of the run is 0 or NaN, for padding
  /// with the zero point is then no padding with 0.
  bool foldsExactly = true;
};

/// Each with about `outputs` output elements.
Case makeQuantizeCase(Random &random, int64_t outputs);
Case makeGradientCase(Random &random, int64_t outputs);
Case makeRequantizeCase(Random &random, int64_t outputs);
Case makeFoldCase(Random &random, int64_t outputs);
Case makeContractCase(Random &random, int64_t outputs);
Case makeOperandsCase(Random &random, int64_t outputs);
Case makeLoweredCase(Random &random, int64_t outputs);
Case makeFloatCase(Random &random, int64_t outputs);
Case makeModelCase(Random &random, int64_t outputs);

//===----------------------------------------------------------------------===//
// Pieces of text
//===----------------------------------------------------------------------===//

using Shape = llvm::SmallVector<int64_t>;

/// `2x?x3x`, -1 being dynamic.
std::string dims(llvm::ArrayRef<int64_t> shape);
inline std::string tensor(llvm::ArrayRef<int64_t> shape,
                          const std::string &element) {
  return "tensor<" + dims(shape) + element + ">";
}
/// The same shape with some dimensions dynamic.
Shape makeDynamic(Random &random, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<bool> mayBe);
int64_t product(llvm::ArrayRef<int64_t> shape);
/// A shape of `rank` dimensions whose product is about `elements`.
Shape makeShape(Random &random, int64_t rank, int64_t elements);

/// `0x3F800000`: exact, NaN and infinities too.
std::string literal(float value);
/// `dense<[...]> : tensor<...>`, row-major values.
std::string dense(llvm::ArrayRef<std::string> values,
                  llvm::ArrayRef<int64_t> shape, const std::string &element);
/// The bytes of an array, as a constant in hexadecimal has them.
std::string hexOf(const NpyArray &array);
/// `affine_map<(d0, ...) -> (...)>`
std::string map(int64_t loops, llvm::ArrayRef<std::string> results);

NpyArray makeFloats(Random &random, llvm::ArrayRef<int64_t> shape,
                    float scale); ///< hard
NpyArray makeSoftFloats(Random &random, llvm::ArrayRef<int64_t> shape);
NpyArray makeBytes(Random &random, llvm::ArrayRef<int64_t> shape, int64_t min,
                   int64_t max);
NpyArray makeIntegers(Random &random, llvm::ArrayRef<int64_t> shape); ///< hard
NpyArray makeArray(DType dtype, llvm::ArrayRef<int64_t> shape);

} // namespace lowbit::differential

#endif // LOWBIT_UNITTESTS_DIFFERENTIAL_CASES_H
