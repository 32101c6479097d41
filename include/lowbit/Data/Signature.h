//===- Signature.h - Whether arrays fit the model's inputs -------*- C++
//-*-===//
//
// In: what the model says of its inputs, and the dtypes and shapes of a file's
// arrays. Out: how the file is cut into feeds (see DataSource.h). Refused, with
// one message that names file, input, actual, expected and what to do: another
// rank, shape or dtype, equal symbols of different size, empty data, counts
// that do not agree.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_DATA_SIGNATURE_H
#define LOWBIT_DATA_SIGNATURE_H

#include "lowbit/Data/NpyArray.h"
#include "llvm/Support/Error.h"
#include <string>

namespace lowbit {

/// What the model says of one input.
struct InputSpec {
  std::string name;
  DType dtype = DType::F32;
  /// -1 is dynamic.
  llvm::SmallVector<int64_t, 4> shape;
  /// Empty, or one for each dimension: equal symbols of dynamic dimensions are
  /// equal sizes. An empty symbol says nothing, and neither does the symbol of
  /// a static dimension.
  llvm::SmallVector<std::string, 4> symbols;
};

/// `float32[batch, 28, 28]`, as messages show what the model takes.
std::string specString(const InputSpec &spec);

struct DataOptions {
  /// Cut a dynamic batch into slices of at most this many; 0 never cuts.
  int64_t maxBatch = 0;
  /// NaN and infinity in float inputs are errors.
  bool refuseNonFinite = true;
};

/// What a file's header says of one array.
struct ArrayInfo {
  DType dtype;
  llvm::SmallVector<int64_t, 4> shape;
};

/// How a file is cut into feeds.
struct FileCut {
  int64_t feeds = 1;
  /// Entries of the first dimension of the first input that is no scalar.
  int64_t samples = 1;
  /// How many of them a feed takes; the last feed may have fewer.
  int64_t step = 1;

  bool operator==(const FileCut &other) const {
    return feeds == other.feeds && samples == other.samples &&
           step == other.step;
  }
};

/// Checks that the names of a file's arrays are those of the inputs.
llvm::Error checkNames(llvm::StringRef file, llvm::ArrayRef<InputSpec> inputs,
                       llvm::ArrayRef<std::string> names);

/// Checks dtypes and shapes; `arrays` are in the order of `inputs`.
llvm::Expected<FileCut> checkArrays(llvm::StringRef file,
                                    llvm::ArrayRef<InputSpec> inputs,
                                    llvm::ArrayRef<ArrayInfo> arrays,
                                    const DataOptions &options);

/// Checks that a float array holds neither NaN nor infinity. The array is the
/// part of the input from entry `first` on.
llvm::Error checkFinite(llvm::StringRef file, llvm::StringRef input,
                        const NpyArray &array, int64_t first = 0);

} // namespace lowbit

#endif // LOWBIT_DATA_SIGNATURE_H
