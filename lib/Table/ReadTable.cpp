//===- ReadTable.cpp - a calibration table from its text ------------------===//
//
// In: JSON of PrintTable.cpp. Out: the table. Refused: another version, and
// whatever the statistics of no samples can be. Counts and offsets give the
// exact sum again, so a digit that changed in them does not pass.
//
//===----------------------------------------------------------------------===//
#include "TableText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace lowbit;
namespace json = llvm::json;

static ExactSum readSum(JsonObject &owner, llvm::StringRef key,
                        JsonComplaint &complaint) {
  JsonObject object(owner.value(key), owner.placeOf(key), complaint);
  std::string exact = object.text("exact");
  double value = object.wideNumber("value");
  if (complaint)
    return {};
  llvm::Expected<ExactSum> sum = ExactSum::parse(exact);
  if (!sum) {
    object.complain("exact", llvm::toString(sum.takeError()));
    return {};
  }
  if (sum->toDouble() != value)
    object.complain("value", "is " + shortest(value) + ", and 'exact' is " +
                                 shortest(sum->toDouble()));
  return *sum;
}

//===----------------------------------------------------------------------===//
// Histogram
//===----------------------------------------------------------------------===//

/// Takes all of `length` counts from those that are written.
static std::vector<uint64_t> widen(llvm::ArrayRef<uint64_t> written,
                                   size_t first, size_t length) {
  std::vector<uint64_t> all(length);
  llvm::copy(written, all.begin() + first);
  return all;
}

/// The octaves as they are written, with the exponent of the highest one.
static std::vector<Histogram::Octave> readOctaves(JsonObject &owner,
                                                  JsonComplaint &complaint) {
  struct Written {
    Histogram::Octave octave;
    uint64_t first;
  };
  std::vector<Written> written;
  int top = Histogram::kSubnormalExponent;
  size_t index = 0;
  for (const json::Value &value : owner.array("octaves")) {
    JsonObject object(&value, placeOf(owner.placeOf("octaves"), index++),
                      complaint);
    Written entry;
    int64_t exponent = object.integer("exponent");
    entry.octave.exponent = static_cast<int>(exponent);
    entry.first = object.count("first");
    entry.octave.counts = object.counts("counts");
    entry.octave.offsets = object.counts("offsets");
    std::string sign = object.text("sign");
    entry.octave.negative = sign == "-";
    if (complaint)
      return {};
    if (exponent < Histogram::kSubnormalExponent || exponent > 127)
      object.complain("exponent",
                      "is " + llvm::Twine(exponent) + ", expected -127 to 127");
    if (sign != "-" && sign != "+")
      object.complain("sign", "is '" + llvm::StringRef(sign).take_front(20) +
                                  "', expected '+' or '-'");
    if (entry.octave.counts.size() != entry.octave.offsets.size())
      object.complain("offsets", "has " +
                                     llvm::Twine(entry.octave.offsets.size()) +
                                     " elements, and 'counts' has " +
                                     llvm::Twine(entry.octave.counts.size()));
    top = std::max(top, entry.octave.exponent);
    written.push_back(std::move(entry));
    if (complaint)
      return {};
  }
  std::vector<Histogram::Octave> octaves;
  for (Written &entry : written) {
    Histogram::Octave &octave = entry.octave;
    size_t length = Histogram::octaveLength(octave.exponent, top);
    if (octave.counts.size() > length ||
        entry.first > length - octave.counts.size()) {
      complaint.add(
          placeOf(owner.placeOf("octaves"), octaves.size()),
          "has bins up to " + llvm::Twine(entry.first + octave.counts.size()) +
              ", and an octave of exponent " + llvm::Twine(octave.exponent) +
              " has " + llvm::Twine(length) + " where the highest is " +
              llvm::Twine(top));
      return {};
    }
    octave.counts = widen(octave.counts, entry.first, length);
    octave.offsets = widen(octave.offsets, entry.first, length);
    octaves.push_back(std::move(octave));
  }
  return octaves;
}

