//===- Statistics.cpp - what observers saw --------------------------------===//
//
// In: tensors that compiled code hands over. Out: a calibration table. Refused:
// NaN and infinity; a partial table of other observers.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Statistics.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include <cmath>

using namespace lowbit;
using llvm::ArrayRef;

llvm::Expected<Statistics> Statistics::create(mlir::func::FuncOp main,
                                              std::string fingerprint,
                                              PaddingFilter *filter) {
  Statistics result;
  result.filter = filter;
  result.table.fingerprint = std::move(fingerprint);
  std::string twice;
  main.walk([&](ObserveOp op) {
    if (op.isConstant())
      return;
    Observer observer;
    std::string id = op.getId().str();
    if (op.getAxis())
      observer.axis = int64_t(*op.getAxis());
    // Channels have one size only where none of their elements is left out.
    if (filter && observer.axis)
      if (auto dims = filter->dimensions(id);
          !dims.empty() && !dims[*observer.axis].empty())
        observer.axis = std::nullopt;
    observer.hasRows = bool(op.getRows());
    observer.repeats = op->getParentOp() != main;
    if (!result.observers.try_emplace(id, observer).second)
      twice = id;
    result.table.values[id] = emptyStatistics(observer);
  });
  if (!twice.empty())
    return llvm::createStringError(
        "two values are observed under the name '" + twice +
        "'; give each lowbit.observe an id of its own");
  return result;
}

ValueStatistics Statistics::emptyStatistics(const Observer &observer) {
  ValueStatistics statistics;
  if (observer.axis) {
    statistics.channels.emplace();
    statistics.channels->axis = *observer.axis;
  }
  if (observer.hasRows)
    statistics.kept.emplace();
  return statistics;
}

llvm::Error Statistics::resume(CalibrationTable partial, llvm::StringRef path) {
  auto refuse = [&](const llvm::Twine &why) {
    return llvm::createStringError("'" + path + "' cannot be resumed: " + why);
  };
  if (!partial.interruptedOf)
    return refuse("it is complete, of " + llvm::Twine(partial.samples) +
                  " samples; merge it with the table of further samples "
                  "instead");
  if (partial.fingerprint != table.fingerprint)
    return refuse("it is of another model (fingerprint " + partial.fingerprint +
                  ", this one has " + table.fingerprint + ")");
  auto named = [](const std::string &mask) {
    return mask.empty() ? std::string("no mask") : "the mask '" + mask + "'";
  };
  if (partial.mask != table.mask)
    return refuse("it was made with " + named(partial.mask) +
                  ", and this run has " + named(table.mask) +
                  "; give the options that it was made with");
  auto size = [](const std::optional<SampleSet> &set) {
    return llvm::Twine(set ? set->count : 0).str();
  };
  if (!(partial.heldOut == table.heldOut))
    return refuse(
        "it was made with " + size(partial.heldOut) +
        " samples held out, and this run holds out " + size(table.heldOut) +
        (size(partial.heldOut) == size(table.heldOut) ? " others" : "") +
        "; give the data and options that it was made with");
  for (const auto &[id, statistics] : partial.values)
    if (!observers.count(id))
      return refuse("it has the value '" + id +
                    "', which is not observed here; give the options that it "
                    "was made with");
  for (const auto &[id, statistics] : table.values) {
    auto found = partial.values.find(id);
    if (found == partial.values.end())
      return refuse("it lacks the value '" + id +
                    "', which is observed here; give the options that it was "
                    "made with");
    if (found->second.channels.has_value() != statistics.channels.has_value() ||
        found->second.kept.has_value() != statistics.kept.has_value())
      return refuse("the value '" + id +
                    "' has not the same channels and rows in it; give the "
                    "options that it was made with");
  }
  table = std::move(partial);
  table.interruptedOf.reset();
  return llvm::Error::success();
}

/// The elements that stay, one after another.
static void gather(ArrayRef<float> elements, const KeptBlocks &kept,
                   std::vector<float> &out) {
  out.clear();
  for (auto [block, isKept] : llvm::enumerate(kept.isKept))
    if (isKept) {
      const float *from = elements.data() + block * kept.blockSize;
      out.insert(out.end(), from, from + kept.blockSize);
    }
}

