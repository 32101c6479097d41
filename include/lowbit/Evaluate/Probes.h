//===- Probes.h - what probed modules and their runs share ------*- C++ -*-===//
//
// The names that lowbit-insert-probes leaves in a module and `quant-run
// --evaluate` looks for, and the parameters that are handed over.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_EVALUATE_PROBES_H
#define LOWBIT_EVALUATE_PROBES_H

#include "lowbit/Numerics/Affine.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace lowbit {

/// The name (lowbit.name) of the argument with the parameters, an f32 tensor of
/// [scale, lo, hi] a probe, and its attribute with the ids of the probes.
inline constexpr llvm::StringLiteral kProbesName = "lowbit.probes";
/// The attribute of a parameter that holds the observed weight of that id.
inline constexpr llvm::StringLiteral kProbeAttr = "lowbit.probe";

/// Affine parameters of a value: element i of dimension d has those of block
/// i / block[d], which are row-major. Without `params` the value is float.
struct ValueParameters {
  StorageRange range;
  /// Elements of a block along each dimension; empty is the whole tensor.
  llvm::SmallVector<int64_t> block;
  std::vector<AffineParams> params;
};

inline bool operator==(const ValueParameters &left,
                       const ValueParameters &right) {
  auto isEqual = [](const AffineParams &a, const AffineParams &b) {
    return a.scale == b.scale && a.zeroPoint == b.zeroPoint;
  };
  return left.range.min == right.range.min &&
         left.range.max == right.range.max && left.block == right.block &&
         std::equal(left.params.begin(), left.params.end(),
                    right.params.begin(), right.params.end(), isEqual);
}

} // namespace lowbit

#endif // LOWBIT_EVALUATE_PROBES_H
