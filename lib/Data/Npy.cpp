//===- Npy.cpp - Bytes of .npy files --------------------------------------===//
//
// In: a path, or an array in Fortran order. Out: the file's bytes in order, the
// array in C order. Refused: a path that is no regular file, or not readable.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Npy.h"
#include "llvm/Support/FileSystem.h"
#include <cstring>

using namespace lowbit;

llvm::Expected<NpyArray> lowbit::toCOrder(const NpyArray &fortran) {
  llvm::Expected<NpyArray> array =
      NpyArray::create(fortran.dtype, fortran.shape);
  if (!array)
    return array;
  int64_t size = byteSize(fortran.dtype);
  llvm::SmallVector<int64_t, 4> index(fortran.shape.size(), 0);
  llvm::SmallVector<int64_t, 4> strides(fortran.shape.size(), 1);
  for (size_t d = 1; d < strides.size(); ++d)
    strides[d] = strides[d - 1] * fortran.shape[d - 1];
  for (int64_t to = 0, count = array->numElements(); to < count; ++to) {
    int64_t from = 0;
    for (size_t d = 0; d < index.size(); ++d)
      from += index[d] * strides[d];
    std::memcpy(array->data() + to * size, fortran.data() + from * size, size);
    for (size_t d = index.size();
         d > 0 && ++index[d - 1] == array->shape[d - 1]; --d)
      index[d - 1] = 0;
  }
  return array;
}

namespace {
namespace fs = llvm::sys::fs;

class FileBytes : public ByteSource {
public:
  FileBytes(llvm::StringRef path, fs::file_t file, int64_t size)
      : path(path), file(file), byteCount(size) {}
  ~FileBytes() override { (void)fs::closeFile(file); }

  llvm::Expected<int64_t> read(char *to, int64_t size) override {
    int64_t done = 0;
    while (done < size) {
      llvm::Expected<size_t> got = fs::readNativeFile(
          file, llvm::MutableArrayRef<char>(to + done, size - done));
      if (!got)
        return llvm::createStringError("cannot read '" + path +
                                       "': " + llvm::toString(got.takeError()));
      if (*got == 0)
        break;
      done += *got;
    }
    return done;
  }
  int64_t size() const override { return byteCount; }
  std::string what() const override { return "'" + path + "'"; }

private:
  std::string path;
  fs::file_t file;
  int64_t byteCount;
};
} // namespace

llvm::Expected<std::unique_ptr<ByteSource>>
lowbit::openFileBytes(llvm::StringRef path) {
  auto cannotOpen = [&](const std::string &why) {
    return llvm::createStringError("cannot open '" + path + "': " + why);
  };
  fs::file_status status;
  if (std::error_code ec = fs::status(path, status))
    return cannotOpen(ec.message());
  if (!fs::is_regular_file(status))
    return cannotOpen("it is not a regular file");
  llvm::Expected<fs::file_t> file = fs::openNativeFileForRead(path);
  if (!file)
    return cannotOpen(llvm::toString(file.takeError()));
  return std::make_unique<FileBytes>(path, *file, int64_t(status.getSize()));
}
