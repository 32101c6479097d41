//===- SharingGraph.h - what keeps its integers -----------------*- C++ -*-===//
//
// Values and the operations that move, repeat or select them without
// arithmetic (rule N23 of docs/numerics.md), as an undirected graph.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_SHARINGGRAPH_H
#define LOWBIT_LIB_SELECT_SHARINGGRAPH_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace lowbit {

class SharingGraph {
public:
  /// The value of `operand` and that of `to` have the same integers.
  struct Edge {
    unsigned from, to;
    mlir::OpOperand *operand;
    /// How many elements a rescale here would have; dynamic sizes count as 1.
    int64_t elements;
    bool isCut = false;
  };

  explicit SharingGraph(mlir::ModuleOp module);

  /// The number of a value; none where nothing shares with it.
  std::optional<unsigned> find(mlir::Value value) const;
  const std::vector<Edge> &edges() const { return list; }

  /// The component of each value, by the edges that are not cut.
  std::vector<unsigned> components() const;
  /// Cuts the edges of fewest elements in all that part `source` from `sink`;
  /// returns which. They are those nearest to the source.
  llvm::SmallVector<size_t> cutBetween(unsigned source, unsigned sink);

private:
  unsigned number(mlir::Value value);
  void connect(mlir::OpOperand &operand, mlir::Value to);
  void connectLinalg(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, unsigned> numbers;
  std::vector<Edge> list;
};

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_SHARINGGRAPH_H
