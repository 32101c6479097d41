//===- Passes.td - phase 2: observers and statistics ----------------------===//
#ifndef LOWBIT_CALIBRATE_PASSES_TD
#define LOWBIT_CALIBRATE_PASSES_TD

include "mlir/Pass/PassBase.td"

def InsertObservers : Pass<"lowbit-insert-observers", "::mlir::ModuleOp"> {
  let summary = "observes every value that a contraction or a look-up reads";
  let description = [{
    An f32 contraction reads two values. A constant gets an observer of role
    `weight` along its output channels; another value one of role `activation`,
    at its source: before reshapes, transposes, slices and padding with zero,
    and once for all contractions that read it. Other readers (a residual
    addition, a mask) keep the value itself. A 2-D constant that only look-ups
    read gets an observer of role `table` along its rows.

    ```mlir
    %y = linalg.matmul ins(%x, %w) outs(%zero)
    // becomes
    %xo = lowbit.observe %x "activation" "x" : tensor<?x16xf32>
    %wo = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<16x8xf32>
    %y = linalg.matmul ins(%xo, %wo) outs(%zero)
    ```

    With `observe=all`, every other f32 value that has an id, constants
    excepted, gets an observer of role `value`, whose result nothing reads.
    With `borders=inputs`, every reader of an f32 argument reads it through an
    activation's observer, so that no operation has to read a float. With
    `borders=operations`, what other operations could read as integers
    (residual additions, pooling, chains that become tables) is
    observed too, as a `value` that `lowbit-place-borders` makes a border of.
    With `channels`, an activation has as axis the dimension that the
    contractions that read it sum over (the input channels of a convolution),
    where that is one and the same dimension of known size for all of them.
    Values along whose last dimension a softmax runs, and results of the model,
    get `rows`.

    A contraction that cannot become an integer one gets `lowbit.float_reason`
    and a remark. A model without anything to quantize is an error.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"observe", "observe", "std::string", "\"operands\"",
           "operands: what contractions and look-ups read; all: every f32 "
           "value with an id">,
    Option<"borders", "borders", "std::string", "\"none\"",
           "none; inputs: f32 arguments are activations for all of their "
           "readers; operations: values that other operations could read as "
           "integers are observed">,
    Option<"channels", "channels", "bool", "false",
           "statistics for each channel of the activations that have one">];
  let statistics = [
    Statistic<"numActivations", "activations", "activations observed">,
    Statistic<"numWeights", "weights", "weights observed">,
    Statistic<"numTables", "tables", "look-up tables observed">,
    Statistic<"numValues", "values", "other values observed">,
    Statistic<"numFloat", "float", "contractions left float">];
}

def Calibrate : Pass<"lowbit-calibrate", "::mlir::ModuleOp"> {
  let summary = "runs the observed model on data and writes what it saw";
  let description = [{
    Starts `quant-run --observe` on the module and writes `count`, `min` and
    `max` on each observer of a value that is computed; the rest of the
    statistics is in the calibration table, which `save-table` keeps. With
    `table`, a table that was made before is read instead of running anything.
    A crash of the model, data that does not fit it, a table of another model
    and an activation that was never computed are one error each.

    An interruption (SIGINT, SIGTERM) and a bad sample end the run with an
    error; the table that `save-table` names then has the samples before, says
    that it is not complete, and `resume` goes on from it.

    With `mask`, the elements of a value that are at positions where that input
    is zero are not observed. The dimensions of the mask are followed through
    the model; a value where they are lost is observed whole, with a remark.

    ```mlir
    %xo = lowbit.observe %x "activation" "x" : tensor<4x16xf32>
    // becomes
    %xo = lowbit.observe %x "activation" "x"
        {count = 64 : i64, max = 1.0 : f32, min = -1.0 : f32} : tensor<4x16xf32>
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"data", "data", "std::string", "\"\"",
           "calibration data: .npz, .npy, a directory, a list file, or random">,
    Option<"table", "table", "std::string", "\"\"",
           "a calibration table to take the statistics from, instead of data">,
    Option<"saveTable", "save-table", "std::string", "\"\"",
           "file to keep the calibration table in">,
    Option<"resume", "resume", "std::string", "\"\"",
           "the table of an interrupted run on the same data, to go on from">,
    Option<"mask", "mask", "std::string", "\"\"",
           "an input that is zero where there is only padding">,
    Option<"heldOut", "held-out", "unsigned", "0",
           "the most samples to hold out: the quarter with the least hashes of "
           "their content is not observed">,
    Option<"threads", "threads", "unsigned", "0",
           "threads to run the model with; 0 leaves it to the machine">];
  let statistics = [
    Statistic<"numSamples", "samples", "samples of data that were run">];
}

#endif // LOWBIT_CALIBRATE_PASSES_TD
