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

struct Case {
  std::string module;
  std::vector<NpyArray> inputs;
  /// Phases 1 to 6 are run first, with run-time ranges; both sides get what
  /// they give.
  bool quantize = false;
};

/// Each with about `outputs` output elements.
Case makeQuantizeCase(Random &random, int64_t outputs);
Case makeRequantizeCase(Random &random, int64_t outputs);
Case makeContractCase(Random &random, int64_t outputs);
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
