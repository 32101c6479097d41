//===- Signature.cpp - Whether arrays fit the model's inputs --------------===//
//
// In: the model's inputs and what a file holds. Out: how the file is cut into
// feeds. Refused: every mismatch; the first is reported, all wrong names at
// once.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Signature.h"
#include "lowbit/Store/NearestName.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace lowbit;

/// The symbol of a dynamic dimension; empty when it has none or is static.
static llvm::StringRef symbolOf(const InputSpec &spec, size_t dim) {
  if (spec.shape[dim] >= 0 || dim >= spec.symbols.size())
    return "";
  return spec.symbols[dim];
}

std::string lowbit::specString(const InputSpec &spec) {
  std::string text = dtypeName(spec.dtype).str() + "[";
  for (size_t d = 0; d < spec.shape.size(); ++d) {
    text += d ? ", " : "";
    if (spec.shape[d] >= 0)
      text += std::to_string(spec.shape[d]);
    else
      text += symbolOf(spec, d).empty() ? "?" : symbolOf(spec, d).str();
  }
  return text + "]";
}

llvm::Error lowbit::checkNames(llvm::StringRef file,
                               llvm::ArrayRef<InputSpec> inputs,
                               llvm::ArrayRef<std::string> names) {
  std::vector<std::string> wanted, missing, extra;
  for (const InputSpec &spec : inputs)
    wanted.push_back(spec.name);
  for (const std::string &name : wanted)
    if (!llvm::is_contained(names, name))
      missing.push_back(name);
  for (const std::string &name : names)
    if (!llvm::is_contained(wanted, name))
      extra.push_back(name);
  if (missing.empty() && extra.empty())
    return llvm::Error::success();

  std::string text = "'" + file.str() + "' does not fit the model: ";
  for (const std::string &name : missing) {
    text += "no array for input '" + name + "'";
    std::vector<llvm::StringRef> near = nearestNames(name, extra, 1);
    if (near.empty() && missing.size() == 1 && extra.size() == 1)
      near.push_back(extra.front());
    if (!near.empty())
      text += " (rename '" + near.front().str() + "'?)";
    text += ", ";
  }
  for (const std::string &name : extra)
    text += "array '" + name + "' is no input, ";
  text.resize(text.size() - 2);
  return llvm::createStringError(
      text + "; expected one array for each of the inputs " +
      quotedList(wanted, /*limit=*/16) + " and no other");
}

namespace {
/// Checks one file's arrays, input by input.
class FileCheck {
public:
  FileCheck(llvm::StringRef file, llvm::ArrayRef<InputSpec> inputs,
            llvm::ArrayRef<ArrayInfo> arrays)
      : file(file), inputs(inputs), arrays(arrays) {}

  llvm::Error checkInput(size_t i);
  llvm::Expected<FileCut> cut(int64_t maxBatch) const;

private:
  llvm::Error refuse(size_t i, const llvm::Twine &fix) const {
    return llvm::createStringError(
        "input '" + inputs[i].name + "' in '" + file + "' is " +
        dtypeName(arrays[i].dtype) + shapeString(arrays[i].shape) +
        "; the model takes " + specString(inputs[i]) + "; " + fix);
  }
  bool oneSymbolLeads() const;

  llvm::StringRef file;
  llvm::ArrayRef<InputSpec> inputs;
  llvm::ArrayRef<ArrayInfo> arrays;
  /// The size of each symbol, and the input that gave it.
  llvm::StringMap<std::pair<int64_t, size_t>> sizes;
};
} // namespace

llvm::Error FileCheck::checkInput(size_t i) {
  const InputSpec &spec = inputs[i];
  const ArrayInfo &array = arrays[i];
  bool widened = array.dtype == DType::I32 && spec.dtype == DType::I64;
  if (array.dtype != spec.dtype && !widened)
    return refuse(i, "cast it with astype('" + dtypeName(spec.dtype) + "')");
  if (array.shape.size() != spec.shape.size())
    return refuse(i, "give it " + llvm::Twine(spec.shape.size()) +
                         " dimensions, it has " +
                         llvm::Twine(array.shape.size()));
  for (size_t d = 0; d < spec.shape.size(); ++d)
    if (array.shape[d] == 0 && spec.shape[d] != 0)
      return refuse(i, "it is empty, give it at least one sample");

  for (size_t d = 0; d < spec.shape.size(); ++d) {
    int64_t actual = array.shape[d], wanted = spec.shape[d];
    if (d == 0 && wanted == 0 && actual != 0)
      return refuse(i, "its first dimension is " + llvm::Twine(actual) +
                           ", make it 0");
    if (d == 0 && wanted > 0 && actual % wanted != 0)
      return refuse(i, "its first dimension is " + llvm::Twine(actual) +
                           ", make it a multiple of " + llvm::Twine(wanted));
    if (d > 0 && wanted >= 0 && actual != wanted)
      return refuse(i, "its dimension " + llvm::Twine(d) + " is " +
                           llvm::Twine(actual) + ", make it " +
                           llvm::Twine(wanted));
    llvm::StringRef symbol = symbolOf(spec, d);
    if (symbol.empty())
      continue;
    auto [known, isNew] = sizes.try_emplace(symbol, actual, i);
    const auto &[size, first] = known->second;
    if (!isNew && size != actual)
      return refuse(i, "its '" + symbol + "' is " + llvm::Twine(actual) +
                           ", but " + llvm::Twine(size) + " in input '" +
                           inputs[first].name + "', and both must be the same");
  }
  return llvm::Error::success();
}

