//===- Blocks.cpp - Which elements share parameters -----------------------===//
//
// See Blocks.h. Dimensions behind the last that is cut become part of the run.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Blocks.h"

using namespace lowbit;

Blocks::Blocks(const int64_t *shape, const int64_t *block, size_t rank) {
  for (size_t d = rank; d-- > 0;) {
    int64_t size = shape[d];
    isEmpty |= size == 0;
    bool isWhole = block[d] < 1 || (size > 0 && block[d] >= size);
    if (isWhole && dims.empty()) {
      inner *= size;
      continue;
    }
    int64_t extent = isWhole ? size : block[d];
    int64_t count = isWhole ? 1 : (size + extent - 1) / extent;
    dims.push_back({size, extent, count, blocks});
    blocks *= size_t(count);
  }
  std::reverse(dims.begin(), dims.end());
}
