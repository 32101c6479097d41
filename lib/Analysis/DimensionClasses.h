//===- DimensionClasses.h - dimensions that run in step ---------*- C++ -*-===//
//
// Dimensions of tensors, put into one class where index i of one is at the same
// position as index i of the other. A dimension may also be a product of
// others, outermost first: collapse_shape of [batch, seq].
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_ANALYSIS_DIMENSIONCLASSES_H
#define LOWBIT_LIB_ANALYSIS_DIMENSIONCLASSES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace lowbit {

class DimensionClasses {
public:
  using Dim = unsigned;
  using DimList = llvm::SmallVector<Dim, 4>;

  /// The dimensions of a ranked tensor; the same ones each time.
  const DimList &dims(mlir::Value value);
  Dim create(int64_t size);

  /// Puts two into one class. False, and nothing is put together, where their
  /// sizes differ or it cannot be told which parts belong together.
  bool unify(Dim a, Dim b);
  /// `whole` is the product of `parts`, of which those of size 1 are left out.
  bool unifyProduct(Dim whole, llvm::ArrayRef<Dim> parts);

  /// Says that two dimensions are equally long, which helps to tell parts.
  void addSameSize(Dim dim, Dim other) { sameSize[dim] = other; }

  /// The parts that are no products themselves, by their representatives;
  /// none of a dimension of size 1.
  DimList leaves(Dim dim);
  int64_t size(Dim dim) { return nodes[find(dim)].size; }

private:
  struct Node {
    Dim parent;
    int64_t size;
    DimList parts;
  };

  Dim find(Dim dim);
  bool contains(Dim whole, Dim part);
  bool bind(Dim dim, llvm::ArrayRef<Dim> parts);
  bool unifyLists(DimList a, DimList b);
  bool mayBeEqual(Dim a, Dim b);

  std::vector<Node> nodes;
  llvm::DenseMap<mlir::Value, DimList> known;
  llvm::DenseMap<Dim, Dim> sameSize;
};

} // namespace lowbit

#endif // LOWBIT_LIB_ANALYSIS_DIMENSIONCLASSES_H
