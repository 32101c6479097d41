//===- Contraction.h - one description of GEMM and convolution --*- C++ -*-===//
//
// A contraction is a set of loops; a loop moves every operand by a fixed number
// of elements. Which operands a loop moves says what it is:
//
//   A B C  batch      A . C  row        . B C  column      A B .  depth (k)
//
// so that convolution (rows n, oh, ow; depth kh, kw, c, where oh and kh both
// move along the height of A) needs nothing of its own. Neighbouring loops that
// move all their operands like one loop become one loop.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_CONTRACTION_H
#define LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_CONTRACTION_H

#include "DotProduct.h"
#include "KernelBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

using Index = mlir::OpFoldResult;

/// How an operand is indexed: for each of its dimensions, the coefficient of
/// each loop and a constant.
struct Access {
  llvm::SmallVector<llvm::SmallVector<int64_t>> coefficients;
  llvm::SmallVector<int64_t> constants;

  bool uses(unsigned loop) const;
  /// The dimension that is this loop and nothing else, or -1.
  int positionOf(unsigned loop) const;
};

/// How the factor of B is made of an element of B and of others: parameters of
/// quantized weights.
struct Decode {
  struct Extra {
    mlir::Value buffer;
    Access access;
    mlir::BlockArgument inBody;
  };
  mlir::Value factor; ///< in the body; null where it is the element itself
  mlir::BlockArgument element;
  llvm::SmallVector<Extra> extras;
};

/// A matched operation. Nothing has been built yet.
struct Match {
  mlir::linalg::LinalgOp op;
  bool isFloat = false;
  bool alongBatch = false; ///< C is contiguous along a batch loop (depthwise)
  mlir::Value a, b, c;     ///< rows, columns, result
  Access accessA, accessB, accessC;
  Decode decode;
  llvm::SmallVector<int64_t> extents; ///< of the loops, kDynamic where unknown
  llvm::SmallVector<unsigned> batch, rows, columns, depth; ///< loops
};

/// Matches a multiply-add of i8 x i8 -> i32 (both sign-extended) or f32, or of
/// f32 with dequantized integers as columns. On failure `reason` says why.
mlir::FailureOr<Match> matchContraction(mlir::linalg::LinalgOp op,
                                        std::string &reason);

/// A buffer as flat memory.
struct View {
  mlir::Value flat; ///< memref<?xT>, stride 1
  Index offset;
  llvm::SmallVector<Index> sizes, strides;
  bool rowMajor = false; ///< sizes alone say the strides

  /// Whether dimensions `outer` < `inner` are stepped through like one.
  bool contiguous(unsigned outer, unsigned inner) const;
};

View viewOf(KernelBuilder &b, mlir::Value memref);

/// A loop (or several that became one).
struct Loop {
  Index size;
  Index a, b, c; ///< elements that one step moves each operand by
  llvm::SmallVector<Index, 2> extras; ///< and each of Decode::extras
  /// Dimension of A, B, C that the outer and inner end of the loop are, or -1.
  int outerA = -1, outerB = -1, outerC = -1;
  int innerA = -1, innerB = -1, innerC = -1;
};

/// What is expanded: C[batch, rows, row, columns, column] +=
///   sum over segments, depth of A[...] * B[...].
struct Nest {
  View a, b, c;
  llvm::SmallVector<Loop> batch, rows, columns, segments;
  Loop row, column, depth;
  Decode decode;
  llvm::SmallVector<View> extras;

  Index batchColumns(KernelBuilder &b) const; ///< product of batch and columns
  Index segmentCount(KernelBuilder &b) const;
};

/// Offsets after `count` steps of `loop`.
llvm::SmallVector<Index, 2> advanceExtras(KernelBuilder &b,
                                          llvm::ArrayRef<Index> offsets,
                                          const Loop &loop, Index count);

/// Builds the loops of a match over given views of its operands.
Nest buildNest(KernelBuilder &b, const Match &match, View a, View bView, View c,
               const DotProduct &dot, const Access &accessA);

/// Copies A into a new row-major buffer, depth dimensions last, in the form
/// that `dot` reads. `access` is changed to that of the copy. `buffer` is to be
/// freed.
View copyRows(KernelBuilder &b, const Match &match, const View &a,
              const DotProduct &dot, Access &access, mlir::Value &buffer);

/// B in panels of `tile.vectors * lanes` columns. Inside a panel, for each
/// segment and each group of depth: [column][group]. Sums of columns, times
/// 128, negated, follow where rows are biased. In elements of B.
struct Panels {
  mlir::Value flat;
  int64_t width = 0; ///< columns of a panel
  Index count;       ///< panels of one batch element
  Index groups;      ///< steps of one segment
  Index corrections; ///< offset of the sums inside a panel
  Index stride;      ///< elements of a panel

  static Panels describe(KernelBuilder &b, const Nest &nest,
                         const DotProduct &dot, TileShape tile);
  Index total(KernelBuilder &b, const Nest &nest) const {
    return b.mul(b.mul(nest.batchColumns(b), count), stride);
  }
};

/// Builds the code that packs B at run time.
void packColumns(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
                 const Panels &panels);

/// Where C starts from: a constant, or what it holds.
using Start = std::optional<mlir::TypedAttr>;

/// Builds the loops over tiles.
void emitLoops(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
               const Panels &panels, TileShape tile, Start start);

/// Builds plain loops whose lanes are the batch loop that all operands are
/// contiguous along: depthwise convolution.
void emitLanes(KernelBuilder &b, Nest nest, const DotProduct &dot, Start start);

/// One tile of C, `shape` large, at a row and a panel.
struct Tile {
  TileShape shape;
  Index a;                            ///< offset of the first row in A
  Index panel;                        ///< offset of the panel
  Index c;                            ///< offset of the first element in C
  llvm::SmallVector<Index, 2> extras; ///< offsets at the first column
  Index columns;                      ///< valid columns
  bool masked = false; ///< whether these are fewer than the tile has
};
void emitTile(KernelBuilder &b, const Nest &nest, const DotProduct &dot,
              const Panels &panels, const Tile &tile, Start start);

} // namespace lowbit

#endif // LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_CONTRACTION_H
