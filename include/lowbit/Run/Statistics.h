//===- Statistics.h - what observers saw ------------------------*- C++ -*-===//
//
// Adds up the tapped values of samples in a calibration table. A sample counts
// as a whole or not at all: what was seen of it goes into the table when it is
// complete, so that a run that stops early leaves whole samples.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_STATISTICS_H
#define LOWBIT_RUN_STATISTICS_H

#include "lowbit/Run/Callbacks.h"
#include "lowbit/Run/PaddingFilter.h"
#include "lowbit/Table/CalibrationTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {

class Statistics {
public:
  /// Statistics for the observers of `main`; `filter` may be null. Refused: two
  /// observers of one name.
  static llvm::Expected<Statistics> create(mlir::func::FuncOp main,
                                           std::string fingerprint,
                                           PaddingFilter *filter);

  /// Goes on from a table of the same observers, which came from `path`.
  llvm::Error resume(CalibrationTable partial, llvm::StringRef path);

  /// Adds a tensor of the sample in hand. NaN or infinity in it is an error
  /// that names the value and the element.
  llvm::Error add(const TappedValue &value);
  /// The sample in hand is complete; its hash goes into the table.
  llvm::Error finishSample(uint64_t hash);
  void dropSample();

  CalibrationTable table;

private:
  struct Observer {
    std::optional<int64_t> axis;
    bool hasRows = false;
    /// In a loop: a sample comes in pieces.
    bool repeats = false;
  };
  /// What was seen of one value in the sample in hand.
  struct Seen {
    ValueStatistics statistics;
    /// The elements of a value that comes in pieces.
    std::vector<float> elements;
    bool isNew = true;
  };

  Statistics() = default;
  static ValueStatistics emptyStatistics(const Observer &observer);
  void addRows(const TappedValue &value, const std::optional<KeptBlocks> &kept,
               llvm::ArrayRef<float> elements, KeptRows &rows);
  llvm::Error addChannels(const TappedValue &value,
                          const std::optional<KeptBlocks> &kept,
                          llvm::ArrayRef<float> elements,
                          ChannelStatistics &channels);

  PaddingFilter *filter = nullptr;
  std::map<std::string, Observer> observers;
  std::map<std::string, Seen> seen;
  std::vector<float> compact, scratch;
};
} // namespace lowbit

#endif // LOWBIT_RUN_STATISTICS_H
