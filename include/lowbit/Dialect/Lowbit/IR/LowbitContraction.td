//===- LowbitContraction.td - quantized contractions ----------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITCONTRACTION_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITCONTRACTION_TD

include "lowbit/Dialect/Lowbit/IR/LowbitQuantization.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class Lowbit_ContractionOp<string mnemonic, list<Trait> traits = []>
    : Lowbit_Op<mnemonic, !listconcat([
          AttrSizedOperandSegments, SingleBlock, RecursiveMemoryEffects,
          RecursivelySpeculatable], traits)> {
  code contractionDoc = [{
    Loops run over the iteration space that the indexing maps span. For each
    index of the parallel loops

        acc = sum over the reduction loops of (lhs - lhs_zero_point) * (rhs - rhs_zero_point)

    exactly (rule N9 of docs/numerics.md), and the region makes the element of
    the result from it. The region's first argument is the accumulator; the
    others are the elements of `extra` operands (bias, scales, a residual),
    indexed by the parallel loops through maps of their own.

    `indexing_maps` are those of lhs, rhs, the extra operands and the result. A
    convolution has sums of loops, `d1 * 2 + d4`, in that of lhs; padding is
    done before, with the zero point. `init` gives the result's shape; its
    elements are not read.

    Operands are integers (i8, i16: signed) or quantized by an `affine` format,
    whose signedness and range they have. Zero points are attributes or
    operands: rank 0, or, on the right-hand side, along the axis of its format.
    For operands of a `float` format the accumulator is f32 and products are
    added by fma, sequentially in the order of the loops.

    Constraints: (C1) One map an operand and result, one iterator type a loop.
    (C2) The result's map is a permutation of the parallel loops. (C3) Extra
    operands are indexed by parallel loops alone. (C4) Ranks are those of the
    maps, and every loop has one size. (C5) Operands are i8, i16, affine or
    float, both of one kind; not packed, and not block-wise. (C6) Zero points
    are for integers, given at most once, have the shape said above, and are in
    range. (C7) The accumulator is i32 or i64, or f32 for `float` formats.
    (C8) The region's arguments are the accumulator and the elements of the
    extra operands, its operations are on scalars alone and without effects, and
    it yields an element of the result. (C9) The init has the type of the result. (C10) Each loop is a
    dimension of lhs, rhs or the result.
  }];
  dag operands = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
                      Optional<Lowbit_ZeroPoints>:$dynamic_lhs_zero_point,
                      Optional<Lowbit_ZeroPoints>:$dynamic_rhs_zero_point,
                      Variadic<AnyRankedTensor>:$extra,
                      AnyRankedTensor:$init,
                      OptionalAttr<ElementsAttr>:$lhs_zero_point,
                      OptionalAttr<ElementsAttr>:$rhs_zero_point,
                      AffineMapArrayAttr:$indexing_maps,
                      StrArrayAttr:$iterator_types);
  string operandFormat = [{
    attr-dict-with-keyword
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)`
    (`lhs_zero_point` `(` $dynamic_lhs_zero_point^ `:` type($dynamic_lhs_zero_point) `)`)?
    (`rhs_zero_point` `(` $dynamic_rhs_zero_point^ `:` type($dynamic_rhs_zero_point) `)`)?
    (`extra` `(` $extra^ `:` type($extra) `)`)?
    `outs` `(` $init `:` type($init) `)` $epilogue `->` type($result)
  }];
}

def Lowbit_ContractOp : Lowbit_ContractionOp<"contract"> {
  let summary = "a quantized contraction or convolution with an epilogue";
  let description = contractionDoc # [{

    ```mlir
    %y = lowbit.contract attributes {
        indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                         affine_map<(m, n, k) -> (n)>, affine_map<(m, n, k) -> (m, n)>],
        iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<3> : tensor<i32>}
        ins(%a, %w : tensor<4x16x!lowbit.affine<i8>>, tensor<16x8x!lowbit.affine<i8, -127:127, axis = 1>>)
        extra(%bias : tensor<8xi32>) outs(%init : tensor<4x8x!lowbit.affine<i8>>) {
    ^bb0(%acc: i32, %b: i32):
      %sum = arith.addi %acc, %b : i32
      %q = lowbit.requantize %sum {scale = dense<0.01> : tensor<f32>, zero_point = dense<-5> : tensor<i32>}
          : i32 -> !lowbit.affine<i8>
      lowbit.yield %q : !lowbit.affine<i8>
    } -> tensor<4x8x!lowbit.affine<i8>>
    ```
  }];
  let arguments = operands;
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = operandFormat;
  let hasVerifier = 1;
}

def Lowbit_PackedContractOp : Lowbit_ContractionOp<"packed_contract"> {
  let summary = "a contraction whose right-hand side is packed for the target";
  let description = [{
    What `contract` computes, with a right-hand side that lies as `layout` says
    (`#lowbit.panels`). `rhs_type` is its type before packing, which the
    indexing maps speak of. Code generation makes and expands it.
  }] # contractionDoc # [{
    (C11) `rhs_type` has static columns and depth, each a dimension of its own map, and the operand has
    the shape that `layout` gives it. (C12) A packed right-hand side is i8 and its zero points are one.
  }];
  let arguments = !con(operands, (ins Lowbit_PanelsAttr:$layout,
                                      TypeAttrOf<AnyRankedTensor>:$rhs_type));
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = operandFormat;
  let extraClassDeclaration = [{
    /// What the right-hand side is when it is packed; emits the error.
    ::llvm::FailureOr<::mlir::RankedTensorType> packedType();
  }];
  let hasVerifier = 1;
}

def Lowbit_YieldOp
    : Lowbit_Op<"yield", [Pure, ReturnLike, Terminator,
                          ParentOneOf<["ContractOp", "PackedContractOp"]>]> {
  let summary = "ends the region of a contraction with an element of the result";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITCONTRACTION_TD
