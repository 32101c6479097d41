//===- Observe.cpp - a calibration table from data ------------------------===//
//
// In: a module with observers, and data. Out: the calibration table of all
// samples. They are run one at a time where the model's batch is open, so that
// nothing depends on how the data was batched; a model of fixed batch runs on
// whole batches, which are its samples then.
//
// An interruption and a sample that fails end the run: what was observed before
// is written, as a table that says so, and can be resumed. It is written every
// minute too, for a run that is killed.
//
//===----------------------------------------------------------------------===//
#include "Loading.h"

#include "lowbit/Analysis/Fingerprint.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Process/Interruption.h"
#include "lowbit/Run/Samples.h"
#include "lowbit/Run/Statistics.h"

#include "llvm/Support/Parallel.h"

#include <chrono>

using namespace mlir;
using namespace lowbit;

/// Writes what was observed of `total` samples, to go on from.
static llvm::Error writeUnfinished(CalibrationTable &table, uint64_t total,
                                   StringRef path) {
  table.interruptedOf = total;
  llvm::Error error = table.write(path);
  table.interruptedOf = std::nullopt;
  return error;
}

/// Runs the samples that are left. Returns why it stopped early.
static llvm::Error runSamples(Program &program, Samples &samples,
                              Statistics &statistics, PaddingFilter *filter,
                              const Interruption &interruption,
                              double checkpointSeconds, StringRef tablePath) {
  using Clock = std::chrono::steady_clock;
  auto interval = std::chrono::duration<double>(checkpointSeconds);
  auto last = Clock::now();
  while (true) {
    if (statistics.table.samples > 0 && Clock::now() - last >= interval) {
      if (llvm::Error error =
              writeUnfinished(statistics.table, samples.count(), tablePath))
        return error;
      last = Clock::now();
    }
    if (interruption.requested())
      return llvm::createStringError("interrupted");
    auto feed = samples.next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      return llvm::Error::success();
    if (filter)
      if (llvm::Error error =
              filter->setMask((*feed)->arrays[filter->argument()]))
        return llvm::createStringError(nameOf(**feed) + ": " +
                                       llvm::toString(std::move(error)));
    uint64_t hash = hashSample((*feed)->arrays);
    auto outputs = program.run(pointers((*feed)->arrays));
    llvm::Error error =
        outputs ? statistics.finishSample(hash) : outputs.takeError();
    if (error)
      return llvm::createStringError(nameOf(**feed) + ": " +
                                     llvm::toString(std::move(error)));
    reportProgress(statistics.table.samples, samples.count(),
                   "calibration samples");
  }
}

/// Takes the partial table, and passes over its samples, which should be the
/// first ones of this data.
static llvm::Error resumeFrom(StringRef path, Samples &samples,
                              Statistics &statistics) {
  auto partial = CalibrationTable::read(path);
  if (!partial)
    return partial.takeError();
  int64_t done = partial->samples;
  if (llvm::Error error = statistics.resume(std::move(*partial), path))
    return error;
  // How many there are to come may have changed: a bad one was left out.
  auto hash = samples.skip(done);
  if (!hash)
    return hash.takeError();
  if (*hash != statistics.table.samplesHash)
    return llvm::createStringError(
        "'" + path +
        "' cannot be resumed: it holds other samples than the "
        "first " +
        Twine(done) +
        " of this data; give the data that it was "
        "interrupted on, in the same order, or make a table of the samples "
        "that it lacks and merge the two");
  return llvm::Error::success();
}

llvm::Error lowbit::observeModel(MLIRContext &context,
                                 const RunOptions &options,
                                 const ObserveOptions &observe,
                                 StringRef tablePath) {
  // To the end of the process: a signal that comes twice, from a terminal and
  // from a parent, must not end it after its table was written.
  static Interruption &interruption = *new Interruption;
  // Statistics of large values are added up side by side.
  llvm::parallel::strategy = llvm::hardware_concurrency(options.threads);
  auto program = loadAndCompile(context, options, "observers");
  if (!program)
    return program.takeError();
  FailureOr<func::FuncOp> main = findMain((*program)->module());
  if (failed(main))
    return reported();
  FailureOr<std::string> fingerprint = fingerprintModel((*program)->module());
  if (failed(fingerprint))
    return reported();
  std::optional<PaddingFilter> filter;
  if (!observe.mask.empty()) {
    FailureOr<PaddingPlan> plan = analyzePadding(*main, observe.mask);
    if (failed(plan))
      return reported();
    filter.emplace(std::move(*plan));
  }
  PaddingFilter *padding = filter ? &*filter : nullptr;
  auto statistics = Statistics::create(*main, *fingerprint, padding);
  if (!statistics)
    return statistics.takeError();
  (*program)->setTapHandler(
      [&](const TappedValue &value) { return statistics->add(value); });
  auto samples = Samples::open((*program)->signature(), options.inputs);
  if (!samples)
    return samples.takeError();
  statistics->table.mask = observe.mask;
  if (observe.heldOut > 0) {
    if (llvm::Error error = (*samples)->holdOut(observe.heldOut))
      return error;
    if (const HeldOut *heldOut = (*samples)->heldOut())
      statistics->table.heldOut = SampleSet{heldOut->size(), heldOut->hash()};
  }
  if (!observe.resume.empty())
    if (llvm::Error error = resumeFrom(observe.resume, **samples, *statistics))
      return error;

  llvm::Error stopped =
      runSamples(**program, **samples, *statistics, padding, interruption,
                 observe.checkpointSeconds, tablePath);
  CalibrationTable &table = statistics->table;
  if (!stopped)
    return table.write(tablePath);
  std::string why = llvm::toString(std::move(stopped));
  if (table.samples == 0)
    return llvm::createStringError(why);
  if (llvm::Error error =
          writeUnfinished(table, (*samples)->count(), tablePath))
    return llvm::createStringError(
        why + "; and what was observed before cannot be kept: " +
        llvm::toString(std::move(error)));
  return llvm::createStringError(
      why + "\nnote: '" + tablePath + "' has the " + Twine(table.samples) +
      " of " + Twine((*samples)->count()) +
      " samples that were observed before; resume from it to go on");
}
