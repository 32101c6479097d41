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
#include "llvm/Support/MemoryBuffer.h"
#include <string>

namespace lowbit {
/// The file, or standard input for `-`, at an address that bytecode can be read
/// from: it wants the alignment of the resources in it, and small files, which
/// are not mapped, and pipes lie anywhere.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
openModule(llvm::StringRef path);

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
