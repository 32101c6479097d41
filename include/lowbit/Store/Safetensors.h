//===- Safetensors.h - The weight store --------------------------*- C++
//-*-===//
//
// Reads and writes .safetensors files
// (https://github.com/huggingface/safetensors, "Format"): eight bytes of header
// length, a JSON header, then the tensors' bytes without holes.
//
// Reading maps the file and copies nothing. Refused, with one complete message:
// a truncated or oversized file, a header that is not the format's JSON, an
// unknown dtype, offsets that disagree with the shape, leave the file, overlap
// or leave bytes unused.
//
// Writing streams: tensors are produced one after another and never all held.
// The same tensors give the same bytes.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_STORE_SAFETENSORS_H
#define LOWBIT_STORE_SAFETENSORS_H

#include "lowbit/Store/DType.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace lowbit {

/// A tensor in a mapped file: valid while its SafetensorsFile lives.
struct TensorView {
  DType dtype;
  llvm::ArrayRef<int64_t> shape;
  llvm::ArrayRef<char> data;
};

class SafetensorsFile {
public:
  static llvm::Expected<std::unique_ptr<SafetensorsFile>>
  open(llvm::StringRef path);

  /// The tensor of that name; the error suggests the nearest names.
  llvm::Expected<TensorView> find(llvm::StringRef name) const;
  bool contains(llvm::StringRef name) const { return tensors.contains(name); }

  /// All names, sorted.
  llvm::ArrayRef<std::string> names() const { return sortedNames; }
  /// The header's `__metadata__`, text to text.
  const std::map<std::string, std::string> &metadata() const { return meta; }
  llvm::StringRef path() const { return filePath; }

private:
  struct Entry {
    DType dtype;
    llvm::SmallVector<int64_t, 4> shape;
    uint64_t begin;
    uint64_t end;
  };

  SafetensorsFile() = default;
  llvm::Error readHeader();
  llvm::Error checkLayout(uint64_t dataSize) const;
  llvm::Error error(const llvm::Twine &message) const;

  std::string filePath;
  llvm::sys::fs::mapped_file_region region;
  uint64_t dataStart = 0;
  llvm::StringMap<Entry> tensors;
  std::vector<std::string> sortedNames;
  std::map<std::string, std::string> meta;
};

/// A tensor to be written: `write` is called once and must put exactly the
/// bytes that dtype and shape call for.
struct TensorSource {
  std::string name;
  DType dtype;
  llvm::SmallVector<int64_t, 4> shape;
  std::function<llvm::Error(llvm::raw_ostream &)> write;

  /// A tensor whose bytes are at hand; they must live until the file is
  /// written.
  static TensorSource fromBytes(llvm::StringRef name, DType dtype,
                                llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<char> data);
};

/// Writes `tensors` to `path` (a temporary file in the same folder, then a
/// rename). The data starts at a multiple of 64 bytes. The format allows no gap
/// between tensors, so those whose size is a multiple of 64 come first, then
/// multiples of 32, 16, ...; each tensor then starts at a multiple of the
/// largest power of two up to 64 that divides its size. Within a group they are
/// sorted by name, and `write` is called in file order.
llvm::Error
writeSafetensors(llvm::StringRef path, std::vector<TensorSource> tensors,
                 const std::map<std::string, std::string> &metadata = {});

} // namespace lowbit

#endif // LOWBIT_STORE_SAFETENSORS_H
