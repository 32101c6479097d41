//===- TemporaryFile.h - a file for a moment --------------------*- C++ -*-===//
//
// In: how its name ends. Out: a new file in the system's temporary folder, or
// why there is none.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PROCESS_TEMPORARYFILE_H
#define LOWBIT_PROCESS_TEMPORARYFILE_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"

namespace lowbit {

/// A temporary file that goes when this object does, or when the program is
/// interrupted.
class TemporaryFile {
public:
  explicit TemporaryFile(llvm::StringRef suffix) {
    code = llvm::sys::fs::createTemporaryFile("lowbit", suffix, path);
    if (!code)
      llvm::sys::RemoveFileOnSignal(path);
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;
  ~TemporaryFile() {
    if (code)
      return;
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }

  std::error_code code;
  llvm::SmallString<128> path;
};

} // namespace lowbit

#endif // LOWBIT_PROCESS_TEMPORARYFILE_H
