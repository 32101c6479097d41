//===- Evaluator.cpp - what choices cost at the model's output ------------===//
//
// Inserts probes into a copy of the module, writes it as bytecode, starts
// `quant-run MODULE --evaluate --inputs DATA` and talks to it as
// lowbit/Run/Evaluation.h says; only choices that changed are sent. Refused, in
// one diagnostic each: a missing quant-run, data that does not fit, a crash.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Evaluate/Evaluator.h"

#include "lowbit/Analysis/Padding.h"
#include "lowbit/Evaluate/Passes.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/TrialModule.h"
#include "lowbit/Process/ChildProgram.h"
#include "lowbit/Process/LineProcess.h"
#include "lowbit/Process/TemporaryFile.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;
namespace json = llvm::json;

static constexpr StringLiteral kTask = "evaluation";

//===----------------------------------------------------------------------===//
// Parameters of observers
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> blockOf(AffineType format,
                                    ArrayRef<int64_t> shape) {
  if (format.isPerTensor())
    return {};
  SmallVector<int64_t> block;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    int64_t extent = GranularityAttr::kWhole;
    if (format.isPerAxis())
      extent = int64_t(dim) == *format.getAxis() ? 1 : extent;
    else
      extent = format.getGranularity().getBlock()[dim];
    block.push_back(extent == GranularityAttr::kWhole
                        ? std::max<int64_t>(size, 1)
                        : extent);
  }
  return block;
}

ValueParameters lowbit::parametersOf(ObserveOp op) {
  ValueParameters result;
  auto format = op.getFormat() ? dyn_cast<AffineType>(Type(*op.getFormat()))
                               : AffineType();
  ElementsAttr scale = op.getScaleAttr(), zeroPoint = op.getZeroPointAttr();
  if (!format || !scale)
    return result;
  auto scales = readFloats(scale);
  if (!scales)
    return result;
  std::vector<int32_t> zeroPoints(scales->size(), 0);
  if (auto read = zeroPoint ? readIntegers(zeroPoint) : std::nullopt)
    zeroPoints = *read;
  result.range = {int32_t(format.getMin()), int32_t(format.getMax())};
  result.block =
      blockOf(format, cast<RankedTensorType>(op.getType()).getShape());
  for (auto [value, zero] : llvm::zip_equal(*scales, zeroPoints))
    result.params.push_back({value, zero});
  return result;
}

ParametersById lowbit::parametersOf(ModuleOp module) {
  ParametersById choices;
  module.walk([&](ObserveOp op) {
    if (op.getRole() == "value")
      return;
    ValueParameters parameters = parametersOf(op);
    if (!parameters.params.empty())
      choices.emplace(op.getId().str(), std::move(parameters));
  });
  return choices;
}

//===----------------------------------------------------------------------===//
// The child
//===----------------------------------------------------------------------===//

class Evaluator::Child {
public:
  Child(StringRef tool, std::unique_ptr<TemporaryFile> program,
        ArrayRef<std::string> arguments)
      : program(std::move(program)), process(tool, arguments) {}

  std::unique_ptr<TemporaryFile> program;
  LineProcess process;
};

Evaluator::Evaluator(ModuleOp module, std::unique_ptr<Child> child)
    : module(module), child(std::move(child)) {}
Evaluator::~Evaluator() = default;

static LogicalResult writeProbed(ModuleOp observed, StringRef path) {
  TrialModule probed(observed);
  PassManager pm(observed.getContext());
  pm.addPass(createInsertProbes());
  if (failed(pm.run(*probed)))
    return failure();
  return writeChildProgram(*probed, path);
}

FailureOr<std::unique_ptr<Evaluator>>
Evaluator::start(ModuleOp observed, const EvaluatorOptions &options) {
  FailureOr<std::string> tool = findQuantRun(observed, kTask);
  if (failed(tool))
    return failure();
  if (!options.mask.empty()) {
    // What the child finds as well, with the places in this module.
    FailureOr<func::FuncOp> main = findMain(observed);
    if (failed(main) || failed(analyzeOutputPadding(*main, options.mask)))
      return failure();
  }
  auto program = std::make_unique<TemporaryFile>("mlirbc");
  if (program->code)
    return observed.emitError("evaluation: no temporary file: ")
           << program->code.message();
  if (failed(writeProbed(observed, program->path)))
    return failure();
  std::vector<std::string> arguments = {program->path.str().str(),
                                        "--evaluate",
                                        "--inputs",
                                        options.data,
                                        "--threads",
                                        threadsArgument(options.threads),
                                        "--held-out",
                                        std::to_string(options.heldOut)};
  if (!options.mask.empty())
    llvm::append_values(arguments, "--mask", options.mask);
  std::unique_ptr<Evaluator> evaluator(new Evaluator(
      observed, std::make_unique<Child>(*tool, std::move(program), arguments)));
  if (failed(evaluator->greet()))
    return failure();
  return evaluator;
}

