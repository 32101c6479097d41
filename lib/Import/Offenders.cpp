//===- Offenders.cpp - all that breaks a contract, in one error -----------===//
//
// The error counts them all; notes show the first.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Offenders.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;

/// A broken module can have thousands.
static constexpr size_t kMaxNotes = 20;

void lowbit::Offenders::add(Location loc, std::string problem) {
  if (!problem.empty())
    problems.emplace_back(loc, std::move(problem));
}

LogicalResult lowbit::Offenders::report(ModuleOp module,
                                        StringRef contract) const {
  if (problems.empty())
    return success();
  InFlightDiagnostic error = module.emitError()
                             << "the module does not keep the " << contract
                             << " contract: " << problems.size() << " offender"
                             << (problems.size() == 1 ? "" : "s");
  for (auto &[loc, text] : ArrayRef(problems).take_front(kMaxNotes))
    error.attachNote(loc) << text;
  if (problems.size() > kMaxNotes)
    error.attachNote() << "and " << problems.size() - kMaxNotes << " more";
  return error;
}