static Histogram readHistogram(JsonObject &owner, uint64_t count,
                               JsonComplaint &complaint) {
  JsonObject object(owner.value("histogram"), owner.placeOf("histogram"),
                    complaint);
  uint64_t zeros = object.count("zeros");
  std::vector<Histogram::Octave> octaves = readOctaves(object, complaint);
  if (complaint)
    return {};
  llvm::Expected<Histogram> histogram = Histogram::fromOctaves(zeros, octaves);
  if (!histogram) {
    object.complain(llvm::toString(histogram.takeError()));
    return {};
  }
  // Bins are at most 2^18 of at most 2^47 each; zeros are checked here.
  if (zeros > count || histogram->total() != count)
    object.complain("has counts of " + llvm::Twine(histogram->total()) +
                    " in all, and 'count' is " + llvm::Twine(count));
  return *histogram;
}

/// Whether `x` is one of the values of the bin.
static bool contains(const Histogram::Bin &bin, float x) {
  if (bin.far == 0)
    return x == 0;
  float size = std::fabs(x), far = std::fabs(bin.far);
  return x != 0 && (x < 0) == (bin.far < 0) && size >= std::fabs(bin.near) &&
         (size < far || far == std::numeric_limits<float>::max());
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static ChannelStatistics readChannels(JsonObject &owner,
                                      const ValueStatistics &of,
                                      JsonComplaint &complaint) {
  JsonObject object(owner.value("channels"), owner.placeOf("channels"),
                    complaint);
  ChannelStatistics channels;
  channels.axis = object.integer("axis");
  channels.min = object.numbers("min");
  channels.max = object.numbers("max");
  ExactSum total;
  size_t index = 0;
  for (const json::Value &value : object.array("sum")) {
    std::string place = placeOf(object.placeOf("sum"), index++);
    auto sum = ExactSum::parse(value.getAsString().value_or(""));
    if (!sum) {
      complaint.add(place, llvm::toString(sum.takeError()));
      break;
    }
    total.merge(*sum);
    channels.sum.push_back(*sum);
  }
  if (complaint)
    return channels;
  size_t size = channels.sum.size();
  if (channels.axis < 0)
    object.complain("axis", "is " + llvm::Twine(channels.axis) +
                                ", expected 0 or more");
  if (channels.min.size() != size || channels.max.size() != size)
    object.complain("has " + llvm::Twine(channels.min.size()) + " minima, " +
                    llvm::Twine(channels.max.size()) + " maxima and " +
                    counted(size, "sum") + ", expected as many of each");
  else if (size == 0 ? !of.empty()
                     : *llvm::min_element(channels.min) != of.min ||
                           *llvm::max_element(channels.max) != of.max ||
                           total != of.sum)
    object.complain("do not add up to the minimum, maximum and sum of the "
                    "value");
  for (size_t c = 0; c < size && !complaint; ++c)
    if (channels.min[c] > channels.max[c])
      object.complain("min", "of channel " + llvm::Twine(c) + " is " +
                                 shortest(channels.min[c]) +
                                 ", above its maximum, " +
                                 shortest(channels.max[c]));
  return channels;
}

static KeptRows readRows(JsonObject &owner, const ValueStatistics &of,
                         JsonComplaint &complaint) {
  std::string place = owner.placeOf("kept_rows");
  KeptRows kept;
  std::vector<std::vector<float>> rows;
  for (const json::Value &value : owner.array("kept_rows")) {
    const json::Array *array = value.getAsArray();
    std::vector<float> row;
    for (const json::Value &element : array ? *array : json::Array()) {
      std::optional<float> x = toFloat(element);
      if (!x || *x < of.min || *x > of.max) {
        complaint.add(placeOf(placeOf(place, rows.size()), row.size()),
                      "is " + describe(&element) + ", expected a number from " +
                          shortest(of.min) + " to " + shortest(of.max));
        return kept;
      }
      row.push_back(*x);
    }
    if (row.empty() || row.size() > KeptRows::kLongestRow ||
        rows.size() == KeptRows::kMostRows) {
      complaint.add(placeOf(place, rows.size()),
                    "is " + describe(&value) + " of " +
                        counted(row.size(), "element") + ", expected at most " +
                        llvm::Twine(KeptRows::kMostRows) + " arrays of 1 to " +
                        llvm::Twine(KeptRows::kLongestRow));
      return kept;
    }
    kept.add(row);
    rows.push_back(std::move(row));
  }
  if (kept.rows != rows)
    complaint.add(place, "has rows that are not in the order of their hashes, "
                         "or twice");
  return kept;
}

/// Complains where `sum` cannot be that of `count` numbers in [low, high].
static void checkSum(JsonObject &object, llvm::StringRef key,
                     const ExactSum &sum, uint64_t count, float low,
                     float high) {
  ExactSum least, most;
  least.add(low, count);
  most.add(high, count);
  if (sum < least || most < sum)
    object.complain(key, "is " + shortest(sum.toDouble()) + ", and " +
                             counted(count, "number") + " from " +
                             shortest(low) + " to " + shortest(high) +
                             " have another sum");
}

static void check(JsonObject &object, const ValueStatistics &value,
                  JsonComplaint &complaint) {
  auto outside = [&](llvm::StringRef key, float x, float low, float high) {
    if (!(x >= low && x <= high))
      object.complain(key, "is " + shortest(x) + ", expected " + shortest(low) +
                               " to " + shortest(high));
  };
  if (value.min > value.max)
    object.complain("min", "is " + shortest(value.min) +
                               ", above 'max', which is " +
                               shortest(value.max));
  if (value.samples > value.count || (value.samples == 0) != value.empty())
    object.complain("samples", "is " + llvm::Twine(value.samples) +
                                   ", and 'count' is " +
                                   llvm::Twine(value.count));
  if (value.empty()) {
    ValueStatistics none;
    none.channels = value.channels;
    none.kept = value.kept;
    if (value != none)
      object.complain("has statistics, and 'count' is 0");
    return;
  }
  outside("second_min", value.secondMin, value.min,
          value.samples == 1 ? value.min : value.max);
  outside("second_max", value.secondMax,
          value.samples == 1 ? value.max : value.min, value.max);
  if (complaint)
    return;
  std::vector<Histogram::Bin> bins = value.histogram.bins();
  for (auto [key, x, bin] : {std::tuple("min", value.min, bins.front()),
                             std::tuple("max", value.max, bins.back())})
    if (!contains(bin, x))
      object.complain(key, "is " + shortest(x) +
                               ", and the outermost bin of the histogram is " +
                               shortest(bin.low()) + " to " +
                               shortest(bin.high()));
  if (value.sum != value.histogram.sum())
    object.complain("sum", "is " + shortest(value.sum.toDouble()) +
                               ", and that of the histogram is " +
                               shortest(value.histogram.sum().toDouble()));
  checkSum(object, "sum", value.sum, value.count, value.min, value.max);
  checkSum(object, "sum_of_minima", value.sumOfMinima, value.samples, value.min,
           value.max);
  checkSum(object, "sum_of_maxima", value.sumOfMaxima, value.samples, value.min,
           value.max);
  if (value.sumOfMaxima < value.sumOfMinima)
    object.complain("sum_of_maxima", "is less than 'sum_of_minima'");
  ExactSum most;
  most.addSquare(std::max(std::fabs(value.min), std::fabs(value.max)),
                 value.count);
  if (value.sumOfSquares.isNegative() || most < value.sumOfSquares)
    object.complain("sum_of_squares",
                    "is " + shortest(value.sumOfSquares.toDouble()) +
                        ", expected 0 to " + shortest(most.toDouble()));
}

static ValueStatistics readValue(const json::Value *json, std::string place,
                                 JsonComplaint &complaint) {
  JsonObject object(json, std::move(place), complaint);
  ValueStatistics value;
  value.count = object.count("count");
  value.samples = object.count("samples");
  value.min = object.number("min");
  value.max = object.number("max");
  value.secondMin = object.number("second_min");
  value.secondMax = object.number("second_max");
  value.sum = readSum(object, "sum", complaint);
  value.sumOfMinima = readSum(object, "sum_of_minima", complaint);
  value.sumOfMaxima = readSum(object, "sum_of_maxima", complaint);
  value.sumOfSquares = readSum(object, "sum_of_squares", complaint);
  if (value.count > Histogram::kMostValues)
    object.complain("count", "is " + llvm::Twine(value.count) +
                                 ", expected at most " +
                                 llvm::Twine(Histogram::kMostValues));
  value.histogram = readHistogram(object, value.count, complaint);
  if (object.has("channels"))
    value.channels = readChannels(object, value, complaint);
  if (object.has("kept_rows"))
    value.kept = readRows(object, value, complaint);
  if (!complaint)
    check(object, value, complaint);
  return value;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static ImportedRange readRange(const json::Value *json, std::string place,
                               JsonComplaint &complaint) {
  JsonObject object(json, std::move(place), complaint);
  ImportedRange range;
  range.min = object.number("min");
  range.max = object.number("max");
  if (object.has("bits")) {
    uint64_t bits = object.count("bits");
    if (bits < 1 || bits > 32)
      object.complain("bits", "is " + llvm::Twine(bits) + ", expected 1 to 32");
    range.bits = static_cast<unsigned>(bits);
  }
  if (object.has("symmetric"))
    range.symmetric = object.boolean("symmetric");
  if (object.has("perhaps_parameter"))
    range.perhapsParameter = object.boolean("perhaps_parameter");
  if (range.min > range.max)
    object.complain("min", "is " + shortest(range.min) +
                               ", above 'max', which is " +
                               shortest(range.max));
  return range;
}

static bool isHexadecimal(llvm::StringRef text, size_t digits) {
  return text.size() == digits && llvm::all_of(text, [](char c) {
           return llvm::isHexDigit(c) && !llvm::isUpper(c);
         });
}

/// The hash of `count` samples.
static uint64_t readHash(JsonObject &object, llvm::StringRef key,
                         uint64_t count) {
  std::string text = object.text(key);
  uint64_t hash = 0;
  if (!isHexadecimal(text, 16) || llvm::StringRef(text).getAsInteger(16, hash))
    object.complain(key, "is '" + llvm::StringRef(text).take_front(100) +
                             "', expected 16 hexadecimal digits");
  else if (count == 0 && hash != 0)
    object.complain(key,
                    "is '" + llvm::StringRef(text) + "', and 'samples' is 0");
  return hash;
}

static SampleSet readHeldOut(const json::Value *json, std::string place,
                             JsonComplaint &complaint) {
  JsonObject object(json, std::move(place), complaint);
  SampleSet set;
  set.count = object.count("samples");
  set.hash = readHash(object, "hash", set.count);
  if (set.count == 0)
    object.complain("samples", "is 0, expected at least 1");
  return set;
}

CalibrationTable lowbit::readOwnTable(const json::Value &json,
                                      JsonComplaint &complaint) {
  CalibrationTable table;
  JsonObject object(&json, "", complaint);
  int64_t version = object.integer("version");
  if (!complaint && version != CalibrationTable::kVersion)
    object.complain("version", "is " + llvm::Twine(version) +
                                   ", and this lowbit reads " +
                                   llvm::Twine(CalibrationTable::kVersion));
  table.source = object.text("source");
  if (complaint)
    return table;
  if (table.isImported()) {
    if (table.source != "aimet" && table.source != "onnxruntime")
      object.complain("source",
                      "is '" + llvm::StringRef(table.source).take_front(100) +
                          "', expected 'lowbit', 'aimet' or 'onnxruntime'");
    JsonObject ranges(object.value("ranges"), "ranges", complaint);
    for (const std::string &name : ranges.keys())
      table.ranges[name] =
          readRange(ranges.value(name), ranges.placeOf(name), complaint);
    return table;
  }
  table.fingerprint = object.text("fingerprint");
  if (!complaint && !isHexadecimal(table.fingerprint, 32))
    object.complain("fingerprint",
                    "is '" +
                        llvm::StringRef(table.fingerprint).take_front(100) +
                        "', expected 32 hexadecimal digits");
  table.samples = object.count("samples");
  table.samplesHash = readHash(object, "samples_hash", table.samples);
  if (object.has("held_out"))
    table.heldOut = readHeldOut(object.value("held_out"),
                                object.placeOf("held_out"), complaint);
  if (object.has("mask")) {
    table.mask = object.text("mask");
    if (table.mask.empty())
      object.complain("mask", "is empty, expected the name of an input");
  }
  if (object.has("interrupted_of")) {
    table.interruptedOf = object.count("interrupted_of");
    if (*table.interruptedOf < table.samples)
      object.complain("interrupted_of", "is " +
                                            llvm::Twine(*table.interruptedOf) +
                                            ", less than 'samples', which is " +
                                            llvm::Twine(table.samples));
  }
  JsonObject values(object.value("values"), "values", complaint);
  for (const std::string &id : values.keys()) {
    ValueStatistics &value = table.values[id];
    value = readValue(values.value(id), values.placeOf(id), complaint);
    if (!complaint && value.samples > table.samples)
      object.complain("samples", "is " + llvm::Twine(table.samples) + ", and " +
                                     values.placeOf(id) + " has " +
                                     llvm::Twine(value.samples));
    if (complaint)
      break;
  }
  return table;
}
