//===- Loops.h - loops of random contractions ------------------*- C++ -*-===//
//
// Matrix products of any operand order, batched ones, and convolutions.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_DIFFERENTIAL_LOOPS_H
#define LOWBIT_UNITTESTS_DIFFERENTIAL_LOOPS_H

#include "Cases.h"

namespace lowbit::differential {

/// The loops of a contraction and how its operands are indexed.
struct Loops {
  std::vector<std::string> iterators;
  Shape sizes;
  llvm::SmallVector<std::string> a, b, c;
  Shape aShape, bShape, cShape;

  /// The name of a new loop.
  std::string add(int64_t size, bool isParallel);
  /// With the maps of extra operands, each with a comma.
  std::string maps(const std::string &between = "") const;
  std::string types() const;
  bool isParallel(int64_t loop) const {
    return iterators[loop] == "\"parallel\"";
  }
  /// How many products a sum has.
  int64_t depth() const;
};

Loops makeMatmul(Random &random, int64_t outputs, int64_t maxDepth);
Loops makeConvolution(Random &random, int64_t outputs);

} // namespace lowbit::differential

#endif // LOWBIT_UNITTESTS_DIFFERENTIAL_LOOPS_H
