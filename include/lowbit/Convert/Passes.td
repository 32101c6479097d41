//===- Passes.td - to and from other dialects -----------------------------===//
#ifndef LOWBIT_CONVERT_PASSES_TD
#define LOWBIT_CONVERT_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertFromQuant : Pass<"lowbit-convert-from-quant", "::mlir::ModuleOp"> {
  let summary = "upstream's quant dialect becomes lowbit";
  let description = [{
    `quant.qcast`, `dcast` and `scast` become `quantize`, `dequantize` and
    `storage_cast`; `!quant.uniform` per tensor, per axis and per block becomes
    `!lowbit.affine`, and its scales and zero points go to the operations. Quantized arguments and
    results of functions keep theirs as the attributes `lowbit.scale` and `lowbit.zero_point`.

    ```mlir
    %q = quant.qcast %x : tensor<4xf32> to tensor<4x!quant.uniform<i8<-127:127>:f32, 0.5>>
    // becomes
    %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>}
        : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, -127:127>>
    ```

    Upstream leaves rounding open; what comes out rounds half to even and saturates (rule N7).
    Refused: expressed types other than f32, storage of 1 or more than 16 bits, zero points
    out of range, scales below 2^-63, `quant.any`, `quant.calibrated`, unranked tensors, and
    operations that compute with quantized values.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numConverted", "converted", "casts that were converted">];
}

def ConvertToQuant : Pass<"lowbit-convert-to-quant", "::mlir::ModuleOp"> {
  let summary = "quantize and dequantize become upstream's quant dialect";
  let description = [{
    The inverse of `lowbit-convert-from-quant`. Every quantized value gets one type, with the
    parameters of the quantize that makes it or the dequantize that reads it, through slices,
    reshapes, branches and calls; where there is neither, a function's argument or result
    says them (`lowbit.scale`, `lowbit.zero_point`).

    Refused, because upstream cannot say it: parameters of the run, packed, small-float and
    codebook formats, scales that are not f32, blocks that do not divide, rounding other than
    half_even, wrapping, two sets of parameters for one value, and other operations on quantized values.

    Do not run `canonicalize` or `lower-quant-ops` on the result: the first folds
    `dcast(qcast(x))` to x, the second neither rounds nor saturates (docs/upstream.md).
  }];
  let dependentDialects = ["::lowbit::LowbitDialect", "::mlir::quant::QuantDialect"];
  let statistics = [
    Statistic<"numConverted", "converted", "operations that were converted">];
}

def ConvertFromTosa : Pass<"lowbit-convert-from-tosa", "::mlir::ModuleOp"> {
  let summary = "TOSA's quantized operators become lowbit, the others linalg";
  let description = [{
    `tosa.rescale` becomes `lowbit.requantize` in fixed point; `matmul`, `conv2d`, `depthwise_conv2d`
    and `transpose_conv2d` on i8 become `lowbit.contract` with zero points. All other operators go through
    upstream's patterns to linalg, tensor and arith. Results are those of TOSA 1.0, bit for bit, for
    values in the range that it defines.

    ```mlir
    %r = tosa.rescale %acc, %multiplier, %shift, %zero, %zp {rounding_mode = DOUBLE_ROUND, ...}
    // becomes
    %q = lowbit.requantize %acc {fixed_rounding = #lowbit.fixed_rounding<double_round>, multiplier = dense<1073741824> : tensor<i32>,
        shift = dense<36> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<4xi32> -> tensor<4x!lowbit.affine<i8>>
    %r = lowbit.storage_cast %q : tensor<4x!lowbit.affine<i8>> to tensor<4xi8>
    ```

    Refused: INEXACT_ROUND, multipliers, shifts and zero points that are not constants or not
    legal, control flow, variables, custom operators, and block-scaled ones.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::index::IndexDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [
    Statistic<"numRescales", "rescales", "rescales that became requantize">,
    Statistic<"numContractions", "contractions", "quantized contractions that became contract">];
}

def ImportTosa : Pass<"lowbit-import-tosa", "::mlir::ModuleOp"> {
  let summary = "TOSA becomes the float contract, with names";
  let description = [{
    Runs `lowbit-convert-from-tosa` and brings what it makes to the float contract: the operation that makes the value of
    an operator has its name as `lowbit.id` (that of the location, else `<operator>_<n>`), and the operations before it are
    `<id>/<kind>`; maxima start at -inf; an average divides by constants; a look-up in one batch reads a table of rank 2.

    ```mlir
    %y = tosa.exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("exp")
    // becomes
    %y = linalg.generic {...} ins(%x : tensor<4xf32>) ... attrs = {lowbit.id = "exp"} { math.exp ... }
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::index::IndexDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [
    Statistic<"numOperators", "operators", "operators of TOSA that were converted">];
}

def ConvertToTosa : Pass<"lowbit-convert-to-tosa", "::mlir::ModuleOp"> {
  let summary = "requantize and contract become TOSA's operators";
  let description = [{
    `lowbit.requantize` in fixed point becomes `tosa.rescale`, and `lowbit.contract` of i8
    `tosa.matmul` or `tosa.conv2d` with zero points, followed by `tosa.add` and `tosa.rescale` where its region
    adds a bias and requantizes. Only what TOSA 1.0 says with the same meaning is converted; the rest stays, with
    a remark that says why: float scales, scales along another dimension than the last, narrow ranges, zero points
    of more than 8 bits, other loops, and values beyond 2^(shift-1), where TOSA leaves the result open.
  }];
  let options = [
    Option<"assumeDefined", "assume-defined", "bool", /*default=*/"false",
           "trust that no value is beyond the range that tosa.rescale defines">];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::tensor::TensorDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [
    Statistic<"numConverted", "converted", "operations that became TOSA's">,
    Statistic<"numLeft", "left", "operations that stay">];
}

def ConvertToUpstream : Pass<"lowbit-convert-to-upstream", "::mlir::ModuleOp"> {
  let summary = "what phase 6 hands on becomes pure upstream";
  let description = [{
    Parameters become `arith.constant`, in the text when they have 64 elements or fewer and `dense_resource` otherwise;
    `check_range` becomes a reduction and `cf.assert`, whose message has no index; observers, taps and
    marks go, and so do all `lowbit.*` attributes. Then nothing of lowbit is left, or one error
    lists all that is. The pipeline `lowbit-exit-upstream` lowers contract, quantize, requantize and their kin before.

    ```mlir
    lowbit.check_range %i in [0, 10) "row" : tensor<?xi64>
    // becomes
    %all = linalg.generic {iterator_types = ["reduction"], ...} ins(%i : tensor<?xi64>) outs(%true : tensor<i1>) ...
    %ok = tensor.extract %all[] : tensor<i1>
    cf.assert %ok, "row: an index is not in [0, 10)"
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect"];
  let statistics = [
    Statistic<"numParameters", "parameters", "reads of parameters that became constants">,
    Statistic<"numChecks", "checks", "range checks that became assertions">];
}

#endif // LOWBIT_CONVERT_PASSES_TD
