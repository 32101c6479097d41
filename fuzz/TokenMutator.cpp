//===- TokenMutator.cpp - changes to our part of a module -----------------===//
//
// Steps: a token is replaced by one of its kind, which most often leaves a text
// that is still read, or it is left out, repeated, swapped, shortened, or
// replaced by any other.
//
//===----------------------------------------------------------------------===//
#include "TokenMutator.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace lowbit::fuzz;
using llvm::StringRef;

static constexpr StringRef kPrefix = "lowbit.";
static constexpr size_t kMostTokens = 1 << 14;

/// Borders of the widths that formats have, and what no format can hold.
static constexpr StringRef kNumbers[] = {"0",
                                         "1",
                                         "-1",
                                         "2",
                                         "3",
                                         "4",
                                         "7",
                                         "8",
                                         "15",
                                         "16",
                                         "17",
                                         "31",
                                         "32",
                                         "64",
                                         "127",
                                         "128",
                                         "-127",
                                         "-128",
                                         "-129",
                                         "255",
                                         "256",
                                         "32767",
                                         "-32768",
                                         "65535",
                                         "65536",
                                         "16777216",
                                         "2147483647",
                                         "2147483648",
                                         "-2147483648",
                                         "4294967296",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "-9223372036854775808",
                                         "18446744073709551616",
                                         "0.0",
                                         "-0.0",
                                         "1.0e-45",
                                         "1.0e+38",
                                         "0x7F800000",
                                         "0xFFC00000",
                                         "1.0e-310",
                                         "0.5"};
static constexpr StringRef kTokens[] = {"<",
                                        ">",
                                        "(",
                                        ")",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        ",",
                                        ":",
                                        "=",
                                        "?",
                                        "x",
                                        "->",
                                        "*",
                                        "i1",
                                        "i2",
                                        "i4",
                                        "i8",
                                        "ui8",
                                        "si8",
                                        "i16",
                                        "ui16",
                                        "i17",
                                        "i32",
                                        "i64",
                                        "index",
                                        "f32",
                                        "f16",
                                        "f64",
                                        "f8E4M3FN",
                                        "f4E2M1FN",
                                        "none",
                                        "\"\"",
                                        "unit",
                                        "true",
                                        "false",
                                        "array<i64>",
                                        "array<i32: 1, -1>",
                                        "[]",
                                        "{}",
                                        "dense<>",
                                        "dense<1>",
                                        "dense<[1, 2]>",
                                        "dense<1> : tensor<i32>",
                                        "tensor<*xi8>",
                                        "dense<0.5> : tensor<f32>",
                                        "dense<[0.5, 1.0]> : tensor<2xf32>",
                                        "tensor<f32>",
                                        "tensor<?xf32>",
                                        "tensor<0xf32>",
                                        "tensor<4xi8>",
                                        "memref<4xi8>",
                                        "vector<4xi8>",
                                        "tuple<>",
                                        "affine_map<(d0) -> (d0)>"};

std::vector<Span> lowbit::fuzz::ownSpans(StringRef text) {
  std::vector<Span> spans;
  for (size_t at = text.find(kPrefix); at != StringRef::npos;
       at = text.find(kPrefix, at + 1)) {
    bool isSigil = at > 0 && (text[at - 1] == '!' || text[at - 1] == '#');
    if (!isSigil) {
      size_t end = text.find('\n', at);
      spans.push_back({at, end == StringRef::npos ? text.size() : end});
      continue;
    }
    size_t open = at + kPrefix.size();
    while (open < text.size() &&
           (llvm::isAlnum(text[open]) || text[open] == '_'))
      ++open;
    if (open >= text.size() || text[open] != '<')
      continue;
    size_t depth = 0, end = open;
    do
      depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    while (++end < text.size() && depth != 0);
    if (depth == 0)
      spans.push_back({open + 1, end - 1});
  }
  return spans;
}

std::vector<StringRef> lowbit::fuzz::tokenize(StringRef text) {
  std::vector<StringRef> tokens;
  auto isWord = [](char c) {
    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
  };
  while (!(text = text.ltrim()).empty()) {
    size_t size = 1;
    bool isSigil = StringRef("%@!#^").contains(text[0]);
    if (text[0] == '"') {
      size_t end = text.find('"', 1);
      size = end == StringRef::npos ? text.size() : end + 1;
    } else if (text.starts_with("->")) {
      size = 2;
    } else if (isSigil || isWord(text[0]) ||
               (text[0] == '-' && text.size() > 1 && llvm::isDigit(text[1]))) {
      while (size < text.size() && isWord(text[size]))
        ++size;
    }
    tokens.push_back(text.take_front(size));
    text = text.drop_front(size);
  }
  return tokens;
}

