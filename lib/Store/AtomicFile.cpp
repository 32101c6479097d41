//===- AtomicFile.cpp - Whole files or none -------------------------------===//
//
// In: a path and a function that writes the bytes. Out: the complete file, by
// way of a temporary one in the same folder. Refused: what the system refuses.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/AtomicFile.h"
#include "llvm/Support/FileSystem.h"

using namespace lowbit;

static llvm::Error cannotWrite(llvm::StringRef path, const llvm::Twine &why) {
  return llvm::createStringError("cannot write '" + path + "': " + why);
}

llvm::Error lowbit::writeFileAtomically(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write) {
  // Renaming would put a file in the place of a folder or a device.
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path))
    return cannotWrite(path, "it exists and is not a regular file; give "
                             "another name");
  llvm::Expected<llvm::sys::fs::TempFile> temp =
      llvm::sys::fs::TempFile::create(path + ".tmp-%%%%%%%%");
  if (!temp)
    return cannotWrite(path, llvm::toString(temp.takeError()) +
                                 "; check that its folder exists and can be "
                                 "written");

  llvm::Error result = llvm::Error::success();
  {
    llvm::raw_fd_ostream os(temp->FD, /*shouldClose=*/false);
    result = write(os);
    os.flush();
    if (std::error_code ec = os.error()) {
      os.clear_error(); // else the stream's destructor ends the program
      if (!result)
        result = cannotWrite(path, ec.message());
    }
  }
  if (!result) {
    // Keeping closes and renames; a failed rename leaves the temporary file.
    std::string tempName = temp->TmpName;
    llvm::Error kept = temp->keep(path);
    if (!kept)
      return llvm::Error::success();
    llvm::sys::fs::remove(tempName);
    return cannotWrite(path, llvm::toString(std::move(kept)));
  }
  llvm::consumeError(temp->discard());
  return result;
}
