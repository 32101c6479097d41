//===- Passes.h - methods by the error at the output ------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SEARCH_PASSES_H
#define LOWBIT_SEARCH_PASSES_H

#include "lowbit/Select/Passes.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Search/Passes.h.inc"

/// `select` is how the selection will run that comes after it.
std::unique_ptr<mlir::Pass>
createSearchRangesPass(SearchRangesOptions options, SelectRangesOptions select,
                       std::shared_ptr<CalibrationTable> table,
                       std::shared_ptr<SelectionLog> log);

#define GEN_PASS_REGISTRATION
#include "lowbit/Search/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_SEARCH_PASSES_H
