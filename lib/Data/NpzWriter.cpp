//===- NpzWriter.cpp - Writing an .npz archive ----------------------------===//
//
// In: names and arrays. Out: a zip archive of uncompressed .npy entries with a
// fixed time stamp. Refused: two arrays of one name, bfloat16 (NumPy has none),
// what the system refuses.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Npz.h"
#include "lowbit/Store/AtomicFile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include <zip.h>

using namespace lowbit;

/// The first day that zip can say: 1 January 1980.
static constexpr uint16_t kDate = (0 << 9) | (1 << 5) | 1;

namespace {
/// The two parts of an entry; libzip reads them when the archive is closed.
struct Entry {
  std::string header;
  zip_buffer_fragment_t parts[2];
};
} // namespace

llvm::Error lowbit::writeNpz(
    llvm::StringRef path,
    llvm::ArrayRef<std::pair<std::string, const NpyArray *>> arrays) {
  namespace fs = llvm::sys::fs;
  auto cannotWrite = [&](const llvm::Twine &why) {
    return llvm::createStringError("cannot write '" + path + "': " + why);
  };
  llvm::StringSet<> seen;
  for (const auto &[name, array] : arrays) {
    if (!seen.insert(name).second)
      return cannotWrite("array '" + name + "' is given twice");
    if (array->dtype == DType::BF16)
      return cannotWrite("array '" + name +
                         "' is bfloat16, which NumPy does not have; convert it "
                         "to float32");
  }
  if (fs::exists(path) && !fs::is_regular_file(path))
    return cannotWrite("it exists and is not a regular file; give another "
                       "name");

  // libzip writes beside the path and renames, but leaves no file at all for an
  // empty archive. Such a file is nothing but an end record, which is zeros
  // after its signature (APPNOTE.TXT, 4.3.16).
  if (arrays.empty())
    return writeFileAtomically(path, [](llvm::raw_ostream &os) {
      os << "PK\x05\x06";
      os.write_zeros(18);
      return llvm::Error::success();
    });
  std::string file = path.str();
  int code = 0;
  zip_t *archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return cannotWrite(why);
  }
  llvm::scope_exit discard([&] {
    if (archive)
      zip_discard(archive);
  });

  std::vector<Entry> entries(arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto &[name, array] = arrays[i];
    Entry &entry = entries[i];
    entry.header = npyHeaderBytes(array->dtype, array->shape);
    // libzip's buffers are not const, but it only reads these.
    entry.parts[0] = {reinterpret_cast<uint8_t *>(entry.header.data()),
                      entry.header.size()};
    entry.parts[1] = {
        reinterpret_cast<uint8_t *>(const_cast<char *>(array->data())),
        uint64_t(array->buffer.size())};
    zip_source_t *source =
        zip_source_buffer_fragment(archive, entry.parts, 2, /*freep=*/0);
    if (!source)
      return cannotWrite(zip_strerror(archive));
    std::string entryName = name + ".npy";
    int64_t index =
        zip_file_add(archive, entryName.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return cannotWrite("array '" + name + "': " + zip_strerror(archive));
    }
    if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, index, 0, kDate, 0) != 0)
      return cannotWrite(zip_strerror(archive));
  }
  if (zip_close(archive) != 0)
    return cannotWrite(zip_strerror(archive));
  archive = nullptr;
  return llvm::Error::success();
}
