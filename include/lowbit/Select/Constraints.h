//===- Constraints.h - values that share their parameters -------*- C++ -*-===//
//
// Rule N23 of docs/numerics.md: what is moved, repeated or selected keeps its
// integers, so operands and result have one set of parameters. Observed values
// that such operations connect are a group and get one choice, made from their
// merged statistics.
//
// Where that costs a member more than kMostSharingLossDb against its own
// choice, the group is cut where a rescale has the fewest elements to do.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_CONSTRAINTS_H
#define LOWBIT_SELECT_CONSTRAINTS_H

#include "lowbit/Select/Settings.h"

namespace lowbit {

/// The most that a shared choice may cost a value, in dB of SQNR.
inline constexpr double kMostSharingLossDb = 1.0;

/// A place where integers get other parameters: before `op`, on `operand`.
struct Rescale {
  mlir::Operation *op = nullptr;
  unsigned operand = 0;
  /// Dynamic sizes count as 1.
  int64_t elements = 0;
};

struct SharedGroup {
  /// Indices into the values, ascending; two at least.
  llvm::SmallVector<size_t> members;
  /// The method, the integers, and which member gave them: the last one.
  MethodSpec method;
  Target target;
  RangeChoice choice;
  /// Of each member, what sharing costs it, in dB.
  llvm::SmallVector<double> lossDb;
};

struct Sharing {
  std::vector<SharedGroup> groups;
  /// Where groups were cut, with the values on the two sides.
  struct Cut {
    llvm::SmallVector<size_t> side, otherSide;
    std::vector<Rescale> rescales;
    std::string reason;
  };
  std::vector<Cut> cuts;
};

/// What the solver needs to know of a value.
struct SharingCandidate {
  /// Null for a value that takes no part.
  const ValueStatistics *statistics = nullptr;
  /// The single method that its choice is made with.
  MethodSpec method;
  /// Its choice by itself.
  RangeChoice own;
};

/// One candidate for each value.
Sharing solveSharing(mlir::ModuleOp module,
                     llvm::ArrayRef<ObservedValue> values,
                     llvm::ArrayRef<SharingCandidate> candidates);

} // namespace lowbit

#endif // LOWBIT_SELECT_CONSTRAINTS_H
