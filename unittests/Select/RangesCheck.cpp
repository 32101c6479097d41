//===- RangesCheck.cpp - choices of the methods, as JSON ------------------===//
//
//   lowbit-ranges-check DATA.npz activations|weights|rows MODE...
//
// In: f32 arrays whose first dimension is samples (or groups of weights, or
// rows that a softmax reads or makes), and modes such as `mse,-8:7,symmetric`.
// Out: for each array and mode, what chooseRange or chooseWeightGroup chose.
// test/python/test_range_methods.py holds it against brute force.
//
//===----------------------------------------------------------------------===//
#include "Data/Arrays.h"
#include "lowbit/Select/Ranges.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <ctime>

using namespace lowbit;
using llvm::ArrayRef;
using llvm::StringRef;

static llvm::ExitOnError exitOnError("lowbit-ranges-check: ");

namespace {
struct Mode {
  std::string text;
  MethodSpec method;
  Target target;
};
} // namespace

static llvm::Expected<Mode> parseMode(StringRef text) {
  auto [method, rest] = text.split(',');
  auto [range, symmetry] = rest.split(',');
  auto [low, high] = range.split(':');
  Mode mode;
  mode.text = text.str();
  llvm::Expected<MethodSpec> spec = MethodSpec::parse(method);
  if (!spec)
    return spec.takeError();
  mode.method = *spec;
  if (low.getAsInteger(10, mode.target.range.min) ||
      high.getAsInteger(10, mode.target.range.max) ||
      (symmetry != "symmetric" && symmetry != "asymmetric"))
    return llvm::createStringError("'" + text +
                                   "' is not METHOD,LOW:HIGH,SYMMETRY");
  mode.target.symmetry =
      symmetry == "symmetric" ? Symmetry::Symmetric : Symmetry::Asymmetric;
  return mode;
}

static llvm::json::Object toJson(const ChosenParams &chosen) {
  return llvm::json::Object{{"scale", double(chosen.params.scale)},
                            {"zero_point", chosen.params.zeroPoint},
                            {"floored", chosen.floored}};
}

static llvm::json::Object chooseFor(const ValueStatistics &statistics,
                                    const Mode &mode) {
  std::clock_t start = std::clock();
  RangeChoice choice = chooseRange(statistics, mode.method, mode.target);
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  llvm::json::Object result = toJson(choice.chosen);
  result["seconds"] = seconds;
  result["min"] = double(choice.min);
  result["max"] = double(choice.max);
  result["objective"] = choice.objective;
  result["mse"] = choice.meanSquaredError;
  result["sqnr_db"] = choice.sqnrDb;
  result["clipped"] = choice.clippedShare;
  result["note"] = choice.note;
  return result;
}

static llvm::json::Object chooseGroups(const NpyArray &array, int64_t groups,
                                       const Mode &mode) {
  llvm::json::Array chosen;
  int64_t size = groups ? array.numElements() / groups : 0;
  std::clock_t start = std::clock();
  for (int64_t i = 0; i < groups; ++i) {
    double objective = 0;
    llvm::json::Object group =
        toJson(chooseWeightGroup(array.elements<float>().slice(i * size, size),
                                 mode.method, mode.target, &objective));
    group["objective"] = objective;
    chosen.push_back(std::move(group));
  }
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  return llvm::json::Object{{"groups", std::move(chosen)},
                            {"seconds", seconds}};
}

int main(int argc, char **argv) {
  if (argc < 4) {
    llvm::errs() << "usage: lowbit-ranges-check DATA.npz "
                    "activations|weights|rows MODE...\n";
    return 2;
  }
  StringRef kind = argv[2];
  std::vector<Mode> modes;
  for (const char *text : ArrayRef<const char *>(argv + 3, argc - 3))
    modes.push_back(exitOnError(parseMode(text)));
  std::unique_ptr<NpzFile> file = exitOnError(NpzFile::open(argv[1]));
  llvm::json::Object results;
  for (const std::string &name : file->names()) {
    NpyArray array = exitOnError(testing::readArray(file->openBytes(name)));
    if (array.dtype != DType::F32 || array.shape.empty()) {
      llvm::errs() << "the array '" << name << "' is not f32, or a scalar\n";
      return 2;
    }
    int64_t samples = array.shape[0];
    int64_t size = samples ? array.numElements() / samples : 0;
    ValueStatistics statistics;
    if (kind == "rows")
      statistics.kept.emplace();
    for (int64_t i = 0; i < samples && kind != "weights"; ++i) {
      ArrayRef<float> sample = array.elements<float>().slice(i * size, size);
      if (!statistics.addSample(sample)) {
        llvm::errs() << "the array '" << name << "' is not finite\n";
        return 2;
      }
      if (kind == "rows")
        statistics.kept->add(sample);
    }
    llvm::json::Object choices;
    for (const Mode &mode : modes)
      choices[mode.text] = kind == "weights"
                               ? chooseGroups(array, samples, mode)
                               : chooseFor(statistics, mode);
    results[name] = std::move(choices);
  }
  llvm::outs() << llvm::json::Value(std::move(results)) << "\n";
  return 0;
}
