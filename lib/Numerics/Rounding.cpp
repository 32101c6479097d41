//===- Rounding.cpp - Names of the rounding modes -------------------------===//
//
// In: a mode, or a name. Out: the other; nothing for a name that is no mode.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Rounding.h"

using namespace lowbit;

const char *lowbit::roundingName(Rounding mode) {
  switch (mode) {
  case Rounding::HalfEven:
    return "half_even";
  case Rounding::HalfAway:
    return "half_away";
  case Rounding::HalfUp:
    return "half_up";
  case Rounding::TowardZero:
    return "toward_zero";
  case Rounding::Floor:
    return "floor";
  }
  return "";
}

std::optional<Rounding> lowbit::parseRounding(std::string_view name) {
  for (Rounding mode : kRoundings)
    if (name == roundingName(mode))
      return mode;
  return std::nullopt;
}
