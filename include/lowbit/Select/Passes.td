//===- Passes.td - phase 3: ranges and formats ----------------------------===//
#ifndef LOWBIT_SELECT_PASSES_TD
#define LOWBIT_SELECT_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlaceBorders : Pass<"lowbit-place-borders", "::mlir::ModuleOp"> {
  let summary = "operations between contractions read integers";
  let description = [{
    A float value that goes through memory from one operation to others goes as
    integers where these can work on them: residual additions and other
    elementwise operations of several values, pooling, chains of elementwise
    operations on one value, which become tables. Their readings
    get an observer of role `border`; what additions and the like read is
    `wide`. A value that one elementwise operation reads has none: it is
    computed in registers.

    ```mlir
    %xv = lowbit.observe %x "value" "x" {max = 2.0 : f32, min = -1.0 : f32} : tensor<4x16xf32>
    %z = linalg.add ins(%x, %y) ...
    // becomes
    %xb = lowbit.observe %x "border" "x" {max = 2.0 : f32, min = -1.0 : f32, wide} : tensor<4x16xf32>
    %z = linalg.add ins(%xb, %yb) ...
    ```

    What stays float gets `lowbit.float_reason`: what works with the result of a
    reduction of each run (norms, softmax), with values computed from integers
    or the caller's floats, what only float operations read, and operations
    without an integer form.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numBorders", "borders", "values that operations read quantized">,
    Statistic<"numFloat", "float", "operations that stay float">];
}

def SelectRanges : Pass<"lowbit-select-ranges", "::mlir::ModuleOp"> {
  let summary = "chooses a format and its parameters for every observer";
  let description = [{
    Defaults, which the rules of a recipe change (docs/recipe.md):

    - Weights and tables: symmetric, `!lowbit.affine<i8, -127:127>`, one scale
      for each index of the observer's axis, from the constant itself.
    - Activations, `mode=static`: asymmetric `!lowbit.affine<i8>`, one scale and
      zero point a tensor, by `method` from the statistics of the calibration
      table; values that share their integers (rule N23) get one choice.
    - Borders: as activations; wide ones `!lowbit.affine<i16>`, symmetric, but
      where the error of 8 bits is 40 dB below the value.
    - Activations, `mode=dynamic`: the same format; scale and zero point are
      found at run time.

    ```mlir
    %xo = lowbit.observe %x "activation" "x"
        {count = 64 : i64, max = 1.55 : f32, min = -1.0 : f32} : tensor<4x16xf32>
    // becomes, with mode=static
    %xo = lowbit.observe %x "activation" "x"
        {..., format = !lowbit.affine<i8>, scale = dense<0.01> : tensor<f32>,
         zero_point = dense<-28> : tensor<i32>} : tensor<4x16xf32>
    ```

    An operation that a rule keeps float gets `lowbit.float_reason` and reads the
    values themselves; an observer that no other operation reads gets no format.

    A weight with NaN or infinity is an error. Channels whose scale had to be
    raised to the floor, for they are all zero, are a remark; ranges that still
    grow and heavy tails a warning; one for all values each.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"mode", "mode", "std::string", "\"dynamic\"",
           "how activations get parameters: static, dynamic, none with "
           "weight-only; integer-only is static here">,
    Option<"method", "method", "std::string", "\"minmax\"",
           "how ranges of activations come from statistics: minmax, "
           "moving-average, percentile:P, mse, entropy, cross-entropy, auto">,
    Option<"tablePath", "table", "std::string", "\"\"",
           "calibration table, where no pass before made one">,
    Option<"activations", "activations", "std::string", "\"\"",
           "a rule for all activations, as words: i8,symmetric,mse">,
    Option<"weights", "weights", "std::string", "\"\"",
           "a rule for all weights, as words: i4,group:32,mse">,
    Option<"recipeFile", "recipe", "std::string", "\"\"",
           "file of rules, read after those two">,
    ListOption<"rules", "rule", "std::string",
               "rules that come after those of the file">,
    Option<"isWhole", "whole", "bool", "true",
           "refuse rules that name nothing; false where not all is observed "
           "yet">];
  let statistics = [
    Statistic<"numStatic", "static", "values with parameters chosen here">,
    Statistic<"numDynamic", "dynamic", "values with parameters at run time">,
    Statistic<"numDead", "dead-channels", "channels at the scale floor">,
    Statistic<"numKept", "kept-float", "contractions that a rule keeps float">,
    Statistic<"numShared", "shared", "groups of values with one choice">,
    Statistic<"numRescaled", "rescaled", "groups that were cut">];
}

#endif // LOWBIT_SELECT_PASSES_TD
