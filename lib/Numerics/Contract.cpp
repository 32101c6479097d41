//===- Contract.cpp - Common loop nests -----------------------------------===//
//
// In: the sizes of a matrix product. Out: its loop nest for referenceContract.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Contract.h"

using namespace lowbit;

LoopNest lowbit::matmulNest(int64_t m, int64_t n, int64_t k) {
  LoopNest nest;
  nest.loops = {{m, k, 0, n, false}, {n, 0, 1, 1, false}, {k, 1, n, 0, true}};
  return nest;
}
