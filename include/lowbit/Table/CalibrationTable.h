//===- CalibrationTable.h - statistics of a model's values ------*- C++ -*-===//
//
// What calibration leaves behind: raw ranges and histograms, never scales, so
// that every method can choose from one table. On disk it is JSON, sorted, one
// line an array, with a version; the same statistics are the same bytes.
//
// Refused on reading, in one message with the file, the place, what was found
// and what was expected: another version, an unknown key, numbers that
// contradict each other, a table that is cut short.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_TABLE_CALIBRATIONTABLE_H
#define LOWBIT_TABLE_CALIBRATIONTABLE_H

#include "lowbit/Table/ValueStatistics.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace lowbit {

/// A range that another tool chose, with what it was for.
struct ImportedRange {
  float min = 0, max = 0;
  /// 0 where it is not said.
  unsigned bits = 0;
  std::optional<bool> symmetric = std::nullopt;
  /// The file does not tell activations from parameters, and this may be
  /// either.
  bool perhapsParameter = false;
  bool operator==(const ImportedRange &other) const {
    return min == other.min && max == other.max && bits == other.bits &&
           symmetric == other.symmetric &&
           perhapsParameter == other.perhapsParameter;
  }
};

/// Samples in any order: how many, and the sum of their hashes modulo 2^64
/// (hashSample in lowbit/Data/HeldOut.h).
struct SampleSet {
  uint64_t count = 0, hash = 0;
  bool operator==(const SampleSet &other) const {
    return count == other.count && hash == other.hash;
  }
};

struct CalibrationTable {
  static constexpr int kVersion = 1;

  /// What the ranges come from: `lowbit`, `aimet` or `onnxruntime`.
  std::string source = "lowbit";
  /// Of the model (see fingerprintModel); empty in an imported table.
  std::string fingerprint;
  /// How many samples were observed.
  uint64_t samples = 0;
  /// The sum of their hashes: which ones they were, in any order.
  uint64_t samplesHash = 0;
  /// What the run that made the table held out. None in a merged table: what
  /// one part held out, another may have observed.
  std::optional<SampleSet> heldOut = std::nullopt;
  /// The input whose padding was left out; empty without.
  std::string mask;
  /// How many there were to observe, where the run was interrupted before.
  std::optional<uint64_t> interruptedOf = std::nullopt;
  /// By value id.
  std::map<std::string, ValueStatistics> values;
  /// By the other tool's name of the value, in an imported table.
  std::map<std::string, ImportedRange> ranges;
  /// What an import left out, for the user to be told; not written.
  std::vector<std::string> notes;

  /// Reads a table of ours, AIMET's encodings or ONNX Runtime's calibration
  /// JSON: the content tells which it is. `name` is for messages.
  static llvm::Expected<CalibrationTable> read(llvm::StringRef path);
  static llvm::Expected<CalibrationTable> parse(llvm::StringRef text,
                                                llvm::StringRef name);
  void print(llvm::raw_ostream &os) const;
  /// The file appears complete or not at all.
  llvm::Error write(llvm::StringRef path) const;

  bool isImported() const { return source != "lowbit"; }

  /// Adds the statistics of `other`, of the same model. Where either was
  /// interrupted, so is the whole. Refused, without a change: another
  /// fingerprint or mask, other values or options, imported tables. `name` and
  /// `otherName` are for messages.
  llvm::Error merge(const CalibrationTable &other, llvm::StringRef name,
                    llvm::StringRef otherName);
};

} // namespace lowbit

#endif // LOWBIT_TABLE_CALIBRATIONTABLE_H
