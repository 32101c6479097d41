//===- Evaluation.h - answers what choices cost -----------------*- C++ -*-===//
//
// `quant-run MODULE --evaluate --inputs DATA`: compiles a module with probes
// (lowbit-insert-probes) once, runs the samples that are held out in float, and
// then answers requests, a line of JSON each, on standard output. The first
// line says that it is ready:
//
//   {"ready": true, "samples": S, "of": N, "held_out": true,
//    "held_out_hash": H, "left_out": L, "outputs": [...], "probes": [...],
//    "weights": [...]}
//
// `held_out` is false when there are too few samples to hold some out: all are
// used then. `held_out_hash` is the hexadecimal sum of the samples' hashes, as
// in a calibration table. L more samples are left out, for none of their
// outputs has a number (OutputError.h). With `--mask INPUT` what is padding in
// the outputs is left out of the errors. Requests:
//
//   {"set": [VALUE, ...]}       parameters from now on; {"values": V}
//   {"load": "name", "file": "path"}
//                               other bytes for a weight, by id, or a
//                               parameter; without `file` its own again. A
//                               weight that has parameters is quantized from
//                               them; {"bytes": B}
//   {"evaluate": K}             runs the first K samples, 0 being all;
//                               {"mean_db": M, "db": [[output, ...], ...]}, by
//                               sample; null where there is no number
//
//   VALUE = {"id": I, "scale": [...], "zero_point": [...], "min": A, "max": B,
//            "block": [...]}
//
// with one scale and zero point a block of the weight, or one (a number will
// do) without `block`. Without `scale` the value is float again.
//
// A request that is malformed, names what there is not, or does not fit is
// answered {"error": "..."} and changes nothing. The server ends with its
// input, or when nobody reads its answers any more.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_EVALUATION_H
#define LOWBIT_RUN_EVALUATION_H

#include "lowbit/Run/OutputError.h"
#include "lowbit/Run/ProbedModel.h"
#include "lowbit/Run/Samples.h"
#include "llvm/Support/JSON.h"

namespace lowbit {

class EvaluationServer {
public:
  /// Runs the float model on the samples to evaluate on, at most `most` that
  /// are held out. A thread runs a sample at a time. `filter` knows the outputs
  /// by number; null where there is no padding.
  static llvm::Expected<std::unique_ptr<EvaluationServer>>
  create(std::unique_ptr<ProbedModel> model, Samples &samples, unsigned most,
         unsigned threads, PaddingFilter *filter = nullptr);

  llvm::json::Value greeting() const;
  /// `isWanted` is asked between samples; without an answer there is an error.
  llvm::json::Value answer(llvm::StringRef request,
                           llvm::function_ref<bool()> isWanted);

private:
  using OutputHandler =
      llvm::function_ref<void(size_t sample, std::vector<NpyArray> outputs)>;

  EvaluationServer() = default;
  /// Runs the first samples; the handler is called by several threads.
  llvm::Error runSamples(size_t count, llvm::function_ref<bool()> isWanted,
                         OutputHandler onOutputs);
  /// Takes the float results, and the samples that have a number.
  llvm::Error setReferences(std::vector<std::vector<NpyArray>> references,
                            PaddingFilter *filter);
  llvm::Expected<llvm::json::Object> set(const llvm::json::Object &request);
  llvm::Expected<llvm::json::Object> load(const llvm::json::Object &request);
  llvm::Expected<llvm::json::Object> evaluate(const llvm::json::Object &request,
                                              llvm::function_ref<bool()>);

  std::unique_ptr<ProbedModel> model;
  std::vector<Feed> feeds;
  std::unique_ptr<OutputError> errors;
  /// By feed: its number in `errors`.
  std::vector<size_t> numbers;
  int64_t total = 0, leftOut = 0;
  unsigned threads = 1;
  bool isHeldOut = true;
  uint64_t heldOutHash = 0;
};

} // namespace lowbit

#endif // LOWBIT_RUN_EVALUATION_H
