//===- Blocks.h - Which elements share parameters --------------*- C++ -*-===//
//
// In: the shape of a row-major tensor and the size of a block in each
// dimension; the last block of a dimension may be smaller. Out: the tensor as
// contiguous runs, each in one block, so that a loop over a run has one scale.
// Blocks are numbered in row-major order: one of the whole tensor, those of an
// axis, groups along a dimension and tiles are the same.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_BLOCKS_H
#define LOWBIT_NUMERICS_BLOCKS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lowbit {

class Blocks {
public:
  /// A block size below 1 is the whole dimension.
  Blocks(const int64_t *shape, const int64_t *block, size_t rank);

  /// How many blocks; none where a dimension that is cut has no elements.
  size_t count() const { return blocks; }

  /// visit(block, first, length) for each run, in the order of the elements.
  template <typename Visit> void forEachRun(Visit visit) const;

private:
  struct Dim {
    int64_t size, block, count;
    /// Between neighbours in this dimension, in blocks.
    size_t step;
  };
  /// The dimensions that are cut, and those before them. Empty: one run.
  std::vector<Dim> dims;
  /// What the dimensions behind make contiguous.
  int64_t inner = 1;
  size_t blocks = 1;
  bool isEmpty = false;
};

template <typename Visit> void Blocks::forEachRun(Visit visit) const {
  if (isEmpty)
    return;
  if (dims.empty()) {
    visit(size_t(0), size_t(0), size_t(inner));
    return;
  }
  struct Position {
    int64_t index = 0, inBlock = 0;
  };
  const Dim row = dims.back();
  std::vector<Position> outer(dims.size() - 1);
  size_t base = 0, first = 0;
  bool more = true;
  while (more) {
    size_t block = base;
    for (int64_t left = row.size; left > 0; left -= row.block) {
      size_t length = size_t(std::min(row.block, left) * inner);
      visit(block++, first, length);
      first += length;
    }
    more = false;
    for (size_t d = outer.size(); d-- > 0 && !more;) {
      const Dim &dim = dims[d];
      Position &at = outer[d];
      more = ++at.index < dim.size;
      if (!more) {
        base -= size_t(dim.count - 1) * dim.step;
        at = {};
      } else if (++at.inBlock == dim.block) {
        base += dim.step;
        at.inBlock = 0;
      }
    }
  }
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_BLOCKS_H
