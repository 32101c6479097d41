//===- CalibrationTableTest.cpp - statistics of a model's values ----------===//
//
// Checks that tables read back the same, in the same bytes; that each thing
// that can be wrong in a text is one message with its place; that text changed
// at random never does more than that; and merging.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/CalibrationTable.h"
#include "Samples.h"
#include "TempFolder.h"
#include "gtest/gtest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <limits>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

const std::string kFingerprint = "0123456789abcdef0123456789abcdef";

ValueStatistics observe(Kind kind, unsigned seed, size_t samples = 3) {
  constexpr int64_t kChannels = 4;
  ValueStatistics result;
  result.channels.emplace();
  result.channels->axis = 1;
  result.kept.emplace();
  for (size_t i = 0; i < samples; ++i) {
    std::vector<float> x = makeSample(kind, 40, unsigned(seed * 100 + i));
    EXPECT_TRUE(result.addSample(x));
    EXPECT_TRUE(result.channels->add(x, kChannels, 1));
    result.kept->add(llvm::ArrayRef(x).take_front(5));
  }
  return result;
}

CalibrationTable makeTable(unsigned seed, size_t samples = 3) {
  CalibrationTable table;
  table.fingerprint = kFingerprint;
  table.samples = samples;
  table.samplesHash = samples * 0x9e3779b97f4a7c15 + seed;
  for (Kind kind : kKinds)
    table.values["value." + std::to_string(int(kind))] =
        observe(kind, seed, samples);
  table.values["with \"quotes\", \\ and \n\xc3\xa9"] =
      observe(Kind::Normal, 9, 1);
  table.values["never seen"] = ValueStatistics();
  return table;
}

std::string textOf(const CalibrationTable &table) {
  std::string text;
  llvm::raw_string_ostream os(text);
  table.print(os);
  return text;
}

void expectSame(const CalibrationTable &a, const CalibrationTable &b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.samplesHash, b.samplesHash);
  EXPECT_EQ(a.heldOut, b.heldOut);
  EXPECT_EQ(a.mask, b.mask);
  EXPECT_EQ(a.interruptedOf, b.interruptedOf);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.ranges, b.ranges);
}

std::string errorOf(llvm::StringRef text) {
  auto table = CalibrationTable::parse(text, "t.json");
  return table ? "" : llvm::toString(table.takeError());
}

TEST(CalibrationTable, ReadsBackTheSame) {
  CalibrationTable table = makeTable(1);
  for (bool interrupted : {false, true}) {
    if (interrupted) {
      table.interruptedOf = 100;
      table.heldOut = SampleSet{7, 0xfedcba9876543210};
      table.mask = "mask \"of\" \xc3\xa9";
    }
    std::string text = textOf(table);
    auto back = CalibrationTable::parse(text, "t.json");
    ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
    expectSame(*back, table);
    EXPECT_EQ(textOf(*back), text);
  }
}

TEST(CalibrationTable, FloatsReadBackTheSame) {
  for (Kind kind : {Kind::AnyBits, Kind::Subnormal, Kind::Normal})
    for (unsigned seed = 0; seed < 300; ++seed) {
      CalibrationTable table;
      table.fingerprint = kFingerprint;
      table.samples = 2;
      ValueStatistics &value = table.values["v"];
      ASSERT_TRUE(value.addSample(makeSample(kind, 2, seed)));
      ASSERT_TRUE(value.addSample(makeSample(kind, 2, seed + 1000)));
      auto back = CalibrationTable::parse(textOf(table), "t.json");
      ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
      EXPECT_EQ(back->values, table.values);
    }
}

