//===- Observe.cpp - a calibration table from data ------------------------===//
//
// In: a module with observers, and data. Out: the calibration table of all
// samples. They are run one at a time where the model's batch is open, so that
// nothing depends on how the data was batched; a model of fixed batch runs on
// whole batches, which are its samples then.
//
// An interruption and a sample that fails end the run: what was observed before
// is written, as a table that says so, and can be resumed.
//
//===----------------------------------------------------------------------===//
#include "Loading.h"

#include "lowbit/Calibrate/Fingerprint.h"
#include "lowbit/Calibrate/Interruption.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Run/RandomInputs.h"
#include "lowbit/Run/Statistics.h"

#include "llvm/Support/Parallel.h"

using namespace mlir;
using namespace lowbit;

namespace {
/// Samples from data, or made up.
class Samples {
public:
  static llvm::Expected<Samples> open(StringRef path,
                                      const Signature &signature) {
    Samples samples(signature);
    if (path == "random")
      return samples;
    DataOptions options;
    options.maxBatch = 1;
    auto source = DataSource::open(path, signature.inputs, options);
    if (!source)
      return source.takeError();
    samples.source = std::move(*source);
    return samples;
  }

  int64_t total() const { return source ? source->feedCount() : kRandom; }
  void skip(int64_t count) {
    done += count;
    if (source)
      source->skip(count);
  }

  /// The next sample, and its name for messages; none at the end.
  llvm::Expected<std::optional<std::vector<NpyArray>>>
  next(std::string &name) {
    if (!source) {
      if (done == kRandom)
        return std::nullopt;
      name = "random sample " + std::to_string(done);
      auto arrays = makeRandomInputs(signature, done++);
      if (!arrays)
        return arrays.takeError();
      return std::optional(std::move(*arrays));
    }
    auto feed = source->next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      return std::nullopt;
    int64_t first = (*feed)->firstSample, count = (*feed)->samples;
    name = (*feed)->file + ", sample" + (count == 1 ? " " : "s ") +
           std::to_string(first);
    if (count > 1)
      name += " to " + std::to_string(first + count - 1);
    return std::optional(std::move((*feed)->arrays));
  }

private:
  static constexpr int64_t kRandom = 8;
  explicit Samples(const Signature &signature) : signature(signature) {}

  const Signature &signature;
  std::unique_ptr<DataSource> source;
  int64_t done = 0;
};
} // namespace

/// Runs the samples that are left. Returns why it stopped early.
static llvm::Error runSamples(Program &program, Samples &samples,
                              Statistics &statistics, PaddingFilter *filter,
                              const Interruption &interruption) {
  while (true) {
    if (interruption.requested())
      return llvm::createStringError("interrupted");
    std::string name;
    auto arrays = samples.next(name);
    if (!arrays)
      return arrays.takeError();
    if (!*arrays)
      return llvm::Error::success();
    if (filter)
      filter->setMask((**arrays)[filter->argument()]);
    auto outputs = program.run(pointers(**arrays));
    llvm::Error error =
        outputs ? statistics.finishSample() : outputs.takeError();
    if (error)
      return llvm::createStringError(name + ": " +
                                     llvm::toString(std::move(error)));
    reportProgress(statistics.table.samples, samples.total(),
                   "calibration samples");
  }
}

/// Takes the partial table, and passes over its samples.
static llvm::Error resumeFrom(StringRef path, Samples &samples,
                              Statistics &statistics) {
  auto partial = CalibrationTable::read(path);
  if (!partial)
    return partial.takeError();
  int64_t done = partial->samples, before = partial->interruptedOf.value_or(0);
  if (llvm::Error error = statistics.resume(std::move(*partial), path))
    return error;
  if (before != samples.total())
    return llvm::createStringError(
        "'" + path + "' cannot be resumed: it is of " + Twine(done) + " of " +
        Twine(before) + " samples, and there are " + Twine(samples.total()) +
        "; give the data that it was interrupted on, or make a table of the "
        "samples that it lacks and merge the two");
  samples.skip(done);
  return llvm::Error::success();
}

llvm::Error lowbit::observeModel(MLIRContext &context,
                                 const RunOptions &options,
                                 const ObserveOptions &observe,
                                 StringRef tablePath) {
  Interruption interruption;
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
  auto samples = Samples::open(options.inputs, (*program)->signature());
  if (!samples)
    return samples.takeError();
  if (!observe.resume.empty())
    if (llvm::Error error = resumeFrom(observe.resume, *samples, *statistics))
      return error;

  llvm::Error stopped =
      runSamples(**program, *samples, *statistics, padding, interruption);
  CalibrationTable &table = statistics->table;
  if (!stopped)
    return table.write(tablePath);
  std::string why = llvm::toString(std::move(stopped));
  if (table.samples == 0)
    return llvm::createStringError(why);
  table.interruptedOf = samples->total();
  if (llvm::Error error = table.write(tablePath))
    return llvm::createStringError(
        why + "; and what was observed before cannot be kept: " +
        llvm::toString(std::move(error)));
  return llvm::createStringError(
      why + "\nnote: '" + tablePath + "' has the " + Twine(table.samples) +
      " of " + Twine(samples->total()) +
      " samples that were observed before; resume from it to go on");
}
