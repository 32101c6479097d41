//===- CheckNetwork.cpp - one network, quantized and run ------------------===//
//
// In: a folder with a network of the float contract and its data. Out: whether
// compiled code gives the interpreter's bytes, and how near both are to the
// float network: a mistake that both sides share shows there.
//
//===----------------------------------------------------------------------===//
#include "CheckNetwork.h"

#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Pipeline/Pipelines.h"
#include "lowbit/Run/InterpretedModel.h"
#include "lowbit/Run/Program.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace lowbit;

namespace {
using Outputs = std::vector<NpyArray>;
using Clock = std::chrono::steady_clock;

/// Writes the table that lowbit-calibrate is about to read.
class CalibrateFirst : public PassInstrumentation {
public:
  CalibrateFirst(std::string data, std::string table)
      : data(std::move(data)), table(std::move(table)) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (pass->getArgument() != "lowbit-calibrate")
      return;
    if (llvm::Error error =
            networks::calibrate(cast<ModuleOp>(op), data, table))
      op->emitError("not calibrated: ") << llvm::toString(std::move(error));
  }

private:
  std::string data, table;
};

class Check {
public:
  explicit Check(const networks::Request &request) : request(request) {
    registerCodegenDialects(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
    context->printOpOnDiagnostic(false);
  }

  llvm::json::Object run() {
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
        return;
      ++errors;
      isLocated &= !isa<UnknownLoc>(diagnostic.getLocation());
      llvm::raw_string_ostream(diagnostics)
          << diagnostic.getLocation() << ": " << diagnostic << "\n";
      for (Diagnostic &note : diagnostic.getNotes())
        diagnostics += "  note: " + note.str() + "\n";
    });
    auto network = loadModule(request.folder + "/model.mlir", *context);
    if (!network || failed(runPtq(*network, "compile-to=import")))
      return fail("not imported");
    auto feeds = readFeeds(*network);
    if (!feeds)
      return fail("inputs", feeds.takeError());
    auto floats = interpret(*network, *feeds);
    if (!floats)
      return fail("the float network is not interpreted", floats.takeError());
    lap("float");
    if (request.options != "none")
      if (auto ended = quantize(*network))
        return std::move(*ended);
    countContractions(*network);
    auto expected = request.options == "none" ? std::move(floats)
                                              : interpret(*network, *feeds);
    if (!expected)
      return fail("not interpreted", expected.takeError());
    lap("interpret");
    if (request.options != "none")
      answer["sqnr"] = ratio(*floats, *expected);
    CpuCodegenOptions codegen;
    codegen.isa = request.isa;
    auto program =
        Program::compile(OwningOpRef<ModuleOp>(network->clone()), codegen);
    if (!program)
      return fail("not compiled", program.takeError());
    lap("compile");
    auto found = runAll(**program, *feeds);
    if (!found)
      return fail("compiled code", found.takeError());
    lap("run");
    return compare(*expected, *found);
  }