void TokenMutator::learn(StringRef text) {
  for (Span span : ownSpans(text))
    for (StringRef token : tokenize(text.slice(span.begin, span.end)))
      if (pool.size() < kMostTokens && token.size() < 200)
        if (auto [entry, isNew] = known.insert(token); isNew)
          pool.push_back(entry->getKey());
}

template <typename Range>
static auto &pick(Range &range, std::mt19937 &random) {
  return range[random() % std::size(range)];
}

StringRef TokenMutator::anyToken(std::mt19937 &random) const {
  unsigned choice = random() % 4;
  if (choice == 0)
    return pick(kNumbers, random);
  if (choice == 1 || pool.empty())
    return pick(kTokens, random);
  return pick(pool, random);
}

static bool isNumber(StringRef token) {
  return llvm::isDigit(token.ltrim('-').front());
}

std::string TokenMutator::sameKind(StringRef token,
                                   std::mt19937 &random) const {
  int64_t value;
  if (isNumber(token)) {
    if (random() % 2 && !token.getAsInteger(10, value))
      return random() % 2 ? std::to_string(random() % 18)
                          : std::to_string(uint64_t(value) + random() % 3 - 1);
    return pick(kNumbers, random).str();
  }
  // Words by words, punctuation by punctuation.
  for (int attempt = 0; attempt < 8; ++attempt) {
    StringRef other = anyToken(random);
    if (!isNumber(other) &&
        llvm::isPunct(other.front()) == llvm::isPunct(token.front()))
      return other.str();
  }
  return token.str();
}

std::string TokenMutator::change(StringRef span, std::mt19937 &random) {
  std::vector<std::string> tokens;
  for (StringRef token : tokenize(span))
    tokens.push_back(token.str());
  unsigned steps = random() % 2 ? 1 : 2 + random() % 3;
  for (unsigned step = 0; step < steps; ++step) {
    if (tokens.empty()) {
      tokens.push_back(anyToken(random).str());
      continue;
    }
    size_t at = random() % tokens.size();
    switch (random() % 12) {
    case 0:
      tokens.erase(tokens.begin() + at);
      break;
    case 1:
      tokens.insert(tokens.begin() + at, std::string(tokens[at]));
      break;
    case 2:
      std::swap(tokens[at], pick(tokens, random));
      break;
    case 3:
      tokens.insert(tokens.begin() + at, anyToken(random).str());
      break;
    case 4:
      if (tokens[at].size() > 1)
        tokens[at].pop_back();
      break;
    case 5:
      tokens[at] = anyToken(random).str();
      break;
    case 6:
    case 7:
    case 8: {
      // Numbers are where most borders are.
      std::vector<std::string *> numbers;
      for (std::string &token : tokens)
        if (isNumber(token))
          numbers.push_back(&token);
      if (!numbers.empty()) {
        std::string &number = *pick(numbers, random);
        number = sameKind(number, random);
      }
      break;
    }
    default:
      tokens[at] = sameKind(tokens[at], random);
    }
  }
  return llvm::join(tokens, " ");
}

std::string TokenMutator::mutate(StringRef text, unsigned seed) {
  learn(text);
  std::mt19937 random(seed);
  std::vector<Span> spans = ownSpans(text);
  if (spans.empty())
    return "func.func private @f(tensor<4x!lowbit.affine<i8>>)";
  Span span = pick(spans, random);
  return (text.take_front(span.begin) +
          change(text.slice(span.begin, span.end), random) +
          text.drop_front(span.end))
      .str();
}

std::string TokenMutator::cross(StringRef text, StringRef other,
                                unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Span> spans = ownSpans(text), others = ownSpans(other);
  if (spans.empty() || others.empty())
    return text.str();
  Span span = pick(spans, random), source = pick(others, random);
  return (text.take_front(span.begin) + other.slice(source.begin, source.end) +
          text.drop_front(span.end))
      .str();
}
