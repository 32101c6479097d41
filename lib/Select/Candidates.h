//===- Candidates.h - what each method would choose -------------*- C++ -*-===//
//
// For the explanation: every single method's choice for a value, and what is
// remarkable about its statistics.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_CANDIDATES_H
#define LOWBIT_LIB_SELECT_CANDIDATES_H

#include "lowbit/Select/SelectionLog.h"
#include "lowbit/Select/Settings.h"

namespace lowbit {

llvm::json::Array activationCandidates(const ValueStatistics &statistics,
                                       const Settings &settings);
llvm::json::Array weightCandidates(llvm::ArrayRef<float> values,
                                   llvm::ArrayRef<int64_t> shape,
                                   GranularityAttr granularity,
                                   const Settings &settings);

/// Too few samples, a dead value or channels, a heavy tail.
void warnOf(llvm::StringRef id, const ValueStatistics &statistics,
            SelectionLog &log);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_CANDIDATES_H
