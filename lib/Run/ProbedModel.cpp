//===- ProbedModel.cpp - a compiled model of any parameters ---------------===//
//
// In: parameters by value id. Out: rows of the probes' argument, and quantized
// bytes of weights. Refused: unknown names (with the nearest), parameters that
// do not fit the value.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/ProbedModel.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Numerics/Blocks.h"
#include "lowbit/Store/NearestName.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace lowbit;

llvm::Expected<std::unique_ptr<ProbedModel>>
ProbedModel::create(std::unique_ptr<Program> program) {
  std::unique_ptr<ProbedModel> model(new ProbedModel(std::move(program)));
  if (llvm::Error error = model->readNames())
    return std::move(error);
  return model;
}

llvm::Error ProbedModel::readNames() {
  FailureOr<func::FuncOp> entry = findMain(program->module());
  if (failed(entry))
    return reported();
  ownSignature = program->signature();
  for (unsigned i = 0; i < entry->getNumArguments(); ++i)
    if (auto ids = entry->getArgAttrOfType<ArrayAttr>(i, kProbesName)) {
      for (auto id : ids.getAsRange<StringAttr>())
        probeIds.push_back(id.str());
      probeInput = i;
    }
  for (auto parameter : program->module().getOps<ParameterOp>())
    if (auto id = parameter->getAttrOfType<StringAttr>(kProbeAttr)) {
      auto type = dyn_cast<RankedTensorType>(parameter.getType());
      if (!type || !type.getElementType().isF32())
        return llvm::createStringError("the weight '" + id.str() +
                                       "' is not a tensor of f32");
      Weight &weight = weightsById[id.str()];
      weight.parameter = parameter.getSymName().str();
      weight.shape.assign(type.getShape().begin(), type.getShape().end());
    }
  if (!probeInput && weightsById.empty())
    return llvm::createStringError(
        "the module has no probes; make them with quant-opt "
        "--lowbit-insert-probes, out of observers");
  if (!probeInput)
    return llvm::Error::success();
  auto rows = NpyArray::create(DType::F32, {int64_t(probeIds.size()), 3});
  if (!rows)
    return rows.takeError();
  table = std::move(*rows);
  const InputSpec &spec = ownSignature.inputs[*probeInput];
  if (spec.dtype != table.dtype || spec.shape != table.shape)
    return llvm::createStringError("the probes' argument should be " +
                                   shapeString(table.shape) +
                                   " of f32, found " + specString(spec));
  std::fill(table.elements<float>().begin(), table.elements<float>().end(), 0);
  ownSignature.inputs.erase(ownSignature.inputs.begin() + *probeInput);
  ownSignature.takesSmallIntegers.erase(
      ownSignature.takesSmallIntegers.begin() + *probeInput);
  return llvm::Error::success();
}

