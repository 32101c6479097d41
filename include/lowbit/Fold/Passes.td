//===- Passes.td - phase 5: QDQ folding -----------------------------------===//
#ifndef LOWBIT_FOLD_PASSES_TD
#define LOWBIT_FOLD_PASSES_TD

include "mlir/Pass/PassBase.td"

def FoldQdq : Pass<"lowbit-fold-qdq", "::mlir::ModuleOp"> {
  let summary = "moves dequantize after data movement and maxima, and into look-ups";
  let description = [{
    Reshapes, transposes, slices and padding then move integers, and every
    contraction reads a `dequantize`; the largest of dequantized values, in
    pooling of any layout, is that of the largest integer:

        move(dequantize(q))           -> dequantize(move(q))
        pad(dequantize(q), 0.0)       -> dequantize(pad(q, zero_point))
        max_pool(dequantize(q))       -> dequantize(max_pool(q))
        extract(dequantize(t), i, j)  -> (extract(t, i, j) - zero_point[i]) * scale[i]
        concat(dequantize(a), dequantize(b)) -> dequantize(concat(a, b))
        quantize(relu(x))             -> quantize(x)
        quantize(dequantize(q))       -> requantize(q)

    The last only where it gives the same for every integer of the format; a
    clamp goes where saturation does what it does. Of a value that is quantized
    in two widths, the narrow integers are made of the wide ones.

    ```mlir
    %d = lowbit.dequantize %q {...} : tensor<4x2x!lowbit.affine<i8>> -> tensor<4x2xf32>
    %t = linalg.transpose ins(%d : tensor<4x2xf32>) outs(%e : tensor<2x4xf32>) permutation = [1, 0]
    // becomes
    %i = lowbit.storage_cast %q : tensor<4x2x!lowbit.affine<i8>> to tensor<4x2xi8>
    %m = linalg.transpose ins(%i : tensor<4x2xi8>) outs(%e8 : tensor<2x4xi8>) permutation = [1, 0]
    %r = lowbit.storage_cast %m : tensor<2x4xi8> to tensor<2x4x!lowbit.affine<i8>>
    %t = lowbit.dequantize %r {...} : tensor<2x4x!lowbit.affine<i8>> -> tensor<2x4xf32>
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
}

def FoldWeights : Pass<"lowbit-fold-weights", "::mlir::ModuleOp"> {
  let summary = "quantized constants become integer constants";
  let description = [{
    A `quantize` of a constant is computed (rule N7). A parameter gives an
    integer parameter, an `arith.constant` an integer one; transposes, reshapes
    and slices of the integers are computed too. Float parameters that nothing
    reads any more disappear.

    ```mlir
    %w = lowbit.get_parameter @w : tensor<16x8xf32>
    %q = lowbit.quantize %w {...} : tensor<16x8xf32> -> tensor<16x8x!lowbit.affine<i8, -127:127, axis = 1>>
    // becomes
    %i = lowbit.get_parameter @w.i8 : tensor<16x8xi8>
    %q = lowbit.storage_cast %i : tensor<16x8xi8> to tensor<16x8x!lowbit.affine<i8, -127:127, axis = 1>>
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numWeights", "weights", "constants that became integers">,
    Statistic<"numMoved", "moved", "constants transposed, reshaped or cut">];
}

#endif // LOWBIT_FOLD_PASSES_TD
