//===- Passes.h - phase 3: ranges and formats -------------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_PASSES_H
#define LOWBIT_SELECT_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "lowbit/Select/Recipe.h"
#include "lowbit/Select/SelectionLog.h"
#include "lowbit/Table/CalibrationTable.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Select/Passes.h.inc"

/// Where the recipe of the selection comes from.
RecipeOptions recipeOptionsOf(const SelectRangesOptions &options);

/// With the table and the log that passes share; either may be null.
std::unique_ptr<mlir::Pass>
createSelectRangesPass(SelectRangesOptions options,
                       std::shared_ptr<CalibrationTable> table,
                       std::shared_ptr<SelectionLog> log);

#define GEN_PASS_REGISTRATION
#include "lowbit/Select/Passes.h.inc"
} // namespace lowbit

#endif // LOWBIT_SELECT_PASSES_H
