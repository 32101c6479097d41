//===- IntegerNest.h - a generic whose body is made first -------*- C++ -*-===//
//
// The body of a linalg.generic, and operands that it finds that it needs while
// it is made.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGERNEST_H
#define LOWBIT_LIB_LOWER_INTEGERNEST_H

#include "FixedPoint.h"

#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

class IntegerNest {
public:
  /// Over `numLoops` loops, for the values that `op` makes.
  IntegerNest(mlir::OpBuilder &builder, mlir::Operation *op, unsigned numLoops);
  ~IntegerNest();

  FixedBuilder body();
  /// The element of `tensor` at `map`: an argument of the body.
  mlir::Value input(mlir::Value tensor, mlir::AffineMap map);
  /// The element at the index of a loop of a constant that is made.
  mlir::Value vector(llvm::ArrayRef<int32_t> values, unsigned loop,
                     llvm::StringRef what);
  /// Whether the operands give the number of iterations of each loop, along
  /// with a result through `map`.
  bool bounds(mlir::AffineMap map) const;
  /// The init's element; to be asked for when all inputs are known.
  mlir::Value accumulator(mlir::Type type);

  /// The operation, which yields `result` to `init` through `map`.
  mlir::Value finish(mlir::Value result, mlir::Value init, mlir::AffineMap map,
                     llvm::ArrayRef<mlir::utils::IteratorType> iterators) {
    return finish(mlir::ValueRange{result}, {init}, {map}, iterators)[0];
  }
  mlir::ValueRange finish(mlir::ValueRange results,
                          llvm::ArrayRef<mlir::Value> inits,
                          llvm::ArrayRef<mlir::AffineMap> initMaps,
                          llvm::ArrayRef<mlir::utils::IteratorType> iterators);

private:
  mlir::OpBuilder &outside;
  mlir::OpBuilder inside;
  mlir::Operation *op;
  unsigned numLoops;
  std::unique_ptr<mlir::Block> block;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps;
  /// Made ahead of the operation, to be taken away without it.
  llvm::SmallVector<mlir::Value> constants;
  bool isFinished = false;
};

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGERNEST_H
