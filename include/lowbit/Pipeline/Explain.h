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

/// What the passes share; it lives as long as one of them.
struct Account;
std::shared_ptr<Account> createAccount(std::shared_ptr<SelectionLog> log);

/// After phase 1: the operations of the model.
std::unique_ptr<mlir::Pass>
createRecordOperationsPass(std::shared_ptr<Account> account);
/// After phase 3: the observed values and their parameters, with what the log
/// says of them.
std::unique_ptr<mlir::Pass>
createRecordValuesPass(std::shared_ptr<Account> account);
/// At the end: looks up what became of them and writes `path`.
std::unique_ptr<mlir::Pass>
createWriteAccountPass(std::shared_ptr<Account> account, llvm::StringRef path);

} // namespace lowbit

#endif // LOWBIT_PIPELINE_EXPLAIN_H
