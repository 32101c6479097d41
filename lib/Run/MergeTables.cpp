//===- MergeTables.cpp - one calibration table from several ---------------===//
//
// In: tables of one model, each of other samples. Out: the table of all
// samples, the same bytes for any order and grouping; what an import left out
// is a remark. Refused: a table given twice, the output among the inputs, and
// what CalibrationTable::merge refuses.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Commands.h"
#include "lowbit/Table/CalibrationTable.h"

#include "llvm/Support/FileSystem.h"

namespace lowbit {
llvm::Error mergeTables(llvm::ArrayRef<std::string> paths,
                        llvm::StringRef outputPath) {
  // Samples that are counted twice could not be told from others later.
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < i; ++j)
      if (llvm::sys::fs::equivalent(paths[i], paths[j]))
        return llvm::createStringError(
            "'" + paths[i] + "' is the same table as '" + paths[j] +
            "'; give each table once, or its samples count twice");
    if (llvm::sys::fs::equivalent(paths[i], outputPath))
      return llvm::createStringError(
          "'" + paths[i] + "' is both read and written; give -o another name");
  }
  std::optional<CalibrationTable> all;
  for (const std::string &path : paths) {
    llvm::Expected<CalibrationTable> table = CalibrationTable::read(path);
    if (!table)
      return table.takeError();
    for (const std::string &note : table->notes)
      llvm::errs() << path << ": remark: " << note << "\n";
    if (!all)
      all = std::move(*table);
    else if (llvm::Error error = all->merge(*table, paths.front(), path))
      return error;
  }
  if (llvm::Error error = all->write(outputPath))
    return error;
  auto counted = [](size_t count, llvm::StringRef noun) {
    return (llvm::Twine(count) + " " + noun + (count == 1 ? "" : "s")).str();
  };
  llvm::outs() << counted(paths.size(), "table") << ", "
               << counted(all->values.size() + all->ranges.size(), "value")
               << ", " << counted(all->samples, "sample");
  if (all->interruptedOf)
    llvm::outs() << " of " << *all->interruptedOf << " (a run was interrupted)";
  llvm::outs() << "\n";
  return llvm::Error::success();
}
} // namespace lowbit
