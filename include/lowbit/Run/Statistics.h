//===- Statistics.h - what observers saw ------------------------*- C++ -*-===//
//
// Count, smallest and largest value of each tapped tensor, over any number of
// runs, in constant memory and independent of their order.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_STATISTICS_H
#define LOWBIT_RUN_STATISTICS_H

#include "lowbit/Run/Callbacks.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace lowbit {
class Statistics {
public:
  /// Adds a tensor. NaN or infinity in it is an error that names the value and
  /// the element.
  llvm::Error add(const TappedValue &value);

  /// {"samples": N, "observers": [{"id", "count", "min", "max"}, ...]}, sorted
  /// by id. Floats are written so that they read back as the same number.
  llvm::json::Value toJSON(int64_t samples) const;

private:
  struct Entry {
    int64_t count = 0;
    float min = 0, max = 0;
  };
  std::map<std::string, Entry> entries;
};
} // namespace lowbit

#endif // LOWBIT_RUN_STATISTICS_H
