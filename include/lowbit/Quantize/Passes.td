//===- Passes.td - phase 4: QDQ -------------------------------------------===//
#ifndef LOWBIT_QUANTIZE_PASSES_TD
#define LOWBIT_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def InsertQdq : Pass<"lowbit-insert-qdq", "::mlir::ModuleOp"> {
  let summary = "observers become quantize and dequantize";
  let description = [{
    An observer with a format becomes `quantize` followed by `dequantize`; one
    without becomes its operand.

    ```mlir
    %xo = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8>,
        scale = dense<0.01> : tensor<f32>, zero_point = dense<-28> : tensor<i32>} : ...
    // becomes
    %q = lowbit.quantize %x {scale = dense<0.01> : tensor<f32>, zero_point = dense<-28> : tensor<i32>}
        : tensor<4x16xf32> -> tensor<4x16x!lowbit.affine<i8>>
    %xo = lowbit.dequantize %q {scale = dense<0.01> : tensor<f32>, zero_point = dense<-28> : tensor<i32>}
        : tensor<4x16x!lowbit.affine<i8>> -> tensor<4x16xf32>
    ```

    A format without a scale is found at run time from the least and the
    greatest element (0 included), in f32:

        scale      = min(max((max - min) / (qmax - qmin), 2^-63), cap)
        zero_point = clamp(round_half_even(qmin - min / scale), qmin, qmax)

    These are N3 and N4 of docs/numerics.md with float arithmetic in place of
    double. Infinities give the cap; NaN is passed over.

    With `ranges`, what observers saw of values that are not constant goes to
    the operations that make them, as `lowbit.range = [min, max]`.
  }];
  let options = [Option<"ranges", "ranges", "bool", "false",
                        "keep the ranges of all observed values">];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numStatic", "static", "pairs with parameters as attributes">,
    Statistic<"numDynamic", "dynamic", "pairs with parameters at run time">];
}

#endif // LOWBIT_QUANTIZE_PASSES_TD
