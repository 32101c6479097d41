//===- PrintTable.cpp - the text of a calibration table -------------------===//
//
// In: a table. Out: JSON with sorted keys and one line an array of numbers. A
// float is the shortest decimal that reads back as the same float; a sum is
// exact, with the nearest double beside it for people. The same statistics are
// the same bytes.
//
//===----------------------------------------------------------------------===//
#include "JsonReader.h"
#include "lowbit/Table/CalibrationTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

#include <cstdlib>

using namespace lowbit;
namespace json = llvm::json;

static void printFloat(llvm::raw_ostream &os, float x) {
  std::string text = shortest(x);
  // JSON is read through doubles: should that round twice, all digits go out.
  bool same = static_cast<float>(std::strtod(text.c_str(), nullptr)) == x;
  os << (same ? text : shortest(static_cast<double>(x)));
}

namespace {
class TablePrinter {
public:
  explicit TablePrinter(llvm::raw_ostream &os) : out(os, /*IndentSize=*/2) {}

  void print(const CalibrationTable &table);

private:
  void print(const ValueStatistics &statistics);
  void print(const Histogram &histogram);
  void print(const ChannelStatistics &channels);
  void print(const KeptRows &kept);
  void print(const ImportedRange &range);

  template <typename T> void print(const std::map<std::string, T> &map) {
    for (const auto &[name, entry] : map)
      out.attributeObject(json::fixUTF8(name),
                          [&, &entry = entry] { print(entry); });
  }
  template <typename T, typename PrintElement>
  void line(llvm::ArrayRef<T> list, PrintElement printElement) {
    out.rawValue([&](llvm::raw_ostream &os) {
      os << "[";
      for (size_t i = 0; i < list.size(); ++i) {
        os << (i ? ", " : "");
        printElement(os, list[i]);
      }
      os << "]";
    });
  }
  template <typename T, typename PrintElement>
  void line(llvm::StringRef key, llvm::ArrayRef<T> list,
            PrintElement printElement) {
    out.attributeBegin(key);
    line(list, printElement);
    out.attributeEnd();
  }
  void number(llvm::StringRef key, float x) {
    out.attributeBegin(key);
    out.rawValue([&](llvm::raw_ostream &os) { printFloat(os, x); });
    out.attributeEnd();
  }
  void sum(llvm::StringRef key, const ExactSum &sum) {
    out.attributeBegin(key);
    out.rawValue([&](llvm::raw_ostream &os) {
      os << "{\"exact\": \"" << sum.toString() << "\", \"value\": ";
      os << shortest(sum.toDouble()) << "}";
    });
    out.attributeEnd();
  }

  json::OStream out;
};
} // namespace

void TablePrinter::print(const ImportedRange &range) {
  if (range.bits)
    out.attribute("bits", range.bits);
  number("max", range.max);
  number("min", range.min);
  if (range.perhapsParameter)
    out.attribute("perhaps_parameter", true);
  if (range.symmetric)
    out.attribute("symmetric", *range.symmetric);
}

void TablePrinter::print(const ChannelStatistics &channels) {
  out.attribute("axis", channels.axis);
  line("max", llvm::ArrayRef(channels.max), printFloat);
  line("min", llvm::ArrayRef(channels.min), printFloat);
  line("sum", llvm::ArrayRef(channels.sum),
       [](llvm::raw_ostream &os, const ExactSum &sum) {
         os << '"' << sum.toString() << '"';
       });
}

void TablePrinter::print(const Histogram &histogram) {
  auto printCount = [](llvm::raw_ostream &os, uint64_t count) { os << count; };
  out.attributeArray("octaves", [&] {
    for (const Histogram::Octave &octave : histogram.octaves()) {
      // Without the empty bins at both ends.
      llvm::ArrayRef<uint64_t> counts = octave.counts;
      llvm::ArrayRef<uint64_t> offsets = octave.offsets;
      size_t first = 0;
      while (counts[first] == 0)
        ++first;
      size_t length = counts.size() - first;
      while (counts[first + length - 1] == 0)
        --length;
      out.object([&] {
        line("counts", counts.slice(first, length), printCount);
        out.attribute("exponent", octave.exponent);
        out.attribute("first", static_cast<int64_t>(first));
        line("offsets", offsets.slice(first, length), printCount);
        out.attribute("sign", octave.negative ? "-" : "+");
      });
    }
  });
  out.attribute("zeros", histogram.zeros());
}

void TablePrinter::print(const KeptRows &kept) {
  for (const std::vector<float> &row : kept.rows)
    line(llvm::ArrayRef(row), printFloat);
}

void TablePrinter::print(const ValueStatistics &statistics) {
  if (statistics.channels)
    out.attributeObject("channels", [&] { print(*statistics.channels); });
  out.attribute("count", statistics.count);
  out.attributeObject("histogram", [&] { print(statistics.histogram); });
  if (statistics.kept)
    out.attributeArray("kept_rows", [&] { print(*statistics.kept); });
  number("max", statistics.max);
  number("min", statistics.min);
  out.attribute("samples", statistics.samples);
  number("second_max", statistics.secondMax);
  number("second_min", statistics.secondMin);
  sum("sum", statistics.sum);
  sum("sum_of_maxima", statistics.sumOfMaxima);
  sum("sum_of_minima", statistics.sumOfMinima);
  sum("sum_of_squares", statistics.sumOfSquares);
}

static std::string hexOfHash(uint64_t hash) {
  return llvm::utohexstr(hash, /*LowerCase=*/true, /*Width=*/16);
}

void TablePrinter::print(const CalibrationTable &table) {
  out.object([&] {
    if (!table.isImported())
      out.attribute("fingerprint", table.fingerprint);
    if (table.heldOut)
      out.attributeObject("held_out", [&] {
        out.attribute("hash", hexOfHash(table.heldOut->hash));
        out.attribute("samples", table.heldOut->count);
      });
    if (table.interruptedOf)
      out.attribute("interrupted_of", *table.interruptedOf);
    if (!table.mask.empty())
      out.attribute("mask", table.mask);
    if (table.isImported()) {
      out.attributeObject("ranges", [&] { print(table.ranges); });
    } else {
      out.attribute("samples", table.samples);
      out.attribute("samples_hash", hexOfHash(table.samplesHash));
    }
    out.attribute("source", table.source);
    if (!table.isImported())
      out.attributeObject("values", [&] { print(table.values); });
    out.attribute("version", CalibrationTable::kVersion);
  });
}

void CalibrationTable::print(llvm::raw_ostream &os) const {
  TablePrinter(os).print(*this);
  os << "\n";
}
