//===- ReadGuard.cpp - files that end MLIR's readers ----------------------===//
//
// In: the name of the file that is being read. Out: on LLVM's fatal errors, one
// error, no temporary files, and exit status 1.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/ReadGuard.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <cstdio>
#include <cstdlib>

/// Memory may be out, so nothing here asks for any.
static void reportAndExit(void *file, const char *reason, bool) {
  std::fprintf(stderr,
               "error: cannot read '%s': %s; is it corrupt? Write it again\n",
               static_cast<const std::string *>(file)->c_str(), reason);
  llvm::sys::RunInterruptHandlers(); // Removes temporary files.
  std::_Exit(1);
}

lowbit::ReadGuard::ReadGuard(llvm::StringRef file) : file(file.str()) {
  llvm::install_fatal_error_handler(reportAndExit, &this->file);
  llvm::install_bad_alloc_error_handler(reportAndExit, &this->file);
}

void lowbit::ReadGuard::release() {
  if (!isActive)
    return;
  isActive = false;
  llvm::remove_fatal_error_handler();
  llvm::remove_bad_alloc_error_handler();
}

llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>
lowbit::openModule(llvm::StringRef path) {
  constexpr llvm::Align alignment = llvm::Align::Constant<4096>();
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/true, alignment);
  if (!buffer || llvm::isAddrAligned(alignment, (*buffer)->getBufferStart()))
    return buffer;
  // What comes from a pipe has no say in where it lies.
  auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      (*buffer)->getBufferSize(), (*buffer)->getBufferIdentifier(), alignment);
  if (!copy)
    return std::make_error_code(std::errc::not_enough_memory);
  llvm::copy((*buffer)->getBuffer(), copy->getBufferStart());
  return std::unique_ptr<llvm::MemoryBuffer>(std::move(copy));
}
