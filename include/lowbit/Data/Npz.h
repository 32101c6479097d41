//===- Npz.h - NumPy's .npz format -------------------------------*- C++
//-*-===//
//
// An .npz is a zip archive of .npy entries, each array's name plus `.npy`.
// Reading takes stored and deflated entries, checks their CRC and reads one
// array at a time. Refused, with one complete message: a file that is no zip
// archive or is cut short, an entry that is not an array, two of one name,
// encrypted ones. Writing stores arrays uncompressed, in the order given, with
// a fixed time stamp: the same arrays give the same bytes.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_DATA_NPZ_H
#define LOWBIT_DATA_NPZ_H

#include "lowbit/Data/Npy.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct zip;

namespace lowbit {

class NpzFile {
public:
  static llvm::Expected<std::unique_ptr<NpzFile>> open(llvm::StringRef path);
  ~NpzFile();
  NpzFile(const NpzFile &) = delete;
  NpzFile &operator=(const NpzFile &) = delete;

  /// The arrays' names, without `.npy`, in the archive's order.
  llvm::ArrayRef<std::string> names() const { return entryNames; }

  /// An array as it is in the archive, for as long as this object lives.
  llvm::Expected<std::unique_ptr<ByteSource>>
  openBytes(llvm::StringRef name) const;

private:
  NpzFile() = default;

  std::string filePath;
  struct zip *archive = nullptr;
  std::vector<std::string> entryNames;
};

/// Writes the arrays under their names. The file appears complete or not at
/// all.
llvm::Error
writeNpz(llvm::StringRef path,
         llvm::ArrayRef<std::pair<std::string, const NpyArray *>> arrays);

} // namespace lowbit

#endif // LOWBIT_DATA_NPZ_H
