//===- KernelBuilder.h - index arithmetic and loops with folding -*- C++
//-*-===//
//
// Sizes, strides and offsets are OpFoldResults: constants are folded while the
// IR is built, so that static shapes give static addressing and dynamic shapes
// need no second code path. All address arithmetic is non-negative: nsw, nuw.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_KERNELBUILDER_H
#define LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace lowbit {

class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Index = mlir::OpFoldResult;
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Index index(int64_t constant) { return getIndexAttr(constant); }
  Value value(Index i);
  Index add(Index lhs, Index rhs);
  Index mul(Index lhs, Index rhs);
  /// max(lhs - rhs, 0) where the result may be needed as a count.
  Index sub(Index lhs, Index rhs);
  Index min(Index lhs, Index rhs);
  Index floorDiv(Index lhs, int64_t rhs);
  Index ceilDiv(Index lhs, int64_t rhs);
  /// a*b rounded towards zero to a multiple of `unit`.
  Index roundDown(Index lhs, int64_t unit);
  Index product(llvm::ArrayRef<Index> factors);
  Value lessEqual(Index lhs, Index rhs);

  Value splat(mlir::Type elementType, int64_t lanes, int64_t value);
  /// A vector of `lanes` zeros, integer or float.
  Value zeros(mlir::Type elementType, int64_t lanes);

  /// for (iv = lower; iv < upper; iv += step) body(iv). No loop is built when
  /// it is known to run never, or once.
  void loop(Index lower, Index upper, int64_t step,
            llvm::function_ref<void(Index)> body);
  /// The same with values carried from one iteration to the next.
  llvm::SmallVector<Value> loop(
      Index lower, Index upper, int64_t step, llvm::ArrayRef<Value> carried,
      llvm::function_ref<llvm::SmallVector<Value>(Index, llvm::ArrayRef<Value>)>
          body);
  /// A loop over each size, in order, the last one innermost. `parallel` makes
  /// one scf.parallel of them.
  void nest(llvm::ArrayRef<Index> sizes, bool parallel,
            llvm::function_ref<void(llvm::ArrayRef<Index>)> body);
  void ifThenElse(Value condition, llvm::function_ref<void()> thenBody,
                  llvm::function_ref<void()> elseBody);

  /// A new buffer of `size` elements, aligned to 64 bytes.
  Value allocate(mlir::Type elementType, Index size);
};

/// The constant, or nothing.
inline std::optional<int64_t> constant(mlir::OpFoldResult i) {
  return mlir::getConstantIntValue(i);
}
inline bool isConstant(mlir::OpFoldResult i, int64_t c) {
  return mlir::isConstantIntValue(i, c);
}

} // namespace lowbit

#endif // LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_KERNELBUILDER_H