/// Whether the first dimension of every input that is no scalar is one and the
/// same symbol, and no other dimension is: then a slice of each, with the
/// scalars, is a valid set of inputs.
bool FileCheck::oneSymbolLeads() const {
  const InputSpec *first = nullptr;
  for (const InputSpec &spec : inputs) {
    if (spec.shape.empty())
      continue;
    if (spec.shape[0] >= 0)
      return false;
    if (!first) {
      first = &spec;
    } else if (symbolOf(*first, 0).empty() ||
               symbolOf(spec, 0) != symbolOf(*first, 0)) {
      // Without symbols only an input by itself leads.
      return false;
    }
    llvm::StringRef leader = symbolOf(*first, 0);
    for (size_t d = 1; d < spec.shape.size(); ++d)
      if (!leader.empty() && symbolOf(spec, d) == leader)
        return false;
  }
  return first != nullptr;
}

llvm::Expected<FileCut> FileCheck::cut(int64_t maxBatch) const {
  FileCut cut;
  const size_t none = inputs.size();
  size_t firstStatic = none, firstDynamic = none, firstAny = none;
  for (size_t i = 0; i < inputs.size(); ++i) {
    // One of no elements is enough for any number of runs, like a scalar.
    if (inputs[i].shape.empty() || inputs[i].shape[0] == 0)
      continue;
    firstAny = std::min(firstAny, i);
    if (inputs[i].shape[0] < 0) {
      firstDynamic = std::min(firstDynamic, i);
      continue;
    }
    int64_t turns = arrays[i].shape[0] / inputs[i].shape[0];
    if (firstStatic == none) {
      firstStatic = i;
      cut.feeds = turns;
    } else if (turns != cut.feeds) {
      return refuse(i, "it is enough for " + llvm::Twine(turns) +
                           " runs, but input '" + inputs[firstStatic].name +
                           "' for " + llvm::Twine(cut.feeds) +
                           ", and all inputs must agree");
    }
  }
  if (cut.feeds > 1 && firstDynamic != none)
    return refuse(firstStatic,
                  "it is enough for " + llvm::Twine(cut.feeds) +
                      " runs, but how input '" + inputs[firstDynamic].name +
                      "' of dynamic first dimension is to be divided among "
                      "them is unknown; save one file a run and give their "
                      "folder");
  if (firstAny != none)
    cut.samples = arrays[firstAny].shape[0];
  cut.step = cut.samples / cut.feeds;
  if (maxBatch > 0 && maxBatch < cut.samples && oneSymbolLeads()) {
    cut.step = maxBatch;
    cut.feeds = (cut.samples + maxBatch - 1) / maxBatch;
  }
  return cut;
}

llvm::Expected<FileCut> lowbit::checkArrays(llvm::StringRef file,
                                            llvm::ArrayRef<InputSpec> inputs,
                                            llvm::ArrayRef<ArrayInfo> arrays,
                                            const DataOptions &options) {
  assert(inputs.size() == arrays.size() && "one array an input");
  FileCheck check(file, inputs, arrays);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (llvm::Error e = check.checkInput(i))
      return e;
  return check.cut(options.maxBatch);
}

/// Of a half-precision number, from its bits.
static bool isFiniteHalf(uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }

template <typename T, typename IsFinite>
static int64_t firstNonFinite(const NpyArray &array, IsFinite isFinite) {
  llvm::ArrayRef<T> elements = array.elements<T>();
  return llvm::find_if_not(elements, isFinite) - elements.begin();
}

llvm::Error lowbit::checkFinite(llvm::StringRef file, llvm::StringRef input,
                                const NpyArray &array, int64_t first) {
  int64_t at = array.numElements();
  if (array.dtype == DType::F32)
    at = firstNonFinite<float>(array, [](float x) { return std::isfinite(x); });
  else if (array.dtype == DType::F64)
    at = firstNonFinite<double>(array,
                                [](double x) { return std::isfinite(x); });
  else if (array.dtype == DType::F16)
    at = firstNonFinite<uint16_t>(array, isFiniteHalf);
  if (at == array.numElements())
    return llvm::Error::success();

  bool nan = array.dtype == DType::F32 ? std::isnan(array.elements<float>()[at])
             : array.dtype == DType::F64
                 ? std::isnan(array.elements<double>()[at])
                 : (array.elements<uint16_t>()[at] & 0x3ff);
  llvm::SmallVector<int64_t, 4> index(array.shape.size());
  for (size_t d = index.size(); d > 0; --d) {
    index[d - 1] = at % array.shape[d - 1];
    at /= array.shape[d - 1];
  }
  if (!index.empty())
    index.front() += first;
  return llvm::createStringError(
      "input '" + input + "' in '" + file + "' has " +
      (nan ? "NaN" : "infinity") + " at " + shapeString(index) + " (sample " +
      llvm::Twine(index.empty() ? 0 : index.front()) +
      "); expected finite numbers; mend or leave out that sample");
}
