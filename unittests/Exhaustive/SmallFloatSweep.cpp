//===- SmallFloatSweep.cpp - Every float through each encoder -------------===//
//
// Every f32 bit pattern through the encoder of each small float, saturating and
// not, against the nearest of all values of the format: their sorted list, and
// exact midpoints in double.
//
//===----------------------------------------------------------------------===//

#include "Exact.h"
#include "Sweep.h"
#include "lowbit/Numerics/SmallFloat.h"
#include <cmath>

using namespace lowbit;
using namespace lowbit::exhaustive;

namespace {

/// A format by its specification: the values of all codes that are neither
/// negative, infinite nor NaN, in order, and one step further.
struct ValueList {
  std::vector<double> values;

  explicit ValueList(const SmallFloat &format) {
    unsigned steps = 1u << format.mantissaBits;
    // The code after the largest value, as if the format went on.
    for (unsigned code = 0; code <= format.maxCode + 1u; ++code) {
      unsigned field = code / steps, mantissa = code % steps;
      if (&format == &kF8E8M0FNU)
        values.push_back(std::ldexp(1.0, int(field) - 127));
      else if (field == 0)
        values.push_back(std::ldexp(double(mantissa) / steps, 1 - format.bias));
      else
        values.push_back(std::ldexp(1.0 + double(mantissa) / steps,
                                    int(field) - format.bias));
    }
  }

  /// The code nearest to x >= 0; `tiesUp` instead of to the even code.
  unsigned nearest(double x, bool tiesUp) const {
    size_t above =
        std::lower_bound(values.begin(), values.end(), x) - values.begin();
    if (above == 0)
      return 0;
    if (above == values.size())
      return unsigned(above - 1);
    double middle = (values[above - 1] + values[above]) / 2;
    bool up = x > middle || (x == middle && (tiesUp || above % 2 == 0));
    return unsigned(up ? above : above - 1);
  }
};

/// The expected codes of all f32 bit patterns.
std::vector<Segment> powerSegments(bool saturate) {
  ValueList list(kF8E8M0FNU);
  int64_t below = saturate ? 0 : 0xff, beyond = saturate ? 0xfe : 0xff;
  std::vector<Segment> segments = {{0, below}};
  // From 2^-127 to 2^127 the table of ONNX Cast asks for the nearest.
  for (Segment s : segmentsOf(0x400000, 0x7f000001, [&](uint64_t bits) {
         return int64_t(
             list.nearest(exact::floatOf(uint32_t(bits)), /*tiesUp=*/true));
       }))
    segments.push_back(s);
  segments.push_back({0x7f000001, beyond});
  segments.push_back({0x7f800001, 0xff});
  segments.push_back({0x80000000, below});
  segments.push_back({0x80000001, 0xff});
  return segments;
}

std::vector<Segment> encodeSegments(const SmallFloat &format, bool saturate) {
  if (!format.isSigned)
    return powerSegments(saturate);
  ValueList list(format);
  bool hasNaN = format.name[1] == '8';
  int64_t largest = format.maxCode;
  auto positive = segmentsOf(0, 0x7f800001, [&](uint64_t bits) {
    float x = exact::floatOf(uint32_t(bits));
    int64_t code = list.nearest(std::isinf(x) ? 1e300 : x, /*tiesUp=*/false);
    if (code <= largest)
      return code;
    if (saturate || !hasNaN)
      return largest;
    return &format == &kF8E5M2 ? int64_t(0x7c) : int64_t(0x7f);
  });
  positive.push_back({0x7f800001, hasNaN ? 0x7f : largest});
  std::vector<Segment> segments = positive;
  int64_t sign = int64_t(1) << (format.name[1] - '0' - 1);
  for (Segment s : positive) {
    bool isNaN = s.begin == 0x7f800001;
    segments.push_back({s.begin + 0x80000000, s.value | (isNaN ? 0 : sign)});
  }
  return segments;
}

Counts everyFloat(const Options &options, const std::string &name,
                  const SmallFloat &described) {
  Counts counts;
  const SmallFloat format = described;
  for (bool saturate : {true, false})
    counts += checkSegments(
        name, options, 0, uint64_t(1) << 32,
        encodeSegments(described, saturate),
        [&](uint64_t begin, uint64_t end, int64_t expected) {
          const SmallFloat mine = format;
          uint32_t n = uint32_t(end - begin), differing = 0;
          auto want = uint32_t(expected);
          for (uint32_t k = 0; k < n; ++k)
            differing += encode(exact::floatOf(uint32_t(begin) + k), mine,
                                saturate) != want;
          for (uint64_t i = begin; differing && i < end; ++i) {
            float x = exact::floatOf(uint32_t(i));
            unsigned code = encode(x, mine, saturate);
            if (code == want)
              continue;
            char text[120];
            std::snprintf(text, sizeof(text),
                          "%a, saturate %d: expected 0x%02x, got 0x%02x",
                          double(x), int(saturate), want, code);
            reportDifference(name, text);
            break;
          }
          return uint64_t(differing);
        });
  return counts;
}

} // namespace

std::vector<Sweep> lowbit::exhaustive::smallFloatSweeps() {
  std::vector<Sweep> sweeps;
  for (const SmallFloat *format : kSmallFloats) {
    std::string name = std::string("encode-") + format->name;
    sweeps.push_back(
        {name, [=](const Options &o) { return everyFloat(o, name, *format); }});
  }
  return sweeps;
}