/// Names the first element that is not finite, if there is one.
static llvm::Error checkFinite(const TappedValue &value,
                               const std::optional<KeptBlocks> &kept) {
  ArrayRef<float> elements = value.elements<float>();
  for (auto [i, x] : llvm::enumerate(elements))
    if (!std::isfinite(x) && (!kept || kept->isKept[i / kept->blockSize]))
      return llvm::createStringError(
          "value '" + llvm::Twine(value.id) + "' is " +
          (std::isnan(x) ? "NaN" : "infinite") + " at element " +
          llvm::Twine(i) + " of " + shapeString(value.shape) +
          "; its range cannot be calibrated");
  return llvm::Error::success();
}

void Statistics::addRows(const TappedValue &value,
                         const std::optional<KeptBlocks> &kept,
                         ArrayRef<float> elements, KeptRows &rows) {
  int64_t length = value.shape.back();
  if (length == 0)
    return;
  if (!kept || kept->blockSize % length == 0) {
    // Whole rows stay or go.
    for (; !elements.empty(); elements = elements.drop_front(length))
      rows.add(elements.take_front(length));
    return;
  }
  // The last dimension is padded too: a block is an element.
  ArrayRef<uint8_t> isKept = kept->isKept;
  for (; !isKept.empty(); isKept = isKept.drop_front(length)) {
    size_t count = llvm::count_if(isKept.take_front(length),
                                  [](uint8_t bit) { return bit != 0; });
    rows.add(elements.take_front(count));
    elements = elements.drop_front(count);
  }
}

llvm::Error Statistics::addChannels(const TappedValue &value,
                                    const std::optional<KeptBlocks> &kept,
                                    ArrayRef<float> elements,
                                    ChannelStatistics &channels) {
  int64_t count = value.shape[channels.axis], inner = 1;
  for (int64_t size : value.shape.drop_front(channels.axis + 1))
    inner *= size;
  if (kept && kept->blockSize % (count * inner) != 0) {
    // Padding within channels: those that stay, channel after channel.
    ArrayRef<float> all = value.elements<float>();
    scratch.clear();
    for (int64_t c = 0; c < count; ++c)
      for (int64_t first = c * inner, n = all.size(); first < n;
           first += count * inner)
        for (int64_t i = first; i < first + inner; ++i)
          if (kept->isKept[i / kept->blockSize])
            scratch.push_back(all[i]);
    elements = scratch;
    inner = elements.size() / count;
  }
  if (elements.empty() || channels.add(elements, count, inner))
    return llvm::Error::success();
  return llvm::createStringError(
      "value '" + llvm::Twine(value.id) + "' has " + llvm::Twine(count) +
      " channels along dimension " + llvm::Twine(channels.axis) + " in " +
      shapeString(value.shape) + " and another number before");
}

llvm::Error Statistics::add(const TappedValue &value) {
  auto found = observers.find(value.id.str());
  if (found == observers.end())
    return llvm::createStringError("value '" + llvm::Twine(value.id) +
                                   "' has no observer");
  const Observer &observer = found->second;
  Seen &mine = seen[value.id.str()];
  if (mine.isNew) {
    mine.statistics = emptyStatistics(observer);
    mine.isNew = false;
  }
  ArrayRef<float> elements = value.elements<float>();
  if (elements.empty())
    return llvm::Error::success();
  std::optional<KeptBlocks> kept;
  if (filter) {
    auto applied = filter->apply(value.id, value.shape);
    if (!applied)
      return applied.takeError();
    kept = std::move(*applied);
  }
  if (kept) {
    gather(elements, *kept, compact);
    elements = compact;
  }
  if (observer.repeats) {
    if (llvm::Error error = checkFinite(value, kept))
      return error;
    mine.elements.insert(mine.elements.end(), elements.begin(), elements.end());
  } else if (!mine.statistics.addSample(elements)) {
    return checkFinite(value, kept);
  }
  if (mine.statistics.kept)
    addRows(value, kept, elements, *mine.statistics.kept);
  if (mine.statistics.channels)
    return addChannels(value, kept, elements, *mine.statistics.channels);
  return llvm::Error::success();
}

llvm::Error Statistics::finishSample(uint64_t hash) {
  for (auto &[id, mine] : seen) {
    if (mine.isNew)
      continue;
    if (!mine.elements.empty() && !mine.statistics.addSample(mine.elements))
      return llvm::createStringError("value '" + id + "' is not finite");
    // A sample without elements says nothing of channels and rows either.
    if (!mine.statistics.empty())
      table.values[id].merge(mine.statistics);
  }
  ++table.samples;
  table.samplesHash += hash;
  dropSample();
  return llvm::Error::success();
}

void Statistics::dropSample() {
  for (auto &[id, mine] : seen) {
    mine.isNew = true;
    mine.elements.clear();
  }
}
