//===- KeptRows.cpp - a choice of rows that no order changes --------------===//
//
// In: rows of a value, in any order. Out: the 64 with the smallest hashes.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/ValueStatistics.h"

#include "llvm/Support/xxhash.h"

#include <algorithm>

using namespace lowbit;

static uint64_t hashOf(llvm::ArrayRef<float> row) {
  return llvm::xxh3_64bits(
      llvm::ArrayRef(reinterpret_cast<const uint8_t *>(row.data()),
                     row.size() * sizeof(float)));
}

void KeptRows::add(llvm::ArrayRef<float> row) {
  if (row.empty() || row.size() > kLongestRow)
    return;
  // -0 and 0 are one value.
  std::vector<float> plain(row.begin(), row.end());
  for (float &x : plain)
    x += 0.0f;
  uint64_t hash = hashOf(plain);
  if (rows.size() == kMostRows && hash > hashes.back())
    return;
  size_t at =
      std::lower_bound(hashes.begin(), hashes.end(), hash) - hashes.begin();
  while (at < rows.size() && hashes[at] == hash && rows[at] < plain)
    ++at;
  if (at < rows.size() && hashes[at] == hash && rows[at] == plain)
    return;
  hashes.insert(hashes.begin() + at, hash);
  rows.insert(rows.begin() + at, std::move(plain));
  if (rows.size() > kMostRows) {
    hashes.pop_back();
    rows.pop_back();
  }
}

void KeptRows::merge(const KeptRows &other) {
  for (const std::vector<float> &row : other.rows)
    add(row);
}
