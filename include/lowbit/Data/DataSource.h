//===- DataSource.h - Inputs for calibration and runs ------------*- C++
//-*-===//
//
// In: a path and the model's inputs. Out: feeds, one after another; a feed is
// one set of arrays, in input order, that the model can be run on.
//
// The path is one of
//   .npz          one array for each input, keyed by the input's name;
//   .npy          the array of a model with one input;
//   a directory   its .npz and .npy files, sorted by name; others are ignored;
//   .txt          a list of .npz and .npy files, one path a line, relative to
//   the
//                 list's own folder; blank lines and lines that start with #
//                 are skipped.
// Files are checked when the source is opened (names, dtypes and shapes, from
// their headers alone). Then one file after another is read in order, a feed at
// a time, so that memory does not grow with the number of samples. The values
// of a file are checked before its first feed.
//
// How a file becomes feeds:
//   - An input whose first dimension is k times the model's static one is run
//   in
//     k turns. All inputs of static first dimension have the same k; a scalar
//     is repeated, and so is an input whose first dimension is 0. With k > 1 no
//     input may have a dynamic first dimension.
//   - A dynamic first dimension takes what there is. When `maxBatch` is set and
//     every input's first dimension is one and the same symbol, which is no
//     other dimension's, a file is cut into slices of at most `maxBatch`;
//     scalars are repeated.
//
// Refused, with one message that names file, array, actual, expected and what
// to do: a missing or broken file, missing and extra names, another rank, shape
// or dtype (only int32 for int64 is converted), equal symbols of different
// size, empty data, NaN and infinity.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_DATA_DATASOURCE_H
#define LOWBIT_DATA_DATASOURCE_H

#include "lowbit/Data/ArrayStream.h"
#include "lowbit/Data/FileList.h"
#include "lowbit/Data/Npz.h"
#include "lowbit/Data/Signature.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lowbit {

/// One set of arrays, in the order of the model's inputs.
struct Feed {
  std::vector<NpyArray> arrays;
  /// Where it came from, for messages: the file and the first of its samples
  /// (index along the first dimension).
  std::string file;
  int64_t firstSample = 0;
  int64_t samples = 0;
};

class DataSource {
public:
  static llvm::Expected<std::unique_ptr<DataSource>>
  open(llvm::StringRef path, llvm::ArrayRef<InputSpec> inputs,
       const DataOptions &options = {});

  /// The next feed; none at the end. After an error there are no more.
  llvm::Expected<std::optional<Feed>> next();

  /// Starts again from the first feed.
  void rewind();

  /// How many feeds `next` gives in all.
  int64_t feedCount() const { return totalFeeds; }
  /// How many samples (entries of the first dimension) they hold in all.
  int64_t sampleCount() const { return totalSamples; }

private:
  struct CheckedFile {
    std::string path;
    FileCut cut;
  };

  /// A file that is being read.
  struct OpenFile {
    std::unique_ptr<NpzFile> archive;
    /// In input order.
    std::vector<ArrayStream> arrays;
    /// Scalars, which every feed has.
    std::vector<std::optional<NpyArray>> repeated;
  };

  DataSource() = default;
  const FileCut &cutOfFile(size_t file) const { return cuts[cutOf[file]]; }
  llvm::Error addFile(llvm::StringRef path);
  llvm::Expected<OpenFile> openFile(llvm::StringRef path) const;
  llvm::Expected<OpenFile> openChecked(const CheckedFile &file) const;
  llvm::Error checkValues(const CheckedFile &file) const;
  /// Entries from `first` on, just read; the last with the end of the array.
  llvm::Error checkPiece(const CheckedFile &file, const InputSpec &spec,
                         const NpyArray &piece, int64_t first,
                         ArrayStream &stream) const;
  llvm::Expected<Feed> readFeed(const CheckedFile &file);

  std::vector<InputSpec> inputs;
  DataOptions options;
  FileList files;
  /// How each file is cut: an index into `cuts`, which are few.
  std::deque<uint32_t> cutOf;
  std::vector<FileCut> cuts;
  int64_t totalFeeds = 0;
  int64_t totalSamples = 0;

  size_t currentFile = 0;
  int64_t nextFeed = 0;
  /// The current file, once a feed of it was read.
  std::optional<OpenFile> current;
};

} // namespace lowbit

#endif // LOWBIT_DATA_DATASOURCE_H
