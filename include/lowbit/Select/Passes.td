//===- Passes.td - phase 3: ranges and formats ----------------------------===//
#ifndef LOWBIT_SELECT_PASSES_TD
#define LOWBIT_SELECT_PASSES_TD

include "mlir/Pass/PassBase.td"

def SelectRanges : Pass<"lowbit-select-ranges", "::mlir::ModuleOp"> {
  let summary = "chooses a format and its parameters for every observer";
  let description = [{
    - Weights and tables: symmetric, `!lowbit.affine<i8, -127:127>`, one scale
      for each index of the observer's axis, from the constant itself.
    - Activations, `mode=static`: asymmetric `!lowbit.affine<i8>`, one scale and
      zero point a tensor, from `min` and `max`.
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

    A weight with NaN or infinity is an error. A channel whose scale had to be
    raised to the floor, for it is all zero, is a remark.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"mode", "mode", "std::string", "\"dynamic\"",
           "how activations get parameters: static, dynamic">,
    Option<"method", "method", "std::string", "\"minmax\"",
           "how a range comes from statistics: minmax">];
  let statistics = [
    Statistic<"numStatic", "static", "values with parameters chosen here">,
    Statistic<"numDynamic", "dynamic", "values with parameters at run time">,
    Statistic<"numDead", "dead-channels", "channels at the scale floor">];
}

#endif // LOWBIT_SELECT_PASSES_TD
