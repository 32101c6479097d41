//===- HeldOut.cpp - which samples choices are tested on ------------------===//
//
// In: hashes of all samples, any order. Out: those held out. Nothing is
// refused; of less than four samples none is held out.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Data/HeldOut.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <numeric>

using namespace lowbit;

uint64_t lowbit::hashSample(llvm::ArrayRef<NpyArray> arrays) {
  std::vector<uint64_t> words;
  for (const NpyArray &array : arrays) {
    words.push_back(uint64_t(array.dtype));
    words.push_back(array.shape.size());
    words.insert(words.end(), array.shape.begin(), array.shape.end());
    llvm::ArrayRef<char> bytes = array.bytes();
    words.push_back(llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
        reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size())));
  }
  return llvm::xxh3_64bits(
      llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(words.data()),
                              words.size() * sizeof(uint64_t)));
}

void HeldOut::show(uint64_t hash) {
  ++shown;
  least.push(hash);
  if (least.size() > most)
    least.pop();
}

void HeldOut::choose() {
  uint64_t count = std::min<uint64_t>(most, shown / 4);
  for (; !least.empty(); least.pop())
    if (least.size() <= count)
      hashes.push_back(least.top());
  std::reverse(hashes.begin(), hashes.end());
  rewind();
}

uint64_t HeldOut::hash() const {
  return std::accumulate(hashes.begin(), hashes.end(), uint64_t(0));
}

bool HeldOut::take(uint64_t hash) {
  auto found = left.find(hash);
  if (found == left.end() || found->second == 0)
    return false;
  --found->second;
  return true;
}

void HeldOut::rewind() {
  left.clear();
  for (uint64_t hash : hashes)
    ++left[hash];
}
