//===- FuzzBytecode.cpp - the dialect in bytecode -------------------------===//
//
// Input: a module as bytecode; seeds may be text, which is converted. See
// RoundTrip.h for what must hold.
//
//===----------------------------------------------------------------------===//
#include "BytecodeMutator.h"
#include "RoundTrip.h"

#include <cstring>

using namespace lowbit::fuzz;

static llvm::StringRef asBytes(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  checkRoundTrip(asBytes(data, size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  llvm::StringRef input = asBytes(data, size);
  std::string bytes;
  if (isBytecode(input))
    bytes = mutateBytecode(input, seed);
  else if (auto converted = toBytecode(input))
    bytes = *converted;
  if (bytes.empty() || bytes.size() > maxSize)
    return size;
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
