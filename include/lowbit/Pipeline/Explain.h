//===- Explain.h - the account of every operation ---------------*- C++ -*-===//
//
// Passes that write down what a model had and what became of it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PIPELINE_EXPLAIN_H
#define LOWBIT_PIPELINE_EXPLAIN_H

#include "lowbit/Select/SelectionLog.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {

struct AccountSettings {
  /// Where the explanation goes; empty for none.
  std::string path;
  /// The mode, as the user would type it.
  std::string mode;
  /// Whether phase 6 is among the phases that run.
  bool isLowered = true;
};

/// What the passes share; it lives as long as one of them.
struct Account;
std::shared_ptr<Account> createAccount(AccountSettings settings,
                                       std::shared_ptr<SelectionLog> log);

/// At the end of phase 1: the operations of the model.
std::unique_ptr<mlir::Pass>
createRecordOperationsPass(std::shared_ptr<Account> account);
/// After phase 3: the observed values and their parameters, with what the log
/// says of them.
std::unique_ptr<mlir::Pass>
createRecordValuesPass(std::shared_ptr<Account> account);
/// After phase 6: what became of the operations, as pass statistics, as remarks
/// of MLIR's remark engine (category `lowbit`) and as the explanation.
std::unique_ptr<mlir::Pass>
createAccountOperationsPass(std::shared_ptr<Account> account);

} // namespace lowbit

#endif // LOWBIT_PIPELINE_EXPLAIN_H
