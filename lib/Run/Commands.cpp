//===- Commands.cpp - what quant-run does ---------------------------------===//
//
// Loads and compiles the model, feeds it, writes what came out.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Commands.h"
#include "Loading.h"
#include "lowbit/Data/Npz.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/Passes.h"
#include "lowbit/Run/Bench.h"
#include "lowbit/Run/InterpretedModel.h"
#include "lowbit/Run/Program.h"
#include "lowbit/Run/RandomInputs.h"
#include "lowbit/Run/VerifyContractions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Process.h"

#include <optional>

using namespace mlir;

namespace lowbit {
void reportProgress(int64_t done, int64_t total, StringRef what) {
  if (llvm::sys::Process::GetEnv("LOWBIT_PROGRESS"))
    llvm::errs() << "progress: " << done << "/" << total << " " << what << "\n";
}

static llvm::Error specialize(ModuleOp module, StringRef shape) {
  PassManager pm(module.getContext());
  SpecializeShapesOptions options;
  options.shape = shape.str();
  pm.addPass(createSpecializeShapes(options));
  return failed(pm.run(module)) ? reported() : llvm::Error::success();
}

static llvm::Expected<OwningOpRef<ModuleOp>> load(MLIRContext &context,
                                                  const RunOptions &options) {
  OwningOpRef<ModuleOp> module = loadModule(options.model, context);
  if (!module)
    return reported();
  if (!options.shape.empty())
    if (llvm::Error error = specialize(*module, options.shape))
      return std::move(error);
  return module;
}

llvm::Expected<std::unique_ptr<Program>>
loadAndCompile(MLIRContext &context, const RunOptions &options, StringRef taps,
               bool marks) {
  auto module = load(context, options);
  if (!module)
    return module.takeError();
  CpuCodegenOptions codegen;
  codegen.isa = options.isa;
  codegen.parallel = options.threads > 1;
  codegen.taps = taps.str();
  codegen.marks = marks;
  return Program::compile(std::move(*module), codegen);
}

namespace {
/// A model that is ready to run, compiled or interpreted.
struct Runnable {
  std::unique_ptr<Program> program;
  std::unique_ptr<InterpretedModel> interpreted;

  const Signature &signature() const {
    return program ? program->signature() : interpreted->signature();
  }
  ModuleOp module() {
    return program ? program->module() : interpreted->module();
  }
  llvm::Expected<std::vector<NpyArray>> run(ArrayRef<const NpyArray *> inputs) {
    return program ? program->run(inputs) : interpreted->run(inputs);
  }
};
} // namespace

/// `onValue` gets the values that have a name.
static llvm::Expected<Runnable> makeRunnable(MLIRContext &context,
                                             const RunOptions &options,
                                             TapHandler onValue = nullptr) {
  Runnable result;
  if (options.interpret) {
    auto module = load(context, options);
    if (!module)
      return module.takeError();
    auto model = InterpretedModel::create(std::move(*module));
    if (!model)
      return model.takeError();
    result.interpreted = std::move(*model);
    result.interpreted->setValueHandler(std::move(onValue));
    return result;
  }
  auto program = loadAndCompile(context, options, onValue ? "values" : "none");
  if (!program)
    return program.takeError();
  result.program = std::move(*program);
  result.program->setTapHandler(std::move(onValue));
  return result;
}

SmallVector<const NpyArray *> pointers(ArrayRef<NpyArray> arrays) {
  SmallVector<const NpyArray *> result;
  for (const NpyArray &array : arrays)
    result.push_back(&array);
  return result;
}

/// The first feed of the data: what a single run takes.
static llvm::Expected<std::vector<NpyArray>>
firstFeed(const Signature &signature, const RunOptions &options) {
  if (options.inputs == "random" || signature.inputs.empty())
    return makeRandomInputs(signature, 0);
  if (options.inputs.empty())
    return llvm::createStringError("the model has inputs: give --inputs");
  DataOptions dataOptions;
  dataOptions.refuseNonFinite = false;
  auto source = DataSource::open(options.inputs, signature.inputs, dataOptions);
  if (!source)
    return source.takeError();
  auto feed = (*source)->next();
  if (!feed)
    return feed.takeError();
  return std::move((*feed)->arrays);
}

namespace {
/// A compiled model and the inputs of one run.
struct SingleRun {
  std::unique_ptr<Program> program;
  std::vector<NpyArray> inputs;

