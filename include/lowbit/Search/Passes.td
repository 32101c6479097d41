//===- Passes.td - methods by the error at the output ---------------------===//
#ifndef LOWBIT_SEARCH_PASSES_TD
#define LOWBIT_SEARCH_PASSES_TD

include "mlir/Pass/PassBase.td"

def SearchRanges : Pass<"lowbit-search-ranges", "::mlir::ModuleOp"> {
  let summary = "method=auto: a method for each value, by the error at the outputs";
  let description = [{
    Values whose method is `auto` get the single method that serves the model
    best. It is measured: the mean signal-to-noise ratio of the outputs against
    float, in dB, on calibration samples that are held out of the observation
    (the quarter with the least content hashes, 32 at most).

    1. All single methods are measured, each for all values at once; the best is
       the start.
    2. One value after another, the worst by its own error first, tries the
       methods that give it another range (by more than 1 % of its width); values
       that share their parameters try together. A change is kept where the mean
       rises by more than half the standard error of the samples' differences. A
       second sweep follows where the first gained.

    So the result is at least as good as the best single method on the held-out
    samples; their numbers go to the explanation (`held_out`). It does not depend
    on the number of threads, nor on the order of the samples.

    In the pipeline the result goes to lowbit-select-ranges. By itself, the pass
    runs that one with method=auto at its end:

    ```mlir
    %xo = lowbit.observe %x "activation" "x" : tensor<4x16xf32>
    // becomes
    %xo = lowbit.observe %x "activation" "x"
        {format = !lowbit.affine<i8>, scale = dense<0.01> : tensor<f32>,
         zero_point = dense<-28> : tensor<i32>} : tensor<4x16xf32>
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let options = [
    Option<"data", "data", "std::string", "\"\"",
           "calibration data: .npz, .npy, a directory, a list file, or random">,
    Option<"threads", "threads", "unsigned", "0",
           "samples to run at once; 0 leaves it to the machine">,
    Option<"heldOut", "held-out", "unsigned", "32",
           "the most samples to hold out">,
    Option<"mask", "mask", "std::string", "\"\"",
           "an input: where it is 0 is padding, which is left out of the errors of outputs">,
    Option<"tablePath", "table", "std::string", "\"\"",
           "calibration table, where no pass before made one">];
  let statistics = [
    Statistic<"numSearched", "searched", "values with a searched method">,
    Statistic<"numEvaluations", "evaluations", "choices that were measured">];
}

#endif // LOWBIT_SEARCH_PASSES_TD