LogicalResult Evaluator::greet() {
  std::string line;
  if (!child->process.read(line))
    return emitChildError(module, kTask, child->process.finish());
  auto greeting = json::parse(line);
  const json::Object *object = greeting ? greeting->getAsObject() : nullptr;
  if (!greeting)
    llvm::consumeError(greeting.takeError());
  if (!object || !object->getBoolean("ready"))
    return module.emitError("evaluation: quant-run said '") << line << "'";
  sampleCount = object->getInteger("samples").value_or(0);
  totalCount = object->getInteger("of").value_or(0);
  heldOut = object->getBoolean("held_out").value_or(false);
  if (int64_t leftOut = object->getInteger("left_out").value_or(0))
    module.emitRemark() << leftOut
                        << " samples are left out where outputs are compared: "
                           "theirs are next to zero, or padding";
  if (object->getString("held_out_hash")
          .value_or("")
          .getAsInteger(16, heldOutHash))
    return module.emitError("evaluation: a greeting without 'held_out_hash'");
  return success();
}

FailureOr<json::Object> Evaluator::ask(json::Object request) {
  std::string text, line;
  llvm::raw_string_ostream(text) << json::Value(std::move(request));
  if (!child->process.write(text) || !child->process.read(line)) {
    (void)emitChildError(module, kTask, child->process.finish());
    return failure();
  }
  auto reply = json::parse(line);
  json::Object *object = reply ? reply->getAsObject() : nullptr;
  if (!reply)
    llvm::consumeError(reply.takeError());
  if (!object)
    return module.emitError("evaluation: quant-run said '") << line << "'";
  if (auto problem = object->getString("error"))
    return module.emitError("evaluation: ") << *problem;
  return std::move(*object);
}

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static json::Value toJson(const std::string &id,
                          const ValueParameters &parameters) {
  json::Object value{{"id", id}};
  if (parameters.params.empty())
    return value;
  json::Array scales, zeroPoints;
  for (const AffineParams &p : parameters.params) {
    scales.push_back(double(p.scale));
    zeroPoints.push_back(p.zeroPoint);
  }
  value["scale"] = std::move(scales);
  value["zero_point"] = std::move(zeroPoints);
  value["min"] = parameters.range.min;
  value["max"] = parameters.range.max;
  if (!parameters.block.empty())
    value["block"] = json::Array(parameters.block);
  return value;
}

FailureOr<Quality> Evaluator::evaluate(const ParametersById &choices,
                                       unsigned samples) {
  json::Array changed;
  for (const auto &[id, parameters] : choices) {
    auto known = current.find(id);
    if (known == current.end() || !(known->second == parameters))
      changed.push_back(toJson(id, parameters));
  }
  for (const auto &[id, parameters] : current)
    if (!choices.count(id))
      changed.push_back(toJson(id, {}));
  if (!changed.empty()) {
    if (failed(ask(json::Object{{"set", std::move(changed)}})))
      return failure();
    current = choices;
  }
  auto reply =
      ask(json::Object{{"evaluate", std::min<int64_t>(samples, sampleCount)}});
  if (failed(reply))
    return failure();
  Quality quality;
  quality.meanDb = reply->getNumber("mean_db").value_or(0);
  const json::Array *bySample = reply->getArray("db");
  if (!bySample)
    return module.emitError("evaluation: an answer without 'db'");
  for (const json::Value &sample : *bySample) {
    std::vector<double> &row = quality.db.emplace_back();
    if (const json::Array *byOutput = sample.getAsArray())
      for (const json::Value &output : *byOutput)
        if (auto db = output.getAsNumber())
          row.push_back(*db);
  }
  return quality;
}

LogicalResult Evaluator::load(StringRef name, ArrayRef<char> bytes) {
  if (bytes.empty())
    return success(succeeded(ask(json::Object{{"load", name}})));
  TemporaryFile file("bytes");
  std::error_code code = file.code;
  if (!code) {
    llvm::raw_fd_ostream os(file.path, code);
    os.write(bytes.data(), bytes.size());
    os.close();
    if (os.has_error())
      code = os.error();
    os.clear_error();
  }
  if (code)
    return module.emitError("evaluation: cannot write a temporary file: ")
           << code.message();
  return success(
      succeeded(ask(json::Object{{"load", name}, {"file", file.path.str()}})));
}
