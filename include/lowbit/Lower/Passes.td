//===- Passes.td - phase 6: the integer contract --------------------------===//
#ifndef LOWBIT_LOWER_PASSES_TD
#define LOWBIT_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def SignOperands : Pass<"lowbit-sign-operands", "::mlir::ModuleOp"> {
  let summary = "operands of contractions become signed bytes";
  let description = [{
    Dot products are of signed bytes. A value of an unsigned or narrower format
    that a contraction reads becomes a value of signed bytes with the same real
    values: 128 less of integers and zero point where the format goes beyond
    127, the same integers otherwise. The quantize, or the constant, at the
    source makes them; where neither is there, or other data movement is in
    between, an elementwise operation does.

    ```mlir
    %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<130> : tensor<i32>}
        : tensor<4x8xf32> -> tensor<4x8x!lowbit.affine<ui8>>
    // becomes
    %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>}
        : tensor<4x8xf32> -> tensor<4x8x!lowbit.affine<i8>>
    ```

    Packed formats and formats in blocks stay.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numOperands", "operands", "dequantized values that became signed bytes">];
}

def LowerContractions : Pass<"lowbit-lower-contractions", "::mlir::ModuleOp"> {
  let summary = "contractions of dequantized values become integer contractions";
  let description = [{
    The same operation on integers with an i32 accumulator, and one generic that
    takes the zero points out, exactly, and dequantizes:

        sum_k (a - za)(b - zb) = sum_k a b - za sum_k b - zb sum_k (a - za)
        y = float(that) * (sa * sb[n])        the product of scales in f32

    What depends on constants only is computed here; the sums of values that are
    not constant are integer reductions of their own. An init that is not zero
    is added in float.

    ```mlir
    %y = linalg.matmul {lowbit.id = "y"} ins(%xd, %wd : tensor<4x16xf32>, tensor<16x8xf32>) ...
    // becomes
    %acc = linalg.matmul {lowbit.id = "y.i32"} ins(%xi, %wi : tensor<4x16xi8>, tensor<16x8xi8>)
        outs(%zero : tensor<4x8xi32>) -> tensor<4x8xi32>
    %y = linalg.generic {lowbit.id = "y"} ins(%acc, %za_sum_b, %scale) ... {
      %0 = arith.subi %acc, %za_sum_b : i32
      %1 = arith.sitofp %0 : i32 to f32
      %2 = arith.mulf %1, %scale : f32
    }
    ```

    An operation becomes integer with both operands or stays float as a whole,
    with `lowbit.float_reason` and a remark.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numInteger", "integer", "contractions that became integer">,
    Statistic<"numFloat", "float", "contractions that stay float">];
}

def LowerPooling : Pass<"lowbit-lower-pooling", "::mlir::ModuleOp"> {
  let summary = "sums of dequantized values become sums of integers";
  let description = [{
    Sum pooling of any layout, and sums along whole dimensions, of a value with
    one scale. Integers are added up in i32, which is exact; the zero point is
    taken out of the sum, and one product returns to f32. Where a sum's length
    is found at run time, the run checks it.

    ```mlir
    %y = linalg.pooling_nhwc_sum {lowbit.id = "y"} ins(%xd, %window : tensor<1x4x4x8xf32>, tensor<2x2xf32>) ...
    // becomes
    %sum = linalg.generic {lowbit.id = "y.i32"} ins(%xi, %window : tensor<1x4x4x8xi8>, tensor<2x2xi8>)
        outs(%zero : tensor<1x3x3x8xi32>) { arith.extsi, arith.addi }
    %y = linalg.generic {lowbit.id = "y"} ins(%sum) ... {
      %0 = arith.subi %sum, %count_times_zero_point : i32
      %1 = arith.sitofp %0 : i32 to f32
      %2 = arith.mulf %1, %scale : f32
    }
    ```

    What stays float, maxima that phase 5 left included, says why in
    `lowbit.float_reason` and a remark.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numInteger", "integer", "sums that became integer">,
    Statistic<"numFloat", "float", "sums and maxima that stay float">];
}

def AnalyzeAccumulators
    : Pass<"lowbit-analyze-accumulators", "::mlir::ModuleOp"> {
  let summary = "finds what the accumulators of integer contractions can hold";
  let description = [{
    For contractions of signed integers of up to 16 bits into i32, the smallest
    and the largest final sum over all inputs and channels, init included:

        max_n (sum over k of max(a.min * b[k, n], a.max * b[k, n]))

    It is exact when one operand is a constant of bytes and each element of the
    other can be anything of its range: that of its format where it comes from
    `lowbit.storage_cast`, what a clamp, a table or padding leaves, or the whole
    type. Two operands that are not constant need a static length.

    The result is an attribute that code generation may rely on:

    ```mlir
    linalg.matmul {lowbit.accumulator = {max = 32258 : i64, min = -32512 : i64, pair_sums_fit_i16}}
        ins(%a, %b : tensor<?x2xi8>, tensor<2x3xi8>) ...
    ```

    `pair_sums_fit_i16`: with the left operand shifted to unsigned (xor 0x80),
    any two products of a sum add up within 16 bits, so that `vpmaddubsw` does
    not saturate, whichever products it pairs. A sum that may leave 32 bits has
    no attribute and a warning.

    What is added to an accumulator afterwards (the terms of zero points, a bias)
    is followed too: i32 arithmetic in elementwise bodies whose results fit 32
    bits for all inputs gets `overflow<nsw>`.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numProved", "proved", "contractions whose range was found">,
    Statistic<"numUnknown", "unknown", "contractions without a range">,
    Statistic<"numExact", "exact", "additions and the like that cannot overflow">];
}

def LowerContract : Pass<"lowbit-lower-contract", "::mlir::ModuleOp"> {
  let summary = "contract and packed_contract become linalg";
  let description = [{
    A contraction on integers, and one generic with what the region computes:

        sum (a - za)(b - zb) = sum a b - za sum b - zb sum a + count za zb

    Operands of up to 8 bits with an i32 accumulator become i8 x i8 -> i32, the
    form that code generation has kernels for; u8 is moved to i8 with its zero
    point. Wider ones subtract zero points in the body. Small floats are decoded
    and multiplied in f32. A packed right-hand side is put in its plain order
    first. Operations on scalars in the region stay for `lowbit-lower-qdq`.

    Refused: results of a packed format, and sums that may not fit the
    accumulator, by the formats of the operands or by constant weights. Sums of
    a length that is found at run time are checked then.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numContract", "contract", "contractions that were lowered">];
}

def LowerToIntegers : Pass<"lowbit-lower-to-integers", "::mlir::ModuleOp"> {
  let summary = "what is between dequantize and quantize becomes integer";
  let description = [{
    Elementwise operations, sums and maxima whose operands are all dequantized,
    integer already or constant are computed on the integers, in fixed point:
    each number is an integer times a step that is known here.

        x + bias     the bias is counted in steps of x, and added as an integer
        x * c        only the step changes
        max(x, 0)    the maximum of the integers
        x + y        both in steps that are fine enough, by multiplier / 2^shift
        x < y ? x : y   integers in the same steps are compared and chosen
        floor(x)     x in steps of a power of two, shifted
        f(x)         a table, where all of f depends on one integer
        quantize(x)  clamp(((x * multiplier + half) >> shift) + zero_point)

    Loops with several results become one for each where these do not need each
    other; what a reduction starts from is joined after it. multiplier, shift and rounding are those of rules N15 and N16, for each
    channel where a scale runs along one.

    ```mlir
    %s = linalg.generic ins(%acc, %scale) {float(acc) * scale} ...
    %y = linalg.generic ins(%s, %bias) {addf} ...
    %q = lowbit.quantize %y {...} : tensor<4x8xf32> -> tensor<4x8x!lowbit.affine<i8>>
    // becomes
    %s = linalg.generic ins(%acc, %bias.steps) {addi} ...
    %q = linalg.generic ins(%s, %multipliers) {muli, addi, shrsi, maxsi, minsi, trunci} ...
    ```
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numInteger", "integer", "operations that became integer">,
    Statistic<"numTable", "table", "operations that became part of a table">,
    Statistic<"numQuantize", "quantize", "quantize of computed integers">];
}

def LowerQdq : Pass<"lowbit-lower-qdq", "::mlir::ModuleOp"> {
  let summary = "quantize, dequantize and their kin become linalg";
  let description = [{
    The rules of docs/numerics.md, spelled in linalg, arith, math and tensor,
    for every format:

        quantize:    trunci(fptosi(clamp(roundeven(x / s), qmin - z, qmax - z)) + z)
        dequantize:  sitofp(q - z) * s

    Small floats are encoded and decoded on the bits of the f32, codebooks by
    comparison with thresholds, packed formats along their dimension;
    requantize, fake_quant and fake_quant_grad likewise. Operations on scalars
    become scalar arithmetic where they stand.

    Values are plain integers afterwards: i8 for formats of up to 8 bits and
    for packed bytes, i16 for longer ones. Integers of the format's own width
    remain where a storage_cast asks for them.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numQuantize", "quantize", "quantize that were lowered">,
    Statistic<"numDequantize", "dequantize", "dequantize that were lowered">,
    Statistic<"numRequantize", "requantize", "requantize that were lowered">];
}

def FuseBodies : Pass<"lowbit-fuse-bodies", "::mlir::ModuleOp"> {
  let summary = "what makes integers of integers is one operation";
  let description = [{
    Dequantize, bias, residual addition, activation and quantize, and the
    epilogue of a contraction before them, are computed one after the other for
    each element, in registers. Nothing is computed in another order, so that
    results are the same to the bit.

    ```mlir
    %d = linalg.generic ins(%acc, %scale : tensor<4x8xi32>, tensor<8xf32>) ... { sitofp, mulf }
    %y = linalg.generic {lowbit.id = "y"} ins(%d, %bias : tensor<4x8xf32>, tensor<8xf32>) ... { addf }
    %q = linalg.generic ins(%y : tensor<4x8xf32>) ... { divf, roundeven, ... }
    // becomes
    %q = linalg.generic {lowbit.integers = ["y"]} ins(%acc, %scale, %bias) ...
    ```

    A body that reads an f32 tensor, other than a constant, stays as it is: it
    is not integer as a whole.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let statistics = [
    Statistic<"numFused", "fused", "operations computed in the body of another">];
}

def MergeEqual : Pass<"lowbit-merge-equal", "::mlir::ModuleOp"> {
  let summary = "what is computed twice is computed once";
  let description = [{
    Operations of linalg and tensor that do the same with the same operands, but
    for their names, are one, named by the first; `lowbit.same` has the other
    names.

    ```mlir
    %a = linalg.matmul {lowbit.id = "a"} ins(%x, %w) outs(%z)
    %b = linalg.matmul {lowbit.id = "b"} ins(%x, %w) outs(%z)
    // becomes
    %a = linalg.matmul {lowbit.id = "a", lowbit.same = ["b"]} ins(%x, %w) outs(%z)
    ```
  }];
  let statistics = [
    Statistic<"numMerged", "merged", "operations that another one computes too">];
}

def TabulateBodies : Pass<"lowbit-tabulate-bodies", "::mlir::ModuleOp"> {
  let summary = "functions of one byte become tables";
  let description = [{
    A body whose result depends on one integer of 8 bits alone is computed for
    all 256 of them, by the interpreter, so that the table has exactly what the
    body would round to. `lowbit.tables` has the ids of what is in it.

    ```mlir
    %q = linalg.generic {lowbit.integers = ["gelu"]} ins(%x : tensor<4x8xi8>) ... { dequantize, erf, ..., quantize }
    // becomes
    %q = linalg.generic {lowbit.tables = ["gelu"]} ins(%x : tensor<4x8xi8>) ... { tensor.extract %table[...] }
    ```

    A body that only changes scale and zero point, or clamps besides, stays: it
    costs less than a look-up.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numTables", "tables", "operations that became tables">];
}

def VerifyIntegerContract
    : Pass<"lowbit-verify-integer-contract", "::mlir::ModuleOp"> {
  let summary = "checks what phase 6 hands on";
  let description = [{
    No quantized type, no quantize, dequantize, fake_quant or observe is left,
    and every f32 contraction says in `lowbit.float_reason` why it is one. One
    error lists all offenders.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
}

#endif // LOWBIT_LOWER_PASSES_TD
