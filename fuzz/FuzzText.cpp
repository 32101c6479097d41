//===- FuzzText.cpp - the text parser of the dialect ----------------------===//
//
// Input: a module as text. See RoundTrip.h for what must hold.
//
//===----------------------------------------------------------------------===//
#include "RoundTrip.h"
#include "TokenMutator.h"

#include <cstring>

using namespace lowbit::fuzz;

static TokenMutator &mutator() {
  static TokenMutator instance;
  return instance;
}

static llvm::StringRef asText(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

/// Copies `text` to `data`, unless it is too long.
static size_t store(const std::string &text, uint8_t *data, size_t size,
                    size_t maxSize) {
  if (text.empty() || text.size() > maxSize)
    return size;
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  checkRoundTrip(asText(data, size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  return store(mutator().mutate(asText(data, size), seed), data, size, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size,
                                            const uint8_t *other,
                                            size_t otherSize, uint8_t *out,
                                            size_t maxSize, unsigned seed) {
  std::string text =
      mutator().cross(asText(data, size), asText(other, otherSize), seed);
  if (text.size() > maxSize)
    return 0;
  std::memcpy(out, text.data(), text.size());
  return text.size();
}
