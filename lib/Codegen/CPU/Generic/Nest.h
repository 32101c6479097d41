//===- Nest.h - a linalg.generic as loops and accesses ----------*- C++ -*-===//
//
// What goes in: a linalg.generic on memrefs. What comes out: its loops with
// their extents, and for each operand the buffer and one affine expression of
// the loops a dimension. Loops of extent 1 are replaced by the constant 0,
// dimensions of size 1 leave the buffers, and loops that are contiguous in
// every operand become one:
//
//   for d0 < 128, d1 < 384: out[d0, d1] = f(in[d0, d1])
//   ==> for d0 < 49152:     out'[d0]    = f(in'[d0])
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_GENERIC_NEST_H
#define LOWBIT_LIB_CODEGEN_CPU_GENERIC_NEST_H

#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"

namespace lowbit::generic {

struct Loop {
  /// The number of iterations; `size` is the same where it is known.
  mlir::Value extent;
  int64_t size = mlir::ShapedType::kDynamic;
  bool reduction = false;
  /// Extent 1, or merged into another loop: there is nothing to run.
  bool dead = false;
};

/// buffer[indices...], the indices being functions of the loops.
struct Access {
  mlir::Value buffer;
  llvm::SmallVector<mlir::AffineExpr> indices;
  /// The argument of the body that stands for the element.
  mlir::BlockArgument element;
  /// An input that the body does not read only gives its shape.
  bool used = true;

  mlir::MemRefType type() const {
    return mlir::cast<mlir::MemRefType>(buffer.getType());
  }
  bool dependsOn(unsigned loop) const;
  /// The dimension whose index is exactly `loop`, or -1.
  int plainPosition(unsigned loop) const;
  /// `loop` occurs inside a larger expression, or twice.
  bool isCompoundIn(unsigned loop) const;
};

struct Nest {
  mlir::linalg::GenericOp op;
  ReductionOrder order = ReductionOrder::Free;
  llvm::SmallVector<Loop> loops;
  /// The loop that the lane tree runs along, in ReductionOrder::Lanes.
  unsigned lastLoop = 0;
  llvm::SmallVector<Access> inputs, outputs;
  /// An index was a sum of loops, before loops of one iteration went away.
  bool hasWindows = false;
  /// Inputs that are scalars: the argument of the body and its value.
  llvm::SmallVector<std::pair<mlir::BlockArgument, mlir::Value>> scalars;

  mlir::Block &body() { return op.getRegion().front(); }
  bool hasReduction() const;
  /// Loops that have more than one iteration.
  llvm::SmallVector<unsigned> liveLoops() const;
  /// The product of the extents, or ShapedType::kDynamic.
  int64_t iterations() const;
};

/// Reads `op`; the extents are made by `builder`. Fails with a reason when an
/// operand is not a strided memref or a loop's extent cannot be read off one.
mlir::FailureOr<Nest> buildNest(mlir::RewriterBase &builder,
                                mlir::linalg::GenericOp op);

/// Drops dimensions of size 1 and merges loops. Reductions are merged only when
/// that leaves their order as it is: in a lane tree another loop merges with
/// the last one when its extent is a multiple of `block`, the elements that one
/// round of the tree's accumulators takes.
void collapseNest(mlir::RewriterBase &builder, Nest &nest, int64_t block);

} // namespace lowbit::generic

#endif // LOWBIT_LIB_CODEGEN_CPU_GENERIC_NEST_H