  llvm::Error run() {
    auto outputs = program->run(pointers(inputs));
    return outputs ? llvm::Error::success() : outputs.takeError();
  }
};
} // namespace

static llvm::Expected<SingleRun> prepare(MLIRContext &context,
                                         const RunOptions &options,
                                         StringRef taps = "none",
                                         bool marks = false) {
  auto program = loadAndCompile(context, options, taps, marks);
  if (!program)
    return program.takeError();
  auto inputs = firstFeed((*program)->signature(), options);
  if (!inputs)
    return inputs.takeError();
  return SingleRun{std::move(*program), std::move(*inputs)};
}

llvm::Error printSignature(MLIRContext &context, const RunOptions &options) {
  auto module = load(context, options);
  if (!module)
    return module.takeError();
  FailureOr<func::FuncOp> entry = findMain(**module);
  if (failed(entry))
    return reported();
  auto signature = getSignature(*entry);
  if (!signature)
    return signature.takeError();
  llvm::outs() << llvm::formatv("{0:2}", toJSON(*signature)) << "\n";
  return llvm::Error::success();
}

/// Joins the outputs of several runs along their first dimension.
static llvm::Expected<NpyArray> join(ArrayRef<NpyArray> parts,
                                     const InputSpec &output) {
  const NpyArray &first = parts.front();
  SmallVector<int64_t> shape(first.shape.begin(), first.shape.end());
  if (shape.empty())
    return llvm::createStringError(
        "output '" + output.name +
        "' is a scalar, so the outputs of several runs cannot be joined; give "
        "inputs for one run");
  shape[0] = 0;
  for (const NpyArray &part : parts) {
    if (ArrayRef<int64_t>(part.shape).drop_front() !=
        ArrayRef<int64_t>(shape).drop_front())
      return llvm::createStringError(
          "output '" + output.name + "' has shape " + shapeString(first.shape) +
          " in one run and " + shapeString(part.shape) +
          " in another, so they cannot be joined; run them one by one");
    shape[0] += part.shape[0];
  }
  auto joined = NpyArray::create(first.dtype, shape);
  if (!joined)
    return joined.takeError();
  char *at = joined->data();
  for (const NpyArray &part : parts)
    at = std::copy(part.bytes().begin(), part.bytes().end(), at);
  return joined;
}

llvm::Error runModel(MLIRContext &context, const RunOptions &options,
                     StringRef outputPath) {
  auto model = makeRunnable(context, options);
  if (!model)
    return model.takeError();
  const Signature &signature = model->signature();
  // By output, then by run.
  std::vector<std::vector<NpyArray>> parts(signature.outputs.size());
  auto runOnce = [&](ArrayRef<NpyArray> arrays) -> llvm::Error {
    auto outputs = model->run(pointers(arrays));
    if (!outputs)
      return outputs.takeError();
    for (auto [list, output] : llvm::zip(parts, *outputs))
      list.push_back(std::move(output));
    return llvm::Error::success();
  };
  if (options.inputs == "random") {
    auto arrays = makeRandomInputs(signature, 0);
    if (!arrays)
      return arrays.takeError();
    if (llvm::Error error = runOnce(*arrays))
      return error;
  } else {
    DataOptions dataOptions;
    dataOptions.refuseNonFinite = false;
    auto source =
        DataSource::open(options.inputs, signature.inputs, dataOptions);
    if (!source)
      return source.takeError();
    for (int64_t done = 0;; ++done) {
      auto feed = (*source)->next();
      if (!feed)
        return feed.takeError();
      if (!*feed)
        break;
      if (llvm::Error error = runOnce((*feed)->arrays))
        return error;
      reportProgress(done + 1, (*source)->feedCount(), "runs");
    }
  }
  std::vector<NpyArray> joined;
  for (auto [list, output] : llvm::zip(parts, signature.outputs)) {
    if (list.size() == 1) {
      joined.push_back(std::move(list.front()));
      continue;
    }
    auto array = join(list, output);
    if (!array)
      return array.takeError();
    joined.push_back(std::move(*array));
  }
  std::vector<std::pair<std::string, const NpyArray *>> named;
  for (auto [array, output] : llvm::zip(joined, signature.outputs))
    named.push_back({output.name, &array});
  return writeNpz(outputPath, named);
}

/// The outputs of the first feed.
static llvm::Expected<std::vector<NpyArray>>
runFirst(Runnable &model, const RunOptions &options) {
  auto inputs = firstFeed(model.signature(), options);
  if (!inputs)
    return inputs.takeError();
  return model.run(pointers(*inputs));
}

llvm::Error dumpValues(MLIRContext &context, const RunOptions &options,
                       StringRef outputPath) {
  std::vector<std::pair<std::string, NpyArray>> values;
  auto keep = [&](const TappedValue &value) -> llvm::Error {
    auto array = NpyArray::create(value.dtype, value.shape);
    if (!array)
      return array.takeError();
    std::copy(value.data, value.data + array->bytes().size(), array->data());
    values.emplace_back(value.id.str(), std::move(*array));
    return llvm::Error::success();
  };
  auto model = makeRunnable(context, options, keep);
  if (!model)
    return model.takeError();
  auto outputs = runFirst(*model, options);
  if (!outputs)
    return outputs.takeError();
  std::vector<std::pair<std::string, const NpyArray *>> named;
  llvm::StringSet<> seen;
  for (auto &[id, array] : values)
    if (seen.insert(id).second)
      named.push_back({id, &array});
  return writeNpz(outputPath, named);
}

llvm::Error printOutputs(MLIRContext &context, const RunOptions &options) {
  auto model = makeRunnable(context, options);
  if (!model)
    return model.takeError();
  auto outputs = runFirst(*model, options);
  if (!outputs)
    return outputs.takeError();
  FailureOr<func::FuncOp> entry = findMain(model->module());
  if (failed(entry))
    return reported();
  for (auto [spec, type, array] : llvm::zip_equal(
           model->signature().outputs, entry->getResultTypes(), *outputs)) {
    llvm::outs() << spec.name << ": ";
    interpreter::print(llvm::outs(),
                       interpreter::Tensor::view(getElementTypeOrSelf(type),
                                                 array.shape, array.bytes()));
    llvm::outs() << "\n";
  }
  return llvm::Error::success();
}

llvm::Error verifyContractions(MLIRContext &context,
                               const RunOptions &options) {
  auto single = prepare(context, options, "contractions");
  if (!single)
    return single.takeError();
  FailureOr<func::FuncOp> entry = findMain(single->program->module());
  if (failed(entry))
    return reported();
  ContractionVerifier verifier(*entry);
  single->program->setTapHandler(
      [&](const TappedValue &value) { return verifier.add(value); });
  if (llvm::Error error = single->run())
    return error;
  llvm::outs() << verifier.contractions() << " contractions, "
               << verifier.checkedElements() << " elements, "
               << verifier.differingElements() << " differ\n";
  if (verifier.differingElements() != 0)
    return llvm::createStringError("compiled code differs from plain "
                                   "arithmetic in: " +
                                   llvm::join(verifier.differingIds(), ", "));
  return llvm::Error::success();
}

/// Multiply-adds of the module at the sizes of `inputs`.
static std::optional<MultiplyAdds> countAt(ModuleOp module,
                                           const Signature &signature,
                                           ArrayRef<NpyArray> inputs) {
  std::vector<std::string> sizes;
  llvm::StringSet<> seen;
  for (auto [spec, array] : llvm::zip(signature.inputs, inputs))
    for (auto [symbol, size] : llvm::zip(spec.symbols, array.shape))
      if (!symbol.empty() && seen.insert(symbol).second)
        sizes.push_back(symbol + "=" + std::to_string(size));
  OwningOpRef<ModuleOp> copy = module.clone();
  // A count that cannot be had is no error of the model.
  ScopedDiagnosticHandler ignored(module.getContext(),
                                  [](Diagnostic &) { return success(); });
  if (!sizes.empty())
    if (llvm::Error error = specialize(*copy, llvm::join(sizes, ","))) {
      llvm::consumeError(std::move(error));
      return std::nullopt;
    }
  return countMultiplyAdds(*copy);
}

llvm::Error benchModel(MLIRContext &context, const RunOptions &options) {
  auto single = prepare(context, options);
  if (!single)
    return single.takeError();
  Program &program = *single->program;
  auto count = countAt(program.module(), program.signature(), single->inputs);
  auto result = bench(program, pointers(single->inputs), options.seconds);
  if (!result)
    return result.takeError();

  llvm::json::Object report{{"median_ms", result->medianMs},
                            {"min_ms", result->minMs},
                            {"runs", result->runs},
                            {"threads", int64_t(options.threads)},
                            {"target", describeTarget(options.isa)},
                            {"gops", nullptr},
                            {"peak_gops", nullptr},
                            {"peak_share", nullptr},
                            {"format", nullptr}};
  if (count) {
    bool isFloat = count->integer == 0;
    double gops =
        2e-6 * double(count->integer + count->floating) / result->medianMs;
    auto peak = measurePeak(context, options.isa, isFloat, options.threads);
    if (!peak)
      return peak.takeError();
    report["gops"] = gops;
    report["peak_gops"] = *peak * 1e-9;
    report["peak_share"] = gops / (*peak * 1e-9);
    report["format"] = isFloat ? "f32" : "i8";
  }
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(report)))
               << "\n";
  return llvm::Error::success();
}

llvm::Error profileModel(MLIRContext &context, const RunOptions &options) {
  auto single = prepare(context, options, "none", /*marks=*/true);
  if (!single)
    return single.takeError();
  auto steps =
      profile(*single->program, pointers(single->inputs), options.seconds);
  if (!steps)
    return steps.takeError();
  double total = 0;
  for (const StepTime &step : *steps)
    total += step.medianMs;
  llvm::outs() << llvm::formatv("{0,10:F4} ms in {1} steps\n", total,
                                steps->size());
  for (const StepTime &step : *steps)
    llvm::outs() << llvm::formatv("{0,10:F4} ms {1,6:P1}  {2}\n", step.medianMs,
                                  step.medianMs / total, step.name);
  return llvm::Error::success();
}
} // namespace lowbit