TEST(CalibrationTable, LargeCountsReadBackTheSame) {
  // Beyond the integers that a double holds, in offsets and in sums.
  CalibrationTable table;
  table.fingerprint = kFingerprint;
  ValueStatistics &value = table.values["v"];
  // The last float before a bin ends, far below the largest.
  ASSERT_TRUE(value.addSample({1, 0x1.fffffep-9f}));
  while (value.count * 2 + 1 <= Histogram::kMostValues) {
    value.merge(ValueStatistics(value));
    ASSERT_TRUE(value.addSample({0x1.fffffep-9f}));
  }
  table.samples = value.samples;
  std::vector<Histogram::Octave> octaves = value.histogram.octaves();
  uint64_t offsets = octaves[0].offsets.back();
  EXPECT_GT(offsets, uint64_t(1) << 61);
  EXPECT_NE(uint64_t(double(offsets)), offsets);
  auto back = CalibrationTable::parse(textOf(table), "t.json");
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(back->values, table.values);
  llvm::Error full = table.merge(*back, "a", "b");
  EXPECT_NE(llvm::toString(std::move(full)).find("in all are the most"),
            std::string::npos);
}

TEST(CalibrationTable, TextIsReadable) {
  CalibrationTable table;
  table.fingerprint = kFingerprint;
  table.samples = 2;
  table.samplesHash = 0xfedcba9876543210;
  table.heldOut = SampleSet{3, 42};
  table.mask = "m";
  ValueStatistics &value = table.values["x"];
  ASSERT_TRUE(value.addSample({-0.5f, 0, 1}));
  ASSERT_TRUE(value.addSample({0.1f, 1.0009765625f}));
  EXPECT_EQ(textOf(table), R"({
  "fingerprint": "0123456789abcdef0123456789abcdef",
  "held_out": {
    "hash": "000000000000002a",
    "samples": 3
  },
  "mask": "m",
  "samples": 2,
  "samples_hash": "fedcba9876543210",
  "source": "lowbit",
  "values": {
    "x": {
      "count": 5,
      "histogram": {
        "octaves": [
          {
            "counts": [1],
            "exponent": -1,
            "first": 0,
            "offsets": [0],
            "sign": "-"
          },
          {
            "counts": [1],
            "exponent": -4,
            "first": 76,
            "offsets": [52429],
            "sign": "+"
          },
          {
            "counts": [1, 1],
            "exponent": 0,
            "first": 0,
            "offsets": [0, 0],
            "sign": "+"
          }
        ],
        "zeros": 1
      },
      "max": 1.0009766,
      "min": -0.5,
      "samples": 2,
      "second_max": 1,
      "second_min": 0.1,
      "sum": {"exact": "0xccecccdp-27", "value": 1.6009765639901161},
      "sum_of_maxima": {"exact": "0x801p-10", "value": 2.0009765625},
      "sum_of_minima": {"exact": "-0x3333333p-27", "value": -0.3999999985098839},
      "sum_of_squares": {"exact": "0x90c3db0a8f5c29p-54", "value": 2.2619540789723396}
    }
  },
  "version": 1
}
)");
}

TEST(CalibrationTable, FilesAreWholeOrNotThere) {
  TempFolder folder;
  CalibrationTable table = makeTable(2);
  ASSERT_FALSE(bool(table.write(folder.path("t.json"))));
  EXPECT_EQ(folder.read("t.json"), textOf(table));
  auto back = CalibrationTable::read(folder.path("t.json"));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  expectSame(*back, table);
  table.values["\xff"] = ValueStatistics();
  std::string message = llvm::toString(table.write(folder.path("u.json")));
  EXPECT_NE(message.find("is not UTF-8"), std::string::npos) << message;
  EXPECT_EQ(folder.list(), std::vector<std::string>{"t.json"});
}