std::vector<std::string> ProbedModel::weights() const {
  std::vector<std::string> ids;
  for (const auto &[id, weight] : weightsById)
    ids.push_back(id);
  return ids;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

llvm::Error ProbedModel::check(StringRef id,
                               const ValueParameters &parameters) const {
  auto fail = [&](const Twine &problem) {
    return llvm::createStringError("value '" + id + "': " + problem);
  };
  auto found = weightsById.find(id.str());
  bool isProbe = llvm::is_contained(probeIds, id);
  if (!isProbe && found == weightsById.end()) {
    std::vector<std::string> names = weights();
    llvm::append_range(names, probeIds);
    return llvm::createStringError("there is no value '" + id + "'" +
                                   suggestNames(id, names));
  }
  if (parameters.params.empty())
    return llvm::Error::success();
  constexpr int32_t most = 65535;
  StorageRange range = parameters.range;
  if (range.min >= range.max || range.min < -most || range.max > most)
    return fail("the integers " + Twine(range.min) + " to " + Twine(range.max) +
                " are no storage range");
  for (const AffineParams &p : parameters.params) {
    if (!(p.scale > 0) || !std::isfinite(p.scale))
      return fail("a scale should be positive and finite, found " +
                  llvm::formatv("{0}", double(p.scale)).str());
    if (p.zeroPoint < range.min || p.zeroPoint > range.max)
      return fail("zero point " + Twine(p.zeroPoint) + " is not in [" +
                  Twine(range.min) + ", " + Twine(range.max) + "]");
  }
  int64_t expected = 1;
  if (!parameters.block.empty()) {
    if (isProbe)
      return fail("an activation has one scale, and no blocks");
    const Weight &weight = found->second;
    if (parameters.block.size() != weight.shape.size())
      return fail("a block should have " + Twine(weight.shape.size()) +
                  " dimensions, found " + Twine(parameters.block.size()));
    for (int64_t extent : parameters.block)
      if (extent < 1)
        return fail("a block has at least one element in each dimension, "
                    "found " +
                    Twine(extent));
    expected = int64_t(Blocks(weight.shape.data(), parameters.block.data(),
                              weight.shape.size())
                           .count());
  }
  if (int64_t(parameters.params.size()) != expected)
    return fail(Twine(expected) + " scales were expected, found " +
                Twine(parameters.params.size()));
  return llvm::Error::success();
}

void lowbit::fakeQuantize(ArrayRef<float> values, ArrayRef<int64_t> shape,
                          const ValueParameters &parameters,
                          MutableArrayRef<float> result) {
  SmallVector<int64_t> block(parameters.block);
  block.resize(shape.size(), 0); // without blocks all dimensions are whole
  Blocks(shape.data(), block.data(), shape.size())
      .forEachRun([&](size_t at, size_t first, size_t length) {
        AffineParams params = parameters.params[at];
        StorageRange range = parameters.range;
        for (size_t i = first; i < first + length; ++i)
          result[i] = fakeQuant(values[i], params, range);
      });
}

llvm::Expected<ArrayRef<char>> ProbedModel::floatBytes(StringRef parameter) {
  auto found = loaded.find(parameter.str());
  if (found != loaded.end())
    return ArrayRef<char>(found->second);
  return program->parameter(parameter);
}

llvm::Error ProbedModel::apply(Weight &weight) {
  auto bytes = floatBytes(weight.parameter);
  if (!bytes)
    return bytes.takeError();
  if (weight.current.params.empty()) {
    weight.quantized = {};
    return program->setParameter(weight.parameter, *bytes);
  }
  ArrayRef<float> values(reinterpret_cast<const float *>(bytes->data()),
                         bytes->size() / sizeof(float));
  weight.quantized.resize(values.size());
  fakeQuantize(values, weight.shape, weight.current, weight.quantized);
  return program->setParameter(
      weight.parameter,
      {reinterpret_cast<const char *>(weight.quantized.data()), bytes->size()});
}

llvm::Error ProbedModel::set(StringRef id, const ValueParameters &parameters) {
  if (auto found = weightsById.find(id.str()); found != weightsById.end()) {
    found->second.current = parameters;
    return apply(found->second);
  }
  size_t row = llvm::find(probeIds, id) - probeIds.begin();
  float *entry = table.elements<float>().data() + 3 * row;
  AffineParams p;
  p.scale = 0;
  if (!parameters.params.empty())
    p = parameters.params.front();
  entry[0] = p.scale;
  entry[1] = float(parameters.range.min - p.zeroPoint);
  entry[2] = float(parameters.range.max - p.zeroPoint);
  return llvm::Error::success();
}

llvm::Error ProbedModel::load(StringRef name, std::vector<char> bytes) {
  auto found = weightsById.find(name.str());
  Weight *weight = found == weightsById.end() ? nullptr : &found->second;
  std::string parameter = weight ? weight->parameter : name.str();
  for (auto &[id, other] : weightsById)
    if (!weight && other.parameter == parameter)
      weight = &other;
  auto own = program->parameter(parameter);
  if (!own)
    return own.takeError();
  if (!bytes.empty() && bytes.size() != own->size())
    return llvm::createStringError("parameter '" + parameter + "' has " +
                                   Twine(own->size()) + " bytes, found " +
                                   Twine(bytes.size()));
  std::vector<char> &kept = loaded[parameter];
  kept = bytes.empty() ? std::vector<char>(own->begin(), own->end())
                       : std::move(bytes);
  return weight ? apply(*weight) : program->setParameter(parameter, kept);
}

llvm::Expected<std::vector<NpyArray>>
ProbedModel::run(ArrayRef<NpyArray> inputs) {
  SmallVector<const NpyArray *> all;
  for (const NpyArray &input : inputs)
    all.push_back(&input);
  if (probeInput)
    all.insert(all.begin() + *probeInput, &table);
  return program->run(all);
}
