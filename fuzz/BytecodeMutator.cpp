//===- BytecodeMutator.cpp - changes to our part of bytecode --------------===//
//
// Walks the sections of a file: magic, version, producer, then sections of a
// one-byte id (the top bit: an alignment follows), a length and the content
// (https://mlir.llvm.org/docs/BytecodeFormat).
//
//===----------------------------------------------------------------------===//
#include "BytecodeMutator.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace lowbit::fuzz;
using llvm::StringRef;

static constexpr StringRef kMagic = "ML\xefR";
static constexpr uint8_t kProperties = 8;

bool lowbit::fuzz::isBytecode(StringRef bytes) {
  return bytes.starts_with(kMagic);
}

/// A number whose first byte says, by its trailing zeros, how many bytes
/// follow. Moves `at`; none at the end of the bytes.
static std::optional<uint64_t> readNumber(StringRef bytes, size_t &at) {
  if (at >= bytes.size())
    return std::nullopt;
  auto first = uint8_t(bytes[at]);
  size_t more = first == 0 ? 8 : llvm::countr_zero(first);
  if (at + more >= bytes.size())
    return std::nullopt;
  uint64_t value = 0;
  for (size_t i = more + 1; i-- > 0;)
    value = value << 8 | uint8_t(bytes[at + i]);
  if (more == 8) {
    value = 0;
    for (size_t i = 8; i > 0; --i)
      value = value << 8 | uint8_t(bytes[at + i]);
  } else {
    value >>= more + 1;
  }
  at += more + 1;
  return value;
}

std::vector<Span> lowbit::fuzz::ownBytes(StringRef bytes) {
  std::vector<Span> spans;
  size_t at = kMagic.size();
  if (!isBytecode(bytes) || !readNumber(bytes, at))
    return {};
  at = bytes.find('\0', at);
  if (at == StringRef::npos)
    return {};
  for (++at; at < bytes.size();) {
    auto id = uint8_t(bytes[at++]);
    auto length = readNumber(bytes, at);
    if (!length)
      return {};
    if (id & 0x80) {
      auto alignment = readNumber(bytes, at);
      if (!alignment || !llvm::isPowerOf2_64(*alignment))
        return {};
      at = llvm::alignTo(at, *alignment);
    }
    if (at > bytes.size() || *length > bytes.size() - at)
      return {};
    if ((id & 0x7f) == kProperties && *length > 1)
      spans.push_back({at + 1, at + size_t(*length)});
    at += *length;
  }
  // The text of types and attributes ends with a zero.
  for (StringRef prefix : {"!lowbit.", "#lowbit."})
    for (size_t text = bytes.find(prefix); text != StringRef::npos;
         text = bytes.find(prefix, text + 1))
      if (size_t end = bytes.find('\0', text); end != StringRef::npos)
        spans.push_back({text + prefix.size(), end});
  return spans;
}

std::string lowbit::fuzz::mutateBytecode(StringRef bytes, unsigned seed) {
  std::string result = bytes.str();
  std::vector<Span> spans = ownBytes(bytes);
  std::mt19937 random(seed);
  for (unsigned step = 0, steps = 1 + random() % 4;
       step < steps && !spans.empty(); ++step) {
    Span span = spans[random() % spans.size()];
    if (span.begin == span.end)
      continue;
    char &byte = result[span.begin + random() % (span.end - span.begin)];
    if (llvm::isPrint(byte) && random() % 2)
      byte = "0123456789-:<>,=iuafx \""[random() % 23];
    else if (random() % 2)
      // Indices are small, and odd in their one-byte form.
      byte = char(random() % 64 * 2 + 1);
    else
      byte = char(random());
  }
  return result;
}
