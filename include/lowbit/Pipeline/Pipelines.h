//===- Pipelines.h - the phases in order ------------------------*- C++ -*-===//
//
// Options and builder of --quantize-ptq, and registration of everything.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PIPELINE_PIPELINES_H
#define LOWBIT_PIPELINE_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace lowbit {

enum class Phase {
#define LOWBIT_PHASE(enumerator, name, sentence) enumerator,
#include "lowbit/Pipeline/Phases.def"
};

llvm::StringRef phaseName(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);
/// All names, with commas.
std::string phaseNames();

/// The options of --quantize-ptq. Their text form is the one that the command
/// line, the Python package and the C API write.
struct PtqOptions : mlir::PassPipelineOptions<PtqOptions> {
  Option<std::string> calibrationData{
      *this, "calibration-data",
      llvm::cl::desc("inputs to find activation ranges with: .npz keyed by "
                     "input name, .npy, a directory, a list file, or random")};
  Option<std::string> calibrationTable{
      *this, "calibration-table",
      llvm::cl::desc("a table of statistics to take ranges from, instead of "
                     "calibration data")};
  Option<std::string> saveTable{
      *this, "save-table",
      llvm::cl::desc("file to keep the table of the calibration data in")};
  Option<std::string> selectionTable{
      *this, "selection-table",
      llvm::cl::desc("file for the statistics that ranges are chosen from: "
                     "those of the prepared model, where it was prepared")};
  Option<std::string> resume{
      *this, "resume",
      llvm::cl::desc(
          "the table of an interrupted calibration on the same data, "
          "to go on from")};
  Option<std::string> mask{
      *this, "mask",
      llvm::cl::desc("an input that is zero where the calibration data is only "
                     "padding, which is then not observed")};
  Option<std::string> observe{
      *this, "observe", llvm::cl::init("operands"),
      llvm::cl::desc("what the table has: operands of contractions, or all "
                     "values with an id")};
  Option<bool> channels{
      *this, "channels", llvm::cl::init(false),
      llvm::cl::desc("statistics for each channel of the activations too")};
  Option<std::string> mode{
      *this, "mode",
      llvm::cl::desc("static (the default with calibration data or a table), "
                     "dynamic (the default without), weight-only: activations "
                     "stay float, or integer-only: static, and no float "
                     "operation between quantize and dequantize")};
  Option<std::string> method{
      *this, "method", llvm::cl::init("minmax"),
      llvm::cl::desc("how ranges of activations come from statistics: minmax, "
                     "moving-average, percentile:P, mse, entropy, "
                     "cross-entropy, auto")};
  Option<std::string> activations{
      *this, "activations",
      llvm::cl::desc("a rule for all activations, as words: i8,symmetric,mse")};
  Option<std::string> weights{
      *this, "weights",
      llvm::cl::desc("a rule for all weights, as words: i4,group:32,mse")};
  Option<std::string> recipe{
      *this, "recipe",
      llvm::cl::desc("file of rules, read after those two (docs/recipe.md)")};
  ListOption<std::string> rules{
      *this, "rule", llvm::cl::desc("rules that come after those of the file")};
  Option<unsigned> heldOut{
      *this, "held-out", llvm::cl::init(0),
      llvm::cl::desc("the most calibration samples that are not observed: "
                     "method=auto compares the outputs on them; 0 is 32 with "
                     "method=auto, else none")};
  ListOption<std::string> prepare{
      *this, "prepare",
      llvm::cl::desc("what to do to the model before ranges are chosen: "
                     "equalize, smooth-quant, bias-correction, or auto")};
  Option<std::string> smoothQuantStrength{
      *this, "smooth-quant-strength", llvm::cl::init("0.6"),
      llvm::cl::desc("how much of a range smooth-quant moves into the weights: "
                     "0 to 1, or search")};
  Option<std::string> shape{
      *this, "shape",
      llvm::cl::desc("sizes of dynamic dimensions: batch=1,seq=128")};
  Option<unsigned> threads{
      *this, "threads", llvm::cl::init(0),
      llvm::cl::desc("threads to calibrate with; 0 leaves it to the machine")};
  Option<std::string> explain{
      *this, "explain",
      llvm::cl::desc("file for the account of every operation, as JSON")};
  Option<std::string> compileTo{*this, "compile-to", llvm::cl::init("lower"),
                                llvm::cl::desc("the last phase to run")};
};

/// Appends the phases. `emitError` takes what is wrong with the options.
llvm::LogicalResult buildPtqPipeline(
    mlir::OpPassManager &pm, const PtqOptions &options,
    llvm::function_ref<llvm::LogicalResult(const llvm::Twine &)> emitError);

/// Registers the passes of all phases and the pipelines.
void registerAllLowbitPasses();

} // namespace lowbit

#endif // LOWBIT_PIPELINE_PIPELINES_H