private:
  llvm::json::Object fail(const Twine &what,
                          llvm::Error error = llvm::Error::success()) {
    answer["result"] = "failed";
    answer["text"] =
        (what + ": " + llvm::toString(std::move(error)) + diagnostics).str();
    return std::move(answer);
  }

  LogicalResult runPtq(ModuleOp module, StringRef text) {
    PtqOptions options;
    if (failed(options.parseFromString(text, llvm::errs())))
      return module.emitError("options: ") << text;
    PassManager pm(context.get());
    if (!options.calibrationTable.empty())
      pm.addInstrumentation(std::make_unique<CalibrateFirst>(
          request.folder + "/calibration", options.calibrationTable));
    auto emitError = [&](const Twine &why) { return module.emitError(why); };
    if (failed(buildPtqPipeline(pm, options, emitError)))
      return failure();
    return pm.run(module);
  }

  llvm::Expected<std::vector<Feed>> readFeeds(ModuleOp network) {
    auto model = InterpretedModel::create(network.clone());
    if (!model)
      return model.takeError();
    auto source = DataSource::open(request.folder + "/inputs",
                                   (*model)->signature().inputs);
    if (!source)
      return source.takeError();
    std::vector<Feed> feeds;
    while (true) {
      auto feed = (*source)->next();
      if (!feed)
        return feed.takeError();
      if (!*feed)
        return feeds;
      feeds.push_back(std::move(**feed));
    }
  }

  /// The answer, where it ends here.
  std::optional<llvm::json::Object> quantize(ModuleOp network) {
    if (failed(runPtq(network, request.options))) {
      if (errors != 1 || !isLocated)
        return fail("refused, but not by one located error");
      // So verifiers of operations begin: a pass made what it may not make.
      if (StringRef(diagnostics).contains("' op "))
        return fail("broken by a pass");
      answer["result"] = "refused";
      answer["text"] = diagnostics;
      return std::move(answer);
    }
    lap("quantize");
    return std::nullopt;
  }

  template <typename Model>
  llvm::Expected<Outputs> runAll(Model &model, const std::vector<Feed> &feeds) {
    Outputs all;
    for (const Feed &feed : feeds) {
      SmallVector<const NpyArray *> inputs;
      for (const NpyArray &array : feed.arrays)
        inputs.push_back(&array);
      auto outputs = model.run(inputs);
      if (!outputs)
        return outputs.takeError();
      for (NpyArray &output : *outputs)
        all.push_back(std::move(output));
    }
    return all;
  }

  llvm::Expected<Outputs> interpret(ModuleOp network,
                                    const std::vector<Feed> &feeds) {
    auto model = InterpretedModel::create(network.clone());
    if (!model)
      return model.takeError();
    return runAll(**model, feeds);
  }

  /// That networks are quantized at all is checked over many of them. What is
  /// float has a reason, which also other operations than contractions have.
  void countContractions(ModuleOp network) {
    int64_t integer = 0, floating = 0;
    network.walk([&](Operation *op) {
      integer += op->hasAttr(AccumulatorRange::kAttrName);
      floating += op->hasAttr(LowbitDialect::kFloatReasonAttr);
    });
    answer["integer"] = integer;
    answer["float"] = floating;
  }

  /// Signal to noise in dB, over all outputs.
  static double ratio(const Outputs &floats, const Outputs &quantized) {
    double signal = 0, noise = 0;
    for (const auto &[a, b] : llvm::zip_equal(floats, quantized)) {
      if (a.dtype != DType::F32 || b.dtype != DType::F32 || a.shape != b.shape)
        continue;
      for (const auto &[x, y] :
           llvm::zip_equal(a.elements<float>(), b.elements<float>())) {
        signal += double(x) * x;
        noise += (double(x) - y) * (double(x) - y);
      }
    }
    double decibel = 10 * std::log10(signal / noise);
    return std::isfinite(decibel) ? decibel : noise == 0 ? 999 : -999;
  }

  llvm::json::Object compare(const Outputs &expected, const Outputs &found) {
    int64_t count = 0;
    for (const auto &[i, pair] :
         llvm::enumerate(llvm::zip_equal(expected, found))) {
      const auto &[a, b] = pair;
      if (a.dtype != b.dtype || a.shape != b.shape)
        return fail("output " + Twine(i) + " is " + shapeString(a.shape) +
                    " interpreted and " + shapeString(b.shape) + " compiled");
      int64_t size = byteSize(a.dtype);
      for (int64_t at = 0, e = a.numElements(); at < e; ++at)
        if (std::memcmp(a.data() + at * size, b.data() + at * size, size))
          return fail("output " + Twine(i) + " " + shapeString(a.shape) +
                      " differs at element " + Twine(at) + ": interpreted " +
                      show(a, at) + ", compiled " + show(b, at));
      count += a.numElements();
    }
    answer["result"] = "equal";
    answer["elements"] = count;
    return std::move(answer);
  }

  static std::string show(const NpyArray &array, int64_t at) {
    uint64_t bits = 0;
    std::memcpy(&bits, array.data() + at * byteSize(array.dtype),
                byteSize(array.dtype));
    std::string text = "0x" + llvm::utohexstr(bits);
    if (array.dtype == DType::F32)
      text += " (" + std::to_string(array.elements<float>()[at]) + ")";
    return text;
  }

  void lap(StringRef name) {
    auto now = Clock::now();
    answer["seconds." + name.str()] =
        std::chrono::duration<double>(now - started).count();
    started = now;
  }

  const networks::Request &request;
  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  std::string diagnostics;
  int64_t errors = 0;
  bool isLocated = true;
  Clock::time_point started = Clock::now();
  llvm::json::Object answer;
};
} // namespace

llvm::json::Object networks::checkNetwork(const Request &request) {
  return Check(request).run();
}
