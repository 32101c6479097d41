//===- Passes.td - phase 3: moving difficulty elsewhere -------------------===//
#ifndef LOWBIT_PREPARE_PASSES_TD
#define LOWBIT_PREPARE_PASSES_TD

include "mlir/Pass/PassBase.td"

def EqualizeLayers : Pass<"lowbit-equalize-layers", "::mlir::ModuleOp"> {
  let summary = "evens out the channels between two layers";
  let description = [{
    Cross-layer equalization (Nagel et al., 2019). Where the result of a
    contraction with a constant weight is read only by contractions with
    constant weights that sum over its channels, and everything between them
    keeps a factor (relu, leaky relu, max and average pooling, reshapes, padding
    with zero, the addition of a constant, which is scaled too), channel k of
    the first weight is divided by

        s[k] = sqrt(max |first[k]| / max |second[k]|)

    and channel k of the others multiplied by it, so that both have one range.
    Chains are gone through until nothing changes. The float function stays what
    it was, up to rounding. A clamp (relu6), a residual sum and any other reader
    between the two stand against it; the log has the reason.

    The pass reads observers (lowbit-insert-observers) and leaves their ids.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"measure", "measure", "bool", "false",
           "keep it only where the error at the outputs falls">];
  let statistics = [
    Statistic<"numPairs", "pairs", "pairs of layers equalized">,
    Statistic<"numRefused", "refused", "contractions without a partner">];
}

def SmoothActivations : Pass<"lowbit-smooth-activations", "::mlir::ModuleOp"> {
  let summary = "moves the range of wide channels into the weights";
  let description = [{
    SmoothQuant (Xiao et al., 2023). An observed activation x whose channels are
    summed over by all its readers, contractions with constant weights W, is
    divided by a scale for each channel before it is observed, and the weights
    are multiplied by it:

        s[j] = max |x[j]|^strength / max |W[j]|^(1 - strength)

    ```mlir
    %xo = lowbit.observe %x "activation" "x" {axis = 1 : i64}
    // becomes
    %xs = linalg.generic ins(%x, %inverse) { arith.mulf }
    %xo = lowbit.observe %xs "activation" "x" {axis = 1 : i64}
    ```

    Other readers of x keep x. A weight that others read too is copied. Needs
    the table of a calibration with statistics of each channel, of which only
    the ranges of the channels are used; afterwards x has to be observed again.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"strength", "strength", "std::string", "\"0.6\"",
           "how much of the range moves into the weights: 0 to 1, or search">,
    Option<"tablePath", "table", "std::string", "\"\"",
           "the calibration table, where no pass before made one">];
  let statistics = [
    Statistic<"numSmoothed", "smoothed", "activations smoothed">,
    Statistic<"numRefused", "refused", "activations that cannot be">];
}

def CorrectBiases : Pass<"lowbit-correct-biases", "::mlir::ModuleOp"> {
  let summary = "takes the mean error of quantized weights out of the bias";
  let description = [{
    Bias correction (Nagel et al., 2019). A quantized weight W + dW shifts the
    mean of each output channel by E[dW x] = dW E[x]. With the exact means of
    the channels of x from the calibration table that is known, and subtracted:
    from the constant that is added to the result, where that is the only thing
    done with it, else by an addition of its own.

    Runs after lowbit-select-ranges, which chose the parameters of W. Only
    contractions whose weight has parameters and whose activation has statistics
    of each channel are corrected; the log has the reason for the others.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"tablePath", "table", "std::string", "\"\"",
           "the calibration table, where no pass before made one">,
    Option<"measure", "measure", "bool", "false",
           "keep it only where the error at the outputs falls">];
  let statistics = [
    Statistic<"numCorrected", "corrected", "contractions corrected">,
    Statistic<"numFolded", "folded", "of these, into a bias that was there">,
    Statistic<"numRefused", "refused", "contractions that cannot be">];
}

#endif // LOWBIT_PREPARE_PASSES_TD
