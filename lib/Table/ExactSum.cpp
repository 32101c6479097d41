//===- ExactSum.cpp - sums of floats without rounding ---------------------===//
//
// In: floats, or integers with an exponent. Out: their sum, exactly; as a
// double it is rounded once. Refused: a text that toString does not write.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/ExactSum.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace lowbit;

/// 2^63 squares of the largest float are less than 2^319 = 2^617 units.
static constexpr unsigned kMostBits = 617;

void ExactSum::add(__int128 mantissa, int exponent) {
  if (mantissa == 0)
    return;
  assert(exponent >= kUnitExponent && "finer than the unit");
  unsigned shift = exponent - kUnitExponent;
  unsigned at = shift / 64, bits = shift % 64;
  auto value = static_cast<unsigned __int128>(mantissa);
  uint64_t low = value, high = value >> 64;
  uint64_t sign = mantissa < 0 ? ~uint64_t(0) : 0;
  // The term, sign-extended, from word `at` on.
  auto term = [&](unsigned word) -> uint64_t {
    uint64_t own = word == 0 ? low : word == 1 ? high : sign;
    uint64_t below = word == 0 ? 0 : word == 1 ? low : word == 2 ? high : sign;
    return bits ? own << bits | below >> (64 - bits) : own;
  };
  unsigned __int128 carry = 0;
  for (unsigned i = at; i < kWords; ++i) {
    // What is left to add is nothing, or -1 and a carry.
    if (i > at + 2 && (sign ? carry == 1 : carry == 0))
      return;
    carry += static_cast<unsigned __int128>(words[i]) + term(i - at);
    words[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

/// A float as an integer and the exponent of its unit.
static std::pair<int64_t, int> split(float x) {
  uint32_t bits = llvm::bit_cast<uint32_t>(x);
  int exponent = bits >> 23 & 0xff;
  int64_t mantissa = (bits & 0x7fffff) | (exponent ? 1 << 23 : 0);
  return {bits >> 31 ? -mantissa : mantissa, exponent ? exponent - 150 : -149};
}

void ExactSum::add(float x, uint64_t times) {
  auto [mantissa, exponent] = split(x);
  add(__int128(mantissa) * times, exponent);
}

void ExactSum::addSquare(float x, uint64_t times) {
  auto [mantissa, exponent] = split(x);
  add(__int128(mantissa * mantissa) * times, 2 * exponent);
}

bool ExactSum::operator<(const ExactSum &other) const {
  if (isNegative() != other.isNegative())
    return isNegative();
  return std::lexicographical_compare(words.rbegin(), words.rend(),
                                      other.words.rbegin(), other.words.rend());
}

void ExactSum::merge(const ExactSum &other) {
  unsigned __int128 carry = 0;
  for (unsigned i = 0; i < kWords; ++i) {
    carry += static_cast<unsigned __int128>(words[i]) + other.words[i];
    words[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

bool ExactSum::isZero() const { return words == Words{}; }

void ExactSum::negate() {
  bool carry = true;
  for (uint64_t &word : words) {
    word = ~word + carry;
    carry = carry && word == 0;
  }
}

ExactSum::Words ExactSum::magnitude() const {
  ExactSum result = *this;
  if (isNegative())
    result.negate();
  return result.words;
}

double ExactSum::toDouble() const {
  Words size = magnitude();
  int top = kWords - 1;
  while (top >= 0 && size[top] == 0)
    --top;
  if (top < 0)
    return 0;
  // The 64 bits from the highest one on. A bit below them makes their last one
  // odd: it is too low to be more than the side of a tie.
  unsigned zeros = llvm::countl_zero(size[top]);
  uint64_t bits = size[top] << zeros;
  bool more = false;
  if (top > 0) {
    if (zeros)
      bits |= size[top - 1] >> (64 - zeros);
    more = size[top - 1] << zeros;
    for (int i = 0; i < top - 1; ++i)
      more |= size[i] != 0;
  }
  double result =
      std::ldexp(static_cast<double>(bits | uint64_t(more)),
                 64 * top - static_cast<int>(zeros) + kUnitExponent);
  return isNegative() ? -result : result;
}

std::string ExactSum::toString() const {
  if (isZero())
    return "0x0p+0";
  Words size = magnitude();
  unsigned exponent = 0; // of the lowest bit that is set
  while (size[exponent / 64] == 0)
    exponent += 64;
  exponent += llvm::countr_zero(size[exponent / 64]);
  std::string digits; // from the lowest
  auto bit = [&](unsigned i) {
    return i < 64 * kWords ? size[i / 64] >> (i % 64) & 1 : 0;
  };
  for (unsigned i = exponent; i < 64 * kWords; i += 4)
    digits += llvm::hexdigit(bit(i) | bit(i + 1) << 1 | bit(i + 2) << 2 |
                                 bit(i + 3) << 3,
                             /*LowerCase=*/true);
  digits.resize(digits.find_last_not_of('0') + 1);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (isNegative() ? "-0x" : "0x")
     << std::string(digits.rbegin(), digits.rend())
     << llvm::format("p%+d", static_cast<int>(exponent) + kUnitExponent);
  return text;
}

llvm::Expected<ExactSum> ExactSum::parse(llvm::StringRef text) {
  auto refuse = [&](const llvm::Twine &why) {
    return llvm::createStringError("'" + text.take_front(200) + "' " + why);
  };
  llvm::StringRef rest = text;
  bool negative = rest.consume_front("-");
  auto [digits, power] = rest.split('p');
  int exponent = 0;
  if (!digits.consume_front("0x") || digits.empty() ||
      digits.size() > 16 * kWords ||
      !power.consume_front("+") == !power.starts_with("-") ||
      power.getAsInteger(10, exponent))
    return refuse("is not an exact number such as -0x1f3p-149");
  ExactSum result;
  if (exponent < kUnitExponent || exponent > 64 * int(kWords))
    return refuse("has an exponent out of range");
  unsigned length = 0;
  for (char c : llvm::reverse(digits)) {
    unsigned digit = llvm::hexDigitValue(c);
    if (digit == ~0u)
      return refuse("is not an exact number such as -0x1f3p-149");
    if (digit == 0) {
      length += 4;
      continue;
    }
    unsigned used = 64 - llvm::countl_zero(uint64_t(digit));
    if (exponent - kUnitExponent + length + used > kMostBits)
      return refuse("is larger than any sum can be");
    result.add(digit, exponent + int(length));
    length += 4;
  }
  if (negative)
    result.negate();
  if (std::string written = result.toString(); written != text)
    return refuse("is not how the number is written: " + written);
  return result;
}
