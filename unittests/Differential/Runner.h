//===- Runner.h - one random module, all ways ------------------*- C++ -*-===//
#ifndef LOWBIT_UNITTESTS_DIFFERENTIAL_RUNNER_H
#define LOWBIT_UNITTESTS_DIFFERENTIAL_RUNNER_H

#include "Cases.h"

namespace lowbit::differential {

struct Family {
  const char *name;
  Case (*make)(Random &, int64_t);
  /// Outputs of a case: small ones meet more shapes, large ones cost less.
  int64_t small, large;
  /// Of a hundred outputs, how many come from this family.
  int64_t share;
};

struct Counts {
  /// Elements compared with the interpreter's of the module as it is.
  uint64_t outputs = 0;
  uint64_t cases = 0, differing = 0;
  /// Modules for which folding or lowering is asked, and of those the ones that
  /// it changed.
  uint64_t canBeRewritten = 0, rewritten = 0;

  void add(const Counts &other) {
    outputs += other.outputs;
    cases += other.cases;
    differing += other.differing;
    canBeRewritten += other.canBeRewritten;
    rewritten += other.rewritten;
  }
};

class Runner {
public:
  Runner();
  /// Runs the case of one seed; a difference is reported on standard error.
  Counts run(const Family &family, uint64_t seed, bool isSmall);

private:
  std::vector<std::string> isas;
};

} // namespace lowbit::differential

#endif // LOWBIT_UNITTESTS_DIFFERENTIAL_RUNNER_H
