//===- Formats.h - random formats with their parameters --------*- C++ -*-===//
//
// A function that grows, a format as text, and the parameters of operations
// that have it: attributes, constants or arguments.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_DIFFERENTIAL_FORMATS_H
#define LOWBIT_UNITTESTS_DIFFERENTIAL_FORMATS_H

#include "Cases.h"

#include <optional>

namespace lowbit::differential {

/// @main, one operation after the other.
class FunctionText {
public:
  std::string addArgument(const std::string &type, NpyArray array);
  /// The name of the value that `operation` makes; of several, before the #.
  std::string add(const std::string &operation, int64_t results = 1);
  std::string addConstant(const std::string &elements) {
    return add("arith.constant " + elements);
  }
  void addResult(const std::string &value, const std::string &type);
  bool hasResult() const { return !values.empty(); }
  Case finish();

private:
  std::vector<NpyArray> inputs;
  std::string arguments, body, values, types;
  int64_t count = 0;
};

struct Format {
  /// Without the closing bracket: granularity and packing come after it.
  std::string head;
  bool isAffine = false, isFloat = false, isSigned = true;
  int64_t min = 0, max = 0;
  unsigned width = 8;
  bool canWrap = false;
};

/// Affine of 2 to `maxWidth` bits.
Format makeAffine(Random &random, unsigned minWidth, unsigned maxWidth);
/// Affine, small float or codebook; what can be packed is below 8 bits.
Format makeFormat(Random &random, bool packed);

/// One of scale, zero_point and tensor_scale.
struct Parameter {
  std::string name, type;
  std::string elements; ///< `dense<...> : tensor<...>`, empty if of the run
  std::string value;    ///< the operand, empty for an attribute
};

/// A format with parameters over a value of one shape.
struct Quantization {
  Format format;
  std::string element;    ///< `!lowbit.affine<i8, axis = 1>`
  std::string arithmetic; ///< rounding and saturation
  std::vector<Parameter> parameters;
  Shape shape;                      ///< of the value
  llvm::SmallVector<bool> isSpread; ///< dimensions that parameters run along
  std::optional<int64_t> pack;
  Shape parameterShape;
  float typical = 1.0f;     ///< one of the scales
  bool hasOddScale = false; ///< 0, NaN, infinite or negative, at run time

  /// Whether elements may move without regard to their place.
  bool isPerTensor() const { return parameterShape.empty(); }
  /// The integers that store it, and the type of them for values of `type`.
  std::string storageElement() const;
  std::string storage(llvm::ArrayRef<int64_t> type) const;
  /// Whether an array can hold the integers.
  bool isStoredInBytes() const { return pack || format.width % 8 == 0; }
  std::string operands() const;
  std::string attributes() const;
  std::string quantize(const std::string &value,
                       llvm::ArrayRef<int64_t> type) const;
  std::string dequantize(const std::string &value,
                         llvm::ArrayRef<int64_t> type) const;
  std::string fakeQuant(const std::string &value,
                        llvm::ArrayRef<int64_t> type) const;
};

struct QuantizationOptions {
  bool mayPack = true, mayHaveOddScale = true, onlyAffine = false,
       onlyPerTensor = false;
  /// As weights are: affine bytes whose parameters are known.
  bool isWeight = false;
};

/// Parameters that are not known are arguments of `function`.
Quantization makeQuantization(Random &random, FunctionText &function,
                              llvm::ArrayRef<int64_t> shape,
                              QuantizationOptions options = {});

/// Random codes of the format, as the bytes or 16-bit integers of an array.
NpyArray makeCodes(Random &random, const Format &format,
                   llvm::ArrayRef<int64_t> shape);

/// `, rounding = ...` or nothing.
std::string makeRounding(Random &random);
/// ` {a, b}` of those that are not empty.
std::string braces(llvm::ArrayRef<std::string> attributes);

} // namespace lowbit::differential

#endif // LOWBIT_UNITTESTS_DIFFERENTIAL_FORMATS_H
