//===- ContractLowering.h - the pieces of lowbit-lower-contract -*- C++ -*-===//
//
// A contraction of the dialect, packed or not, and what it is lowered in.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_CONTRACTLOWERING_H
#define LOWBIT_LIB_LOWER_CONTRACTLOWERING_H

#include "Elementwise.h"

#include "lowbit/Numerics/Accumulation.h"

namespace lowbit {

/// A zero point: nothing, numbers, or a scalar or tensor of the run.
struct ContractZeroPoint {
  /// One, or one for each index of `loop`.
  std::vector<int32_t> known;
  mlir::Value dynamic;
  /// The loop that they run along.
  std::optional<unsigned> loop;

  bool isZero() const {
    return !dynamic && llvm::all_of(known, [](int32_t z) { return z == 0; });
  }
};

/// One of the two factors, as signed or unsigned carriers or as f32.
struct ContractFactor {
  mlir::Value value;
  mlir::AffineMap map;
  bool isSigned = true;
  /// The carriers were unsigned when they were read.
  bool wasUnsigned = false;
  /// What the integers can be.
  Interval range;
  ContractZeroPoint zeroPoint;
};

struct ContractNest {
  mlir::Operation *op;
  ContractFactor factors[2];
  mlir::AffineMap resultMap;
  llvm::SmallVector<mlir::utils::IteratorType> iterators;
  /// Of the loops.
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  mlir::Type accumulator;
  mlir::RankedTensorType resultType;

  bool isReduction(unsigned loop) const {
    return iterators[loop] == mlir::utils::IteratorType::reduction;
  }
  bool hasReduction() const {
    return llvm::is_contained(iterators, mlir::utils::IteratorType::reduction);
  }
  /// A loop is known to have no iteration.
  bool isEmpty() const {
    return llvm::any_of(sizes, [](mlir::OpFoldResult size) {
      return mlir::getConstantIntValue(size) == 0;
    });
  }
  /// The dimension of the result that a parallel loop is.
  unsigned resultDim(unsigned loop) const;
};

/// Something that is added to the accumulator: factor * tensor, the latter
/// indexed by `loops`. No tensor is 1.
struct Correction {
  mlir::Value tensor;
  llvm::SmallVector<unsigned> loops;
};

/// u8 carriers become s8: the highest bit is turned over, 128 is taken from the
/// zero point. The integers that stand for a value move; their differences
/// stay.
void makeSigned(mlir::OpBuilder &builder, mlir::Operation *op,
                ContractFactor &factor);

/// No sum has a product, or there is no sum: zeros.
mlir::Value emitEmptySums(mlir::OpBuilder &builder, const ContractNest &nest);

/// The sum of products, and of (a - za) * (b - zb) when `subtracts`.
mlir::Value emitProducts(mlir::OpBuilder &builder, const ContractNest &nest,
                         bool subtracts);

/// What the zero points add to the sum of products, modulo 2^32 each:
///   - za sum(b) - zb sum(a) + count za zb
llvm::SmallVector<Correction> emitCorrections(mlir::OpBuilder &builder,
                                              const ContractNest &nest);

/// The right-hand side of a packed contraction in its plain order.
mlir::Value emitUnpackedPanels(mlir::OpBuilder &builder, PackedContractOp op);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_CONTRACTLOWERING_H
