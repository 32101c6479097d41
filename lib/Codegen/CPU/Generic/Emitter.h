//===- Emitter.h - writes the loops and vectors of a nest -------*- C++ -*-===//
//
// What goes in: a nest and its plan. What comes out: scf loops in front of the
// operation, the lane loop in steps of 16 and, where the extent is not a
// multiple, a masked tail. Each value of the body is computed once in the
// outermost loop that has all it depends on; one that does not vary from lane
// to lane stays a scalar.
//
//   EmitBody.cpp           loads, stores and operations of the body
//   EmitLoops.cpp          loops, and reductions outside of the lanes
//   EmitLaneReduction.cpp  reductions over the lanes
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_GENERIC_EMITTER_H
#define LOWBIT_LIB_CODEGEN_CPU_GENERIC_EMITTER_H

#include "Plan.h"

namespace lowbit::generic {

class Emitter {
public:
  Emitter(mlir::RewriterBase &builder, Nest &nest, const Plan &plan);
  /// Writes the loops at the insertion point of the builder.
  void emit();

private:
  /// 16 lanes on their way through the body. Before the lane loop is open there
  /// is one, with scalars only.
  struct Lanes {
    llvm::DenseMap<mlir::Value, mlir::Value> scalars, vectors;
    /// The index of the first lane.
    mlir::Value base;
    /// Which lanes exist and the index of the last one; null: all do.
    mlir::Value mask, last;
  };
  using Blocks = llvm::SmallVector<Lanes, 4>;
  using Values = llvm::SmallVector<mlir::Value>;

  // EmitBody.cpp
  void emitItems(unsigned level, Blocks &blocks);
  void emitAccess(const Access &access, Blocks &blocks);
  void emitOp(mlir::Operation &op, Blocks &blocks);
  mlir::Value emitVectorOp(mlir::Operation &op, Lanes &lanes);
  mlir::Value emitLaneIndex(Lanes &lanes);
  mlir::Value emitLookup(mlir::memref::LoadOp load, Lanes &lanes);
  /// The value of one lane, of what is simple arithmetic on contiguous
  /// elements; null for others.
  mlir::Value emitLaneScalar(mlir::Value value, Lanes &lanes, int64_t lane);
  mlir::Value loadVector(const Access &access, Lanes &lanes);
  mlir::Value loadContiguous(mlir::Value buffer, mlir::ValueRange indices,
                             Lanes &lanes);
  mlir::Value storeMask(mlir::Value value, Lanes &lanes);
  void storeVector(const Access &access, mlir::Value value, Lanes &lanes);
  void storeScattered(const Access &access, mlir::Value value, Lanes &lanes);
  Values indicesOf(const Access &access, mlir::Value laneIndex);
  mlir::Value scalar(Lanes &lanes, mlir::Value value);
  mlir::Value vector(Lanes &lanes, mlir::Value value);

  // EmitLoops.cpp
  void emitFrom(unsigned position, Blocks blocks);
  /// What is known before any loop is open.
  Blocks scalarsOnly();
  void emitParallel();
  void emitChunks();
  void emitLaneLoop(Lanes outer, mlir::Value lower, mlir::Value upper,
                    int64_t size, bool hasTail);
  void emitSequentialReduction(unsigned position, Blocks blocks);
  Values emitReductionLoops(unsigned position, Blocks blocks, Values sums);
  /// A loop from `lower` to `upper` that carries `carried`.
  using BodyFn = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;
  Values emitFor(mlir::Value lower, mlir::Value upper, int64_t step,
                 mlir::ValueRange carried, BodyFn body);

  // EmitLaneReduction.cpp
  void emitLaneReduction(unsigned position, Blocks blocks);
  Values emitSweeps(unsigned position, Blocks blocks, Values sums);
  Values emitSweep(Lanes outer, Values sums);
  Values accumulate(Blocks &blocks, Values sums, unsigned perOutput);
  mlir::Value combine(const Combiner &combiner, mlir::Value accumulator,
                      mlir::Value added);
  mlir::Value reduceTree(const Combiner &combiner,
                         llvm::ArrayRef<mlir::Value> s);

  mlir::Value index(int64_t value);
  mlir::Value addIndex(mlir::Value value, int64_t offset);
  mlir::Value maskFrom(mlir::Value base, mlir::Value upper);
  Lanes lanesAt(const Lanes &outer, mlir::Value base, mlir::Value upper,
                bool masked);

  mlir::RewriterBase &b;
  mlir::Location loc;
  Nest &nest;
  const Plan &plan;
  /// The induction variable of each open loop but the lane loop.
  Values ivs;
};

/// vector<16xT>, of all lanes.
mlir::VectorType laneType(mlir::Type element);

} // namespace lowbit::generic

#endif // LOWBIT_LIB_CODEGEN_CPU_GENERIC_EMITTER_H
