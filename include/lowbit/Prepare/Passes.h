//===- Passes.h - phase 3: moving difficulty elsewhere ----------*- C++ -*-===//
//
// Declares the passes of Passes.td, and with what they hand to each other.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PREPARE_PASSES_H
#define LOWBIT_PREPARE_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Prepare/Preparations.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Prepare/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Prepare/Passes.h.inc"

/// The passes with what they share.
std::unique_ptr<mlir::Pass>
createEqualizeLayersPass(const EqualizeLayersOptions &options,
                         std::shared_ptr<PreparationState> state);
std::unique_ptr<mlir::Pass>
createSmoothActivationsPass(const SmoothActivationsOptions &options,
                            std::shared_ptr<PreparationState> state);
std::unique_ptr<mlir::Pass>
createCorrectBiasesPass(const CorrectBiasesOptions &options,
                        std::shared_ptr<PreparationState> state);

/// The preparations that come before ranges are selected, in order, each with a
/// calibration after it where it changed something.
void appendPreparations(mlir::OpPassManager &pm, const PreparationPlan &plan,
                        llvm::StringRef strength,
                        std::shared_ptr<PreparationState> state);

} // namespace lowbit

#endif // LOWBIT_PREPARE_PASSES_H
