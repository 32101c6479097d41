//===- Passes.td - errors at the model's output ---------------------------===//
#ifndef LOWBIT_EVALUATE_PASSES_TD
#define LOWBIT_EVALUATE_PASSES_TD

include "mlir/Pass/PassBase.td"

def InsertProbes : Pass<"lowbit-insert-probes", "::mlir::ModuleOp"> {
  let summary = "observers become fake-quantization with parameters of the run";
  let description = [{
    One compiled model then serves every choice of parameters: none of them is
    in the code.

    - An observer of an activation becomes a probe, which reads its row (scale,
      lo, hi) of one more argument, `lowbit.probes`; with lo = qmin - zero point
      and hi = qmax - zero point it gives the bits of dequantize(quantize(x)) (N7,
      N8), and x itself where the scale is 0:

          scale > 0 ? (clamp(roundeven(x / scale), lo, hi) + 0) * scale : x

      NaN gives 0, as it does there. The argument's attribute `lowbit.probes`
      lists the ids, by row.
    - An observer of a weight or a table vanishes. Its constant becomes a
      parameter that nothing else reads, with the attribute `lowbit.probe = "<id>"`:
      the program that runs the model puts quantized bytes in its place.
    - Other observers vanish.

    ```mlir
    func.func @main(%x: tensor<?x16xf32>) -> tensor<?x8xf32> {
      %xo = lowbit.observe %x "activation" "x" : tensor<?x16xf32>
    // becomes
    func.func @main(%x: tensor<?x16xf32>, %probes: tensor<1x3xf32>
        {lowbit.name = "lowbit.probes", lowbit.probes = ["x"]}) -> tensor<?x8xf32> {
      %scale = tensor.extract_slice %probes[0, 0] [1, 1] [1, 1] : ...
      %lo = ...
      %hi = ...
      %xo = linalg.generic ins(%x, %scale, %lo, %hi) ...
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numProbes", "probes", "activations with a probe">,
    Statistic<"numWeights", "weights", "weights that can be replaced">];
}

#endif // LOWBIT_EVALUATE_PASSES_TD
