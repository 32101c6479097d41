//===- VerifyContractions.h - compiled against plain arithmetic -*- C++ -*-===//
//
// Recomputes every integer contraction of a run with the reference loops of
// lib/Numerics, from the operands that the compiled code really used.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_VERIFYCONTRACTIONS_H
#define LOWBIT_RUN_VERIFYCONTRACTIONS_H

#include "lowbit/Run/Callbacks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"
#include <vector>

namespace lowbit {
class ContractionVerifier {
public:
  /// Reads the contractions of the function that is compiled with
  /// taps = "contractions".
  explicit ContractionVerifier(mlir::func::FuncOp entry);

  /// Takes the taps of a run; a difference is counted, not an error.
  llvm::Error add(const TappedValue &value);

  int64_t contractions() const { return int64_t(sites.size()); }
  int64_t checkedElements() const { return elements; }
  int64_t differingElements() const { return differing; }
  /// The ids of contractions whose results differed.
  const std::vector<std::string> &differingIds() const { return badIds; }

private:
  struct Site {
    std::string id;
    llvm::SmallVector<mlir::AffineMap> maps;
    std::vector<int8_t> lhs, rhs;
    llvm::SmallVector<int64_t> lhsShape, rhsShape;
  };
  llvm::Error check(const Site &site, const TappedValue &result);

  std::vector<Site> sites;
  int64_t elements = 0, differing = 0;
  std::vector<std::string> badIds;
};
} // namespace lowbit

#endif // LOWBIT_RUN_VERIFYCONTRACTIONS_H
