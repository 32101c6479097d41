//===- ReadGuard.h - files that end MLIR's readers --------------*- C++ -*-===//
//
// MLIR's bytecode reader takes counts from the file as they are, so a corrupt
// one can ask for more memory than there is, or than a SmallVector can have;
// LLVM then ends the process with a stack dump. Under this guard that is one
// error and exit status 1. It is not for what comes after reading: there, such
// an end is a defect, and its stack is needed.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_READGUARD_H
#define LOWBIT_IMPORT_READGUARD_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace lowbit {
/// At most one is active in a process.
class ReadGuard {
public:
  explicit ReadGuard(llvm::StringRef file);
  ReadGuard(const ReadGuard &) = delete;
  ReadGuard &operator=(const ReadGuard &) = delete;
  ~ReadGuard() { release(); }

  /// Reading is over.
  void release();

private:
  std::string file;
  bool isActive = true;
};
} // namespace lowbit

#endif // LOWBIT_IMPORT_READGUARD_H
