//===- Offenders.h - all that breaks a contract, in one error ---*- C++ -*-===//
//
// What the verifier of a phase collects and reports.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_OFFENDERS_H
#define LOWBIT_IMPORT_OFFENDERS_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace lowbit {

class Offenders {
public:
  /// `problem` names the offender and what to do; an empty one is none.
  void add(mlir::Location loc, std::string problem);

  /// One error on `module` with a note for each of the first offenders; success
  /// when there are none.
  llvm::LogicalResult report(mlir::ModuleOp module,
                             llvm::StringRef contract) const;

private:
  llvm::SmallVector<std::pair<mlir::Location, std::string>> problems;
};

} // namespace lowbit

#endif // LOWBIT_IMPORT_OFFENDERS_H
