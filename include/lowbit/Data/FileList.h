//===- FileList.h - The files of a data set ----------------------*- C++
//-*-===//
//
// In: a file, a folder of .npz and .npy files, or a .txt that lists some. Out:
// their paths in order. A data set may have very many files, so that a path
// takes little more than its letters.
//
// Refused: a folder or list without files, and what cannot be read.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DATA_FILELIST_H
#define LOWBIT_DATA_FILELIST_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <deque>
#include <string>

namespace lowbit {

class FileList {
public:
  static llvm::Expected<FileList> open(llvm::StringRef path);

  size_t size() const { return entries.size(); }
  std::string path(size_t index) const;
  /// Where the list names the file: `'list.txt' line 3: `; empty elsewhere.
  std::string place(size_t index) const;

private:
  struct Entry {
    uint64_t begin;
    uint32_t size;
    /// In a list, counted from 1.
    uint32_t line;
  };

  llvm::StringRef name(const Entry &entry) const {
    return llvm::StringRef(names).substr(entry.begin, entry.size);
  }
  void add(llvm::StringRef name, uint32_t line = 0);
  llvm::Error addFolder();
  llvm::Error addList();

  /// What was opened, and the folder that names are relative to.
  std::string root, folder;
  std::string names;
  std::deque<Entry> entries;
};

/// Whether a path ends in `.npz`, say, in whatever case.
bool hasExtension(llvm::StringRef path, llvm::StringRef extension);
bool isDataFile(llvm::StringRef path);

} // namespace lowbit

#endif // LOWBIT_DATA_FILELIST_H
