//===- FileList.cpp - The files of a data set -----------------------------===//
//
// In: a path. Out: the files behind it; those of a folder are sorted by name.
// Refused: see FileList.h.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Data/FileList.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace lowbit;
namespace fs = llvm::sys::fs;

bool lowbit::hasExtension(llvm::StringRef path, llvm::StringRef extension) {
  return llvm::sys::path::extension(path).equals_insensitive(extension);
}
bool lowbit::isDataFile(llvm::StringRef path) {
  return hasExtension(path, ".npz") || hasExtension(path, ".npy");
}

void FileList::add(llvm::StringRef name, uint32_t line) {
  entries.push_back({names.size(), uint32_t(name.size()), line});
  names += name;
}

std::string FileList::path(size_t index) const {
  llvm::StringRef file = name(entries[index]);
  if (folder.empty() || llvm::sys::path::is_absolute(file))
    return file.str();
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

std::string FileList::place(size_t index) const {
  uint32_t line = entries[index].line;
  return line ? "'" + root + "' line " + std::to_string(line) + ": " : "";
}

llvm::Error FileList::addFolder() {
  std::error_code ec;
  for (fs::directory_iterator it(root, ec), end; !ec && it != end;
       it.increment(ec))
    if (isDataFile(it->path()))
      add(llvm::sys::path::filename(it->path()));
  if (ec)
    return llvm::createStringError("cannot read folder '" + root +
                                   "': " + ec.message());
  if (entries.empty())
    return llvm::createStringError("folder '" + root +
                                   "' holds no .npz or .npy file; put at least "
                                   "one there");
  folder = root;
  llvm::sort(entries,
             [&](const Entry &a, const Entry &b) { return name(a) < name(b); });
  return llvm::Error::success();
}

llvm::Error FileList::addList() {
  auto buffer = llvm::MemoryBuffer::getFile(root, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError("cannot open '" + root +
                                   "': " + buffer.getError().message());
  for (llvm::line_iterator line(**buffer, /*SkipBlanks=*/true);
       !line.is_at_eof(); ++line) {
    llvm::StringRef text = line->trim();
    if (!text.empty() && !text.starts_with("#"))
      add(text, line.line_number());
  }
  if (entries.empty())
    return llvm::createStringError("'" + root +
                                   "' lists no file; write one path of an .npz "
                                   "or .npy file a line");
  folder = llvm::sys::path::parent_path(root);
  return llvm::Error::success();
}

llvm::Expected<FileList> FileList::open(llvm::StringRef path) {
  FileList files;
  files.root = path.str();
  fs::file_status status;
  if (std::error_code ec = fs::status(path, status))
    return llvm::createStringError(
        "cannot open '" + path + "': " + ec.message() +
        "; give an .npz or .npy file, a folder of them or a .txt list");
  if (fs::is_directory(status)) {
    if (llvm::Error e = files.addFolder())
      return std::move(e);
  } else if (hasExtension(path, ".txt")) {
    if (llvm::Error e = files.addList())
      return std::move(e);
  } else {
    files.add(path);
  }
  return files;
}
