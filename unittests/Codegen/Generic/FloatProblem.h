//===- FloatProblem.h - a float reduction, and what it is -------*- C++ -*-===//
//
// A random reduction over an iteration space: loops, operands, a body and, in
// front of its first operand, an elementwise producer. What comes out: its text
// in linalg, and its result by rules F1 to F4 of docs/numerics-float.md, in
// plain loops that share nothing with the code generator.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_CODEGEN_GENERIC_FLOATPROBLEM_H
#define LOWBIT_UNITTESTS_CODEGEN_GENERIC_FLOATPROBLEM_H

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lowbit::test {

struct FloatTensor {
  std::vector<int64_t> sizes;
  std::vector<float> elements;
  int64_t count() const;
};

/// What the body does with the accumulator s and x (and y).
enum class Body {
  Add,             ///< s + x
  AddSecond,       ///< x + s
  Multiply,        ///< s * x
  Maximum,         ///< maximumf(s, x)
  Minimum,         ///< minimumf(x, s)
  MaxNum,          ///< maxnumf(s, x)
  MaxNumSecond,    ///< maxnumf(x, s)
  MinNum,          ///< minnumf(s, x)
  MinNumSecond,    ///< minnumf(x, s)
  AddSquare,       ///< s + x * x
  AddDifference,   ///< s + (x - y)
  MultiplyAdd,     ///< s + x * y
  MultiplyAddLast, ///< y * x + s
  Decay,           ///< s * 0.5 + x
  Last = Decay
};

/// How the tensor that the reduction reads first is made.
enum class Producer {
  None,
  Scale,     ///< t * 1.25
  Product,   ///< t * u
  Transpose, ///< t, its dimensions reversed
  Broadcast, ///< t along the last dimension
  Window,    ///< t[d0 + d1 + ...]
  Scalar,    ///< one element everywhere
  Splat,     ///< a constant
  Fill,      ///< linalg.fill
  Last = Fill
};

class FloatProblem {
public:
  explicit FloatProblem(std::mt19937 &random);

  /// What @main takes for this problem, in order.
  std::vector<FloatTensor> arguments;

  /// Which sizes the types say.
  enum class Shapes { Static, Dynamic, Mixed };
  struct Text {
    /// Types of `arguments`.
    std::vector<std::string> argumentTypes;
    /// Operations that read %arguments[i] and make %results.
    std::string operations;
    std::vector<std::string> results, resultTypes;
  };
  /// Names begin with `prefix`. With `keepProducer` its result is a result too,
  /// so that it cannot be fused away.
  Text text(const std::string &prefix, Shapes shapes, bool keepProducer,
            std::mt19937 &random) const;

  /// The results by the rules.
  std::vector<FloatTensor> evaluate(bool keepProducer) const;
  /// For messages.
  std::string describe() const;

private:
  /// One dimension of an operand: the sum of these loops (none: constant 0).
  using Dim = std::vector<unsigned>;
  struct Operand {
    std::vector<Dim> dims;
    FloatTensor shape;
  };

  std::vector<int64_t> extents;
  std::vector<bool> isReduction;
  std::vector<Operand> inputs;
  Operand output;
  Body body;
  Producer producer;
  bool fillsInit = false;

  Operand randomOperand(std::mt19937 &random, std::vector<unsigned> loops);
  void giveSizes(Operand &operand) const;
  int64_t offset(const Operand &operand, const std::vector<int64_t> &i) const;
  std::string map(const Operand &operand) const;
  FloatTensor produced() const;
  float combine(float s, float x, float y) const;
  bool hasTree() const;
  bool isFused() const;
};

} // namespace lowbit::test

#endif // LOWBIT_UNITTESTS_CODEGEN_GENERIC_FLOATPROBLEM_H
