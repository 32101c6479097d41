//===- Contract.h - The plain integer contraction ----------------*- C++
//-*-===//
//
// What every compiled integer contraction is held against (N9): a loop nest
// that multiplies two integers and adds them up. Matrix products, batched ones
// and convolutions (strides, dilations; their input already padded) are all
// such nests, because their index maps are sums of stride * loop.
//
// In: the loops, two functions that read an operand at an offset, the
// accumulator with its initial values. Out: the accumulator. Zero points are
// not applied here. A sum that does not fit 32 bits is reported, not wrapped.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_CONTRACT_H
#define LOWBIT_NUMERICS_CONTRACT_H

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace lowbit {

struct LoopNest {
  struct Loop {
    int64_t extent;
    /// How far one step of this loop moves in each array, in elements; 0 where
    /// the array does not depend on the loop.
    int64_t strideA;
    int64_t strideB;
    int64_t strideC;
    /// Summed over; strideC is then 0.
    bool isReduction;
  };
  std::vector<Loop> loops;
  int64_t offsetA = 0;
  int64_t offsetB = 0;
  int64_t offsetC = 0;
};

/// An element of C whose exact sum is no 32-bit integer.
struct ContractOverflow {
  int64_t offset;
  int64_t sum;
};

/// The loops of C[m, n] += A[m, k] * B[k, n], all in row-major order.
LoopNest matmulNest(int64_t m, int64_t n, int64_t k);

namespace detail {

/// The sum of a * b over `loops[level ...]`, all of them reductions.
template <typename ReadA, typename ReadB>
int64_t sumOfProducts(const std::vector<LoopNest::Loop> &loops, size_t level,
                      int64_t a, int64_t b, const ReadA &readA,
                      const ReadB &readB) {
  if (level == loops.size())
    return int64_t(readA(a)) * int64_t(readB(b));
  const LoopNest::Loop &loop = loops[level];
  bool innermost = level + 1 == loops.size();
  int64_t sum = 0;
  for (int64_t i = 0; i < loop.extent; ++i) {
    int64_t nextA = a + i * loop.strideA, nextB = b + i * loop.strideB;
    sum += innermost
               ? int64_t(readA(nextA)) * int64_t(readB(nextB))
               : sumOfProducts(loops, level + 1, nextA, nextB, readA, readB);
  }
  return sum;
}

} // namespace detail

/// C += sum of A * B. `readA(offset)` and `readB(offset)` give integers of at
/// most 16 bits, `c` is the accumulator. Stops at the first overflow and
/// returns it.
template <typename ReadA, typename ReadB>
std::optional<ContractOverflow>
referenceContract(const LoopNest &nest, const ReadA &readA, const ReadB &readB,
                  int32_t *c) {
  std::vector<LoopNest::Loop> parallel, reduction;
  for (const LoopNest::Loop &loop : nest.loops) {
    if (loop.extent <= 0 && !loop.isReduction)
      return std::nullopt;
    (loop.isReduction ? reduction : parallel).push_back(loop);
  }

  std::vector<int64_t> index(parallel.size(), 0);
  while (true) {
    int64_t a = nest.offsetA, b = nest.offsetB, offset = nest.offsetC;
    for (size_t d = 0; d < parallel.size(); ++d) {
      a += index[d] * parallel[d].strideA;
      b += index[d] * parallel[d].strideB;
      offset += index[d] * parallel[d].strideC;
    }
    int64_t sum =
        c[offset] + detail::sumOfProducts(reduction, 0, a, b, readA, readB);
    if (sum < std::numeric_limits<int32_t>::min() ||
        sum > std::numeric_limits<int32_t>::max())
      return ContractOverflow{offset, sum};
    c[offset] = static_cast<int32_t>(sum);

    // The next index, the last loop fastest.
    size_t d = parallel.size();
    while (d > 0 && ++index[d - 1] == parallel[d - 1].extent)
      index[--d] = 0;
    if (d == 0)
      return std::nullopt;
  }
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_CONTRACT_H
