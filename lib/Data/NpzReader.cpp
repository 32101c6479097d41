//===- NpzReader.cpp - Reading an .npz archive ----------------------------===//
//
// In: a path. Out: its arrays, one at a time, through libzip. Refused: what is
// no whole zip archive of .npy entries.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Npz.h"
#include "lowbit/Store/NearestName.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include <zip.h>

using namespace lowbit;

NpzFile::~NpzFile() {
  if (archive)
    zip_discard(archive);
}

llvm::Expected<std::unique_ptr<NpzFile>> NpzFile::open(llvm::StringRef path) {
  namespace fs = llvm::sys::fs;
  std::unique_ptr<NpzFile> file(new NpzFile);
  file->filePath = path.str();

  fs::file_status status;
  if (std::error_code ec = fs::status(path, status))
    return llvm::createStringError("cannot open '" + path +
                                   "': " + ec.message());
  int code = 0;
  file->archive = zip_open(file->filePath.c_str(), ZIP_RDONLY, &code);
  if (!file->archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return llvm::createStringError(
        "'" + path + "' is not an .npz archive or is truncated (" + why + ", " +
        llvm::Twine(status.getSize()) + " bytes); save it with numpy.savez");
  }

  llvm::StringSet<> seen;
  int64_t count = zip_get_num_entries(file->archive, 0);
  for (int64_t i = 0; i < count; ++i) {
    const char *raw = zip_get_name(file->archive, i, ZIP_FL_ENC_GUESS);
    llvm::StringRef name = raw ? raw : "";
    if (!name.consume_back(".npy"))
      return llvm::createStringError(
          "'" + path + "' holds an entry '" + name +
          "' that is not an .npy array; save it with numpy.savez");
    if (!seen.insert(name).second)
      return llvm::createStringError("'" + path + "' holds two arrays '" +
                                     name + "'; keep one");
    file->entryNames.push_back(name.str());
  }
  return file;
}

static llvm::Error cannotRead(const std::string &what, const char *why) {
  return llvm::createStringError("cannot read " + what + ": " + why +
                                 "; save it again with numpy.savez");
}

namespace {
class EntryBytes : public ByteSource {
public:
  EntryBytes(zip_file_t *entry, int64_t size, std::string name)
      : entry(entry), byteCount(size), name(std::move(name)) {}
  ~EntryBytes() override { zip_fclose(entry); }

  llvm::Expected<int64_t> read(char *to, int64_t size) override {
    int64_t done = 0;
    while (done < size) {
      int64_t got = zip_fread(entry, to + done, size - done);
      if (got < 0)
        return cannotRead(name, zip_file_strerror(entry));
      if (got == 0)
        break;
      done += got;
    }
    return done;
  }
  int64_t size() const override { return byteCount; }
  std::string what() const override { return name; }

private:
  zip_file_t *entry;
  int64_t byteCount;
  std::string name;
};
} // namespace

llvm::Expected<std::unique_ptr<ByteSource>>
NpzFile::openBytes(llvm::StringRef name) const {
  auto found = llvm::find(entryNames, name);
  if (found == entryNames.end())
    return llvm::createStringError("'" + filePath + "' has no array '" + name +
                                   "'" + suggestNames(name, entryNames));
  uint64_t index = found - entryNames.begin();
  std::string what = "array '" + name.str() + "' in '" + filePath + "'";
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0 ||
      !(stat.valid & ZIP_STAT_SIZE))
    return cannotRead(what, zip_strerror(archive));
  zip_file_t *entry = zip_fopen_index(archive, index, 0);
  if (!entry)
    return cannotRead(what, zip_strerror(archive));
  return std::make_unique<EntryBytes>(entry, int64_t(stat.size), what);
}
