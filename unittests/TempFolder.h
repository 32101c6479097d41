//===- TempFolder.h - A folder for one test ----------------------*- C++
//-*-===//
//
// In: nothing. Out: an empty folder with helpers to read, write and list its
// files; it goes with the object.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_UNITTESTS_TEMPFOLDER_H
#define LOWBIT_UNITTESTS_TEMPFOLDER_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace lowbit::testing {

class TempFolder {
public:
  TempFolder() {
    (void)llvm::sys::fs::createUniqueDirectory("lowbit-test", folder);
  }
  ~TempFolder() { (void)llvm::sys::fs::remove_directories(folder); }
  TempFolder(const TempFolder &) = delete;
  TempFolder &operator=(const TempFolder &) = delete;

  std::string path(const std::string &name) const {
    return std::string(folder) + "/" + name;
  }
  /// Writes a file, with the folders above it, and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const {
    std::string file = path(name);
    (void)llvm::sys::fs::create_directories(llvm::sys::path::parent_path(file));
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  std::string read(const std::string &name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }
  /// The names of the files, sorted.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    std::error_code ec;
    for (llvm::sys::fs::directory_iterator it(folder, ec), end;
         !ec && it != end; it.increment(ec))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    llvm::sort(names);
    return names;
  }

private:
  llvm::SmallString<128> folder;
};

} // namespace lowbit::testing

#endif // LOWBIT_UNITTESTS_TEMPFOLDER_H
