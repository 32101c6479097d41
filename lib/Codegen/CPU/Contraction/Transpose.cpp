//===- Transpose.cpp - words of columns to steps of a panel ---------------===//
//
// rows[q] holds columns q, 4 + q, 8 + q, ..., 128 bits each; then every 128
// bits are transposed 4x4 by themselves: two unpacks of words, two of pairs.
// Shuffles that stay inside 128 bits are one cheap instruction on x86.
//
//===----------------------------------------------------------------------===//
#include "Transpose.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

/// Of each 128 bits, from word `at` on: x y x y, or pairs x x y y.
static Value unpack(KernelBuilder &b, Value x, Value y, int64_t at,
                    bool pairs) {
  int64_t lanes = cast<VectorType>(x.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t i = at; i < lanes; i += 4) {
    if (pairs)
      order.append({i, i + 1, lanes + i, lanes + i + 1});
    else
      order.append({i, lanes + i, i + 1, lanes + i + 1});
  }
  return vector::ShuffleOp::create(b, x, y, order);
}

SmallVector<Value> transposeWords(KernelBuilder &b, ArrayRef<Value> columns) {
  Value rows[4];
  for (int64_t q = 0; q < 4; ++q) {
    rows[q] = columns[q];
    for (size_t n = q + 4; n < columns.size(); n += 4) {
      SmallVector<int64_t> order;
      for (int64_t i = 0, words = n - q + 4; i < words; ++i)
        order.push_back(i);
      rows[q] = vector::ShuffleOp::create(b, rows[q], columns[n], order);
    }
  }
  SmallVector<Value> steps;
  for (int64_t at : {0, 2}) {
    Value low = unpack(b, rows[0], rows[1], at, false);
    Value high = unpack(b, rows[2], rows[3], at, false);
    steps.push_back(unpack(b, low, high, 0, true));
    steps.push_back(unpack(b, low, high, 2, true));
  }
  return steps;
}

} // namespace lowbit