TEST(CalibrationTable, FilesThatCannotBeRead) {
  TempFolder folder;
  for (std::string path : {folder.path("none.json"), folder.path("")}) {
    auto table = CalibrationTable::read(path);
    ASSERT_FALSE(bool(table));
    EXPECT_EQ(llvm::toString(table.takeError())
                  .find("cannot read the calibration table '" + path + "': "),
              0u);
  }
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

/// A small table with one value, as text.
std::string smallText() {
  CalibrationTable table;
  table.fingerprint = kFingerprint;
  table.samples = 2;
  table.samplesHash = 7;
  table.heldOut = SampleSet{3, 42};
  table.mask = "m";
  ValueStatistics value;
  value.channels.emplace();
  value.kept.emplace();
  for (std::vector<float> x :
       {std::vector<float>{-0.5f, 0, 1, 3}, {0.25f, 1.5f, 1.5f, 2}}) {
    EXPECT_TRUE(value.addSample(x));
    EXPECT_TRUE(value.channels->add(x, 2, 1));
    value.kept->add(x);
  }
  table.values["a.b"] = value;
  return textOf(table);
}

struct Damage {
  const char *from, *to, *message;
};
const Damage kDamages[] = {
    {"\"version\": 1", "\"version\": 0",
     "version: is 0, and this lowbit reads 1"},
    {"\"version\": 1", "\"version\": \"1\"",
     "version: is '1', expected an integer"},
    {"\"source\": \"lowbit\"", "\"source\": \"tool\"",
     "source: is 'tool', expected 'lowbit', 'aimet' or 'onnxruntime'"},
    {"0123456789abcdef\"", "0123456789abcdeg\"",
     "fingerprint: is '0123456789abcdef0123456789abcdeg', expected 32 "
     "hexadecimal digits"},
    {"  \"samples_hash\": \"0000000000000007\",\n", "",
     "lacks the key 'samples_hash'"},
    {"0000000000000007\"", "7\"",
     "samples_hash: is '7', expected 16 hexadecimal digits"},
    {"0000000000000007\"", "000000000000000G\"",
     "samples_hash: is '000000000000000G', expected 16 hexadecimal digits"},
    {"\"samples\": 2,\n  \"samples_hash\"",
     "\"samples\": 0,\n  \"samples_hash\"",
     "samples_hash: is '0000000000000007', and 'samples' is 0"},
    {"\"mask\": \"m\"", "\"mask\": \"\"",
     "mask: is empty, expected the name of an input"},
    {"\"samples\": 3\n", "\"samples\": 0\n",
     "held_out.hash: is '000000000000002a', and 'samples' is 0"},
    {"\"hash\": \"000000000000002a\"", "\"hash\": 42",
     "held_out.hash: is 42, expected a string"},
    {"\"samples\": 2,\n  \"samples_hash\"",
     "\"sample\": 2,\n  \"samples_hash\"", "lacks the key 'samples'"},
    {"\"samples\": 2,\n  \"samples_hash\"",
     "\"samples\": 2,\n  \"sampels\": 3,\n  \"samples_hash\"",
     "has an unknown key 'sampels'; did you mean 'samples'?"},
    {"\"samples\": 2,\n  \"samples_hash\"",
     "\"samples\": 2,\n  \"samples\": 2,\n  \"samples_hash\"",
     "the key 'samples' is there twice in one object"},
    {"\"samples\": 2,\n  \"samples_hash\"",
     "\"interrupted_of\": 1,\n  \"samples\": 2,\n  \"samples_hash\"",
     "interrupted_of: is 1, less than 'samples', which is 2"},
    {"\"count\": 8", "\"count\": 9",
     "values.\"a.b\".histogram: has counts of 8 in all, and 'count' is 9"},
    {"\"count\": 8", "\"count\": -8",
     "values.\"a.b\".count: is -8, expected an integer from 0 to "
     "9223372036854775807"},
    {"\"count\": 8", "\"count\": 8.5",
     "values.\"a.b\".count: is 8.5, expected an integer from 0 to "
     "9223372036854775807"},
    {"\"count\": 8", "\"count\": 9223372036854775807",
     "values.\"a.b\".count: is 9223372036854775807, expected at most "
     "140737488355328"},
    {"\"count\": 8", "\"count\": 0",
     "values.\"a.b\".histogram: has counts of 8 in all, and 'count' is 0"},
    {"\"samples\": 2,\n      \"second_max\"",
     "\"samples\": 9,\n      \"second_max\"",
     "values.\"a.b\".samples: is 9, and 'count' is 8"},
    {"\"samples\": 2,\n      \"second_max\"",
     "\"samples\": 1,\n      \"second_max\"",
     "values.\"a.b\".second_min: is 0.25, expected -0.5 to -0.5"},
    {"\"max\": 3,\n      \"min\"", "\"max\": 2.5,\n      \"min\"",
     "values.\"a.b\".channels: do not add up to the minimum, maximum and sum "
     "of the value"},
    {"\"max\": [1.5, 3]", "\"max\": [1.5]",
     "values.\"a.b\".channels: has 2 minima, 1 maxima and 2 sums, expected as "
     "many of each"},
    {"\"max\": [1.5, 3]", "\"max\": [1.5, \"3\"]",
     "values.\"a.b\".channels.max[1]: is '3', expected a finite 32-bit float"},
    {"\"max\": [1.5, 3]", "\"max\": [1.5, 1e39]",
     "values.\"a.b\".channels.max[1]: is 1e+39, expected a finite 32-bit "
     "float"},
    {"\"min\": -0.5,\n      \"samples\"", "\"min\": 7,\n      \"samples\"",
     "values.\"a.b\".channels: do not add up to the minimum, maximum and sum "
     "of the value"},
    {"\"second_max\": 2", "\"second_max\": 4",
     "values.\"a.b\".second_max: is 4, expected -0.5 to 3"},
    {"\"second_min\": 0.25", "\"second_min\": -0.75",
     "values.\"a.b\".second_min: is -0.75, expected -0.5 to 3"},
    {"\"sign\": \"-\"", "\"sign\": \"+\"", nullptr},
    {"\"sign\": \"-\"", "\"sign\": \"minus\"",
     "values.\"a.b\".histogram.octaves[0].sign: is 'minus', expected '+' or "
     "'-'"},
    {"\"exponent\": -1", "\"exponent\": 128",
     "values.\"a.b\".histogram.octaves[0].exponent: is 128, expected -127 to "
     "127"},
    {"\"exponent\": 1,\n            \"first\": 0",
     "\"exponent\": 1,\n            \"first\": 1000",
     "values.\"a.b\".histogram.octaves[3]: has bins up to 1513, and an octave "
     "of exponent 1 has 1024 where the highest is 1"},
    {"\"offsets\": [0]", "\"offsets\": [0, 0]",
     "values.\"a.b\".histogram.octaves[0].offsets: has 2 elements, and "
     "'counts' has 1"},
    {"\"offsets\": [0]", "\"offsets\": [1]", nullptr},
    {"\"offsets\": [0]", "\"offsets\": [10000000]",
     "values.\"a.b\".histogram: the octave of exponent -1 and sign - has "
     "offsets 10000000 in bin 0, and 1 counts allow 0 to 32767"},
    {"\"zeros\": 1", "\"zeros\": 0", nullptr},
    {"\"value\": 8.75", "\"value\": 8.5",
     "values.\"a.b\".sum.value: is 8.5, and 'exact' is 8.75"},
    {"{\"exact\": \"0x23p-2\", \"value\": 8.75}",
     "{\"exact\": \"0x21p-2\", \"value\": 8.25}", nullptr},
    {"\"0x23p-2\"", "\"8.75\"",
     "values.\"a.b\".sum.exact: '8.75' is not an exact number such as "
     "-0x1f3p-149"},
    {"\"kept_rows\": [", "\"kept_rows\": [[9],",
     "values.\"a.b\".kept_rows[0][0]: is 9, expected a number from -0.5 to 3"},
    {"\"kept_rows\": [", "\"kept_rows\": [[],", nullptr},
    {"\"kept_rows\": [", "\"kept_rows\": [7,", nullptr},
    {"\"axis\": 0", "\"axis\": -1",
     "values.\"a.b\".channels.axis: is -1, expected 0 or more"},
};

TEST(CalibrationTable, EachDamageIsOneMessage) {
  std::string text = smallText();
  ASSERT_EQ(errorOf(text), "");
  for (const Damage &damage : kDamages) {
    std::string damaged = text;
    size_t at = damaged.find(damage.from);
    ASSERT_NE(at, std::string::npos) << damage.from << "\n" << text;
    damaged.replace(at, std::string(damage.from).size(), damage.to);
    std::string message = errorOf(damaged);
    if (damage.message) {
      EXPECT_TRUE(llvm::StringRef(message).starts_with(
          std::string("'t.json': ") + damage.message + "; "))
          << message;
    } else {
      EXPECT_TRUE(llvm::StringRef(message).starts_with("'t.json': values."))
          << damage.from << " -> " << damage.to << ": " << message;
    }
  }
}

TEST(CalibrationTable, OfALaterVersionIsNotDamaged) {
  // Whatever else it has.
  EXPECT_EQ(
      errorOf(R"({"version": 7, "source": "lowbit", "later": {}})"),
      "'t.json': version: is 7, which a later lowbit wrote; this one reads "
      "version 1; upgrade lowbit, or calibrate again with this one");
}

TEST(CalibrationTable, TextsThatAreNoTable) {
  EXPECT_NE(errorOf("").find("is not JSON"), std::string::npos);
  EXPECT_NE(errorOf("[1, 2]").find("is an array, expected an object"),
            std::string::npos);
  EXPECT_NE(errorOf("{}").find("is an object without entries"),
            std::string::npos);
  EXPECT_NE(errorOf(std::string(100000, '[')).find("nests more than 32 deep"),
            std::string::npos);
  std::string text = smallText();
  for (size_t length = 0; length + 2 < text.size(); length += 7)
    EXPECT_NE(errorOf(text.substr(0, length)).find("is not JSON"),
              std::string::npos);
}

TEST(CalibrationTable, RandomDamageIsAnErrorAtMost) {
  const std::string text = smallText();
  std::mt19937 random(3);
  const char *pieces[] = {
      "0",    "-",  "9",  ".", "e",     "\"",   "{",    "}",
      "[",    "]",  ",",  ":", "1e400", "null", "true", "9223372036854775807",
      "-127", "[]", "{}", "p"};
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string damaged = text;
    for (int k = random() % 3; k >= 0; --k) {
      size_t at = random() % damaged.size(), length = random() % 12;
      switch (random() % 5) {
      case 0:
        damaged.replace(at, length, pieces[random() % std::size(pieces)]);
        break;
      case 1:
        damaged[at] = char(random());
        break;
      case 2:
        damaged.erase(at, random() % 60);
        break;
      case 3:
        damaged.insert(at, damaged.substr(random() % damaged.size(), 80));
        break;
      case 4: // numbers above all
        at = damaged.find_first_of("0123456789", at);
        if (at != std::string::npos)
          damaged[at] = char('0' + random() % 10);
        break;
      }
    }
    auto table = CalibrationTable::parse(damaged, "t.json");
    if (!table) {
      ++refused;
      EXPECT_EQ(llvm::toString(table.takeError()).find("'t.json': "), 0u);
      continue;
    }
    // What is taken is a table: it is written, and reads back the same.
    auto back = CalibrationTable::parse(textOf(*table), "u.json");
    ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
    expectSame(*back, *table);
  }
  EXPECT_GT(refused, 4000);
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

TEST(CalibrationTable, NoValueHasMoreSamplesThanTheTable) {
  CalibrationTable table = makeTable(1);
  table.samples = 2;
  std::string error = errorOf(textOf(table));
  EXPECT_NE(error.find("samples: is 2, and values."), std::string::npos);
  EXPECT_NE(error.find(" has 3"), std::string::npos) << error;
}

TEST(CalibrationTable, MergesInAnyOrder) {
  std::vector<CalibrationTable> shards;
  for (unsigned seed = 0; seed < 4; ++seed)
    shards.push_back(makeTable(seed, 1 + seed));
  std::vector<size_t> order{0, 1, 2, 3};
  std::string first;
  do {
    CalibrationTable all = shards[order[0]];
    for (size_t i = 1; i < 4; ++i) {
      llvm::Error error = all.merge(shards[order[i]], "a", "b");
      ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
    }
    EXPECT_EQ(all.samples, 10u);
    EXPECT_EQ(all.samplesHash, 10 * 0x9e3779b97f4a7c15 + 6);
    if (first.empty())
      first = textOf(all);
    ASSERT_EQ(textOf(all), first);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(errorOf(first), "");
}

TEST(CalibrationTable, WhatWasInterruptedStaysSo) {
  CalibrationTable whole = makeTable(1), part = makeTable(2);
  part.interruptedOf = 10;
  CalibrationTable all = whole;
  ASSERT_FALSE(bool(all.merge(part, "a", "b")));
  EXPECT_EQ(all.samples, 6u);
  EXPECT_EQ(all.interruptedOf, 13u);
  all = part;
  ASSERT_FALSE(bool(all.merge(whole, "a", "b")));
  EXPECT_EQ(all.interruptedOf, 13u);
  all = part;
  ASSERT_FALSE(bool(all.merge(part, "a", "b")));
  EXPECT_EQ(all.interruptedOf, 20u);
  all = whole;
  ASSERT_FALSE(bool(all.merge(whole, "a", "b")));
  EXPECT_EQ(all.interruptedOf, std::nullopt);
}

TEST(CalibrationTable, WhatOnePartHeldOutAnotherMayHaveObserved) {
  for (bool both : {false, true}) {
    CalibrationTable all = makeTable(1), other = makeTable(2);
    all.heldOut = SampleSet{3, 42};
    if (both)
      other.heldOut = SampleSet{1, 5};
    ASSERT_FALSE(bool(all.merge(other, "a", "b")));
    EXPECT_EQ(all.heldOut, std::nullopt);
  }
}

TEST(CalibrationTable, RefusesToMerge) {
  const CalibrationTable table = makeTable(1);
  auto refusal = [&](const CalibrationTable &other) {
    CalibrationTable all = table;
    std::string message = llvm::toString(all.merge(other, "a", "b"));
    expectSame(all, table); // nothing has changed
    return message;
  };
  CalibrationTable other = table;
  other.fingerprint[0] = 'f';
  EXPECT_EQ(refusal(other),
            "cannot merge 'a' and 'b': they are of different models, with "
            "fingerprints 0123456789abcdef0123456789abcdef and "
            "f123456789abcdef0123456789abcdef; merge tables of one model");
  other = table;
  other.mask = "m";
  EXPECT_EQ(refusal(other),
            "cannot merge 'a' and 'b': their padding was left out by different "
            "masks, none and 'm'; calibrate both with the same mask");
  other = table;
  other.values.erase("value.1");
  other.values["value.7"] = ValueStatistics();
  EXPECT_EQ(refusal(other),
            "cannot merge 'a' and 'b': 'b' has no value 'value.1', which 'a' "
            "has; did you mean 'value.0', 'value.2' or 'value.3'?; calibrate "
            "both with the same options");
  other = table;
  other.values["extra"] = ValueStatistics();
  EXPECT_NE(refusal(other).find("'a' has no value 'extra', which 'b' has"),
            std::string::npos);
  other = table;
  other.source = "aimet";
  EXPECT_EQ(refusal(other),
            "cannot merge 'a' and 'b': 'b' holds ranges of aimet, and only "
            "statistics can be merged; merge tables that `lowbit calibrate` "
            "wrote");
  other = table;
  other.values["value.0"].channels.reset();
  EXPECT_NE(refusal(other).find("value 'value.0' has statistics of channels in "
                                "one of them only"),
            std::string::npos);
  other = table;
  other.values["value.0"].channels->axis = 2;
  EXPECT_NE(refusal(other).find("along dimension 1 and along 2"),
            std::string::npos);
  other = table;
  other.values["value.0"].kept.reset();
  EXPECT_NE(refusal(other).find("has kept rows in one of them only"),
            std::string::npos);
}

} // namespace
