//===- quant-run.cpp - compiles and runs a model --------------------------===//
//
// The process that other commands start to run compiled code in, so that a
// crash there is one diagnostic here. Exit status: 0, 1 on bad input (one
// diagnostic on standard error), 2 on wrong usage.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "lowbit/Process/ChildProcess.h"
#include "lowbit/Run/Commands.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

#include <cstdlib>
#include <malloc.h>

namespace cl = llvm::cl;

/// Says what went wrong, where that was not said yet; the exit status.
static int finish(llvm::Error error) {
  if (!error)
    return 0;
  std::string text = llvm::toString(std::move(error));
  if (!text.empty())
    llvm::errs() << "error: " << text << "\n";
  return 1;
}

int main(int argc, char **argv) {
  lowbit::endWithParent();
  llvm::InitLLVM init(argc, argv);
  // The options of the LLVM libraries are not ours to offer.
  cl::ResetCommandLineParser();
  cl::OptionCategory category("quant-run options");
  cl::list<std::string> files(cl::Positional, cl::desc("MODEL"),
                              cl::cat(category));
  cl::opt<std::string> inputs(
      "inputs", cl::cat(category), cl::value_desc("data"),
      cl::desc(".npz keyed by input name, .npy, a directory, a list file, or "
               "'random': normal floats, integers of the whole range; but "
               "inputs that index tables, and i64 inputs of imported models "
               "(ids, masks), are all 1"));
  cl::opt<std::string> output("o", cl::cat(category), cl::value_desc("file"),
                              cl::desc("outputs, as .npz"));
  cl::opt<bool> signature("signature", cl::cat(category),
                          cl::desc("print inputs and outputs as JSON"));
  cl::opt<std::string> observe(
      "observe", cl::cat(category), cl::value_desc("file"),
      cl::desc("write the calibration table: what the observers saw"));
  lowbit::ObserveOptions observeOptions;
  cl::opt<std::string> mask(
      "mask", cl::cat(category), cl::value_desc("input"),
      cl::desc("with --observe and --evaluate: positions where this input is 0 "
               "are padding, and are not observed or compared"));
  cl::opt<std::string> resume(
      "resume", cl::cat(category), cl::value_desc("file"),
      cl::desc("with --observe: the table of an interrupted run on the same "
               "inputs, to go on from"));
  cl::opt<double> checkpoint(
      "checkpoint-seconds", cl::cat(category), cl::value_desc("seconds"),
      cl::init(observeOptions.checkpointSeconds),
      cl::desc("with --observe: how often to write what was observed until "
               "then (default 60)"));
  cl::opt<bool> merge(
      "merge-tables", cl::cat(category),
      cl::desc("instead of a model read calibration tables, and "
               "write that of all their samples to -o"));
  cl::opt<bool> evaluate(
      "evaluate", cl::cat(category),
      cl::desc("answer requests on standard input: what choices of parameters "
               "do to the outputs (lowbit/Run/Evaluation.h)"));
  cl::opt<std::string> dump(
      "dump-values", cl::cat(category), cl::value_desc("file"),
      cl::desc("write every named float value of one run as .npz"));
  cl::opt<bool> print("print", cl::cat(category),
                      cl::desc("print the outputs of one run as text"));
  cl::opt<bool> interpret(
      "interpret", cl::cat(category),
      cl::desc("interpret the model instead of compiling it: slow, and what "
               "compiled code is held against"));
  cl::opt<bool> verify(
      "verify-contractions", cl::cat(category),
      cl::desc("check every integer contraction against plain arithmetic"));
  cl::opt<bool> bench("bench", cl::cat(category),
                      cl::desc("time the model, print JSON"));
  cl::opt<bool> profile("profile", cl::cat(category),
                        cl::desc("time each step of the compiled code"));
  lowbit::RunOptions options;
  cl::opt<unsigned> threads("threads", cl::cat(category), cl::init(1),
                            cl::desc("threads to run on (default 1)"));
  cl::opt<unsigned> heldOut(
      "held-out", cl::cat(category), cl::init(options.heldOut),
      cl::desc("the most samples to hold out: what --evaluate runs (default "
               "32), and --observe does not (default 0)"));
  cl::opt<std::string> isa(
      "isa", cl::cat(category), cl::init(options.isa),
      cl::desc("dot product: auto, avx512-vnni, avx-vnni, avx2, portable"));
  cl::opt<std::string> shape("shape", cl::cat(category),
                             cl::value_desc("batch=1,seq=128"),
                             cl::desc("sizes of dynamic dimensions"));
  cl::opt<double> seconds("seconds", cl::cat(category),
                          cl::init(options.seconds),
                          cl::desc("how long to measure (default 2)"));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, "compiles and runs a model\n",
                                   &llvm::errs()))
    return 2;

  auto usage = [](llvm::StringRef message) {
    llvm::errs() << "quant-run: " << message << "; see quant-run --help\n";
    return 2;
  };
  if (merge) {
    for (const auto &[name, option] : cl::getRegisteredOptions())
      if (option->getNumOccurrences() && name != "merge-tables" && name != "o")
        return usage("--merge-tables goes with -o alone");
    if (files.empty() || output.empty())
      return usage("--merge-tables needs tables, and -o");
    return finish(lowbit::mergeTables(files, output));
  }
  if (files.size() != 1)
    return usage("give one MODEL");
  int modes = signature + !observe.empty() + !dump.empty() + print + verify +
              bench + profile + evaluate + !output.empty();
  if (modes != 1)
    return usage("give one of -o, --signature, --observe, --dump-values, "
                 "--print, --verify-contractions, --bench, --profile and "
                 "--evaluate");
  if (interpret && output.empty() && dump.empty() && !print)
    return usage("--interpret goes with -o, --dump-values and --print");
  if (interpret && (threads.getNumOccurrences() || isa.getNumOccurrences()))
    return usage("--threads and --isa are for compiled code, not --interpret");
  if (observe.empty() && !resume.empty())
    return usage("--resume goes with --observe");
  if (observe.empty() && !evaluate && !mask.empty())
    return usage("--mask goes with --observe and --evaluate");
  if (threads == 0)
    return usage("--threads must be at least 1");
  if ((bench || profile) && inputs.empty())
    inputs = "random";
  if (!signature && !print && inputs.empty())
    return usage("--inputs is missing");
  if (evaluate && heldOut == 0)
    return usage("--held-out must be at least 1");
  if (!(seconds > 0))
    return usage("--seconds must be positive");
  std::string isaError;
  lowbit::resolveISA(isa, isaError);
  if (!isaError.empty())
    return usage(isaError);
  observeOptions.mask = mask;
  observeOptions.resume = resume;
  observeOptions.checkpointSeconds = checkpoint;
  observeOptions.heldOut = heldOut.getNumOccurrences() ? heldOut : 0;
  options.model = files.front();
  options.inputs = inputs;
  options.isa = isa;
  options.shape = shape;
  options.threads = threads;
  options.interpret = interpret;
  options.seconds = seconds;
  options.heldOut = heldOut;

  // Read by the OpenMP runtime when the JIT loads it.
  setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), /*overwrite=*/1);
  // Keep the buffers of one run for the next instead of returning them to the
  // system each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);

  mlir::DialectRegistry registry;
  lowbit::registerCodegenDialects(registry);
  mlir::MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);

  llvm::Error error = [&]() -> llvm::Error {
    if (signature)
      return lowbit::printSignature(context, options);
    if (!observe.empty())
      return lowbit::observeModel(context, options, observeOptions, observe);
    if (evaluate)
      return lowbit::evaluateModel(context, options, mask);
    if (!dump.empty())
      return lowbit::dumpValues(context, options, dump);
    if (print)
      return lowbit::printOutputs(context, options);
    if (verify)
      return lowbit::verifyContractions(context, options);
    if (bench)
      return lowbit::benchModel(context, options);
    if (profile)
      return lowbit::profileModel(context, options);
    return lowbit::runModel(context, options, output);
  }();
  return finish(std::move(error));
}
