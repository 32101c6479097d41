//===- LowbitOps.td - operations of the lowbit dialect --------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD

include "lowbit/Dialect/Lowbit/IR/LowbitTypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Lowbit_Op<string mnemonic, list<Trait> traits = []>
    : Op<Lowbit_Dialect, mnemonic, traits>;

def Lowbit_FloatTensor : TensorOf<[F32]>;
def Lowbit_QuantizedTensor : TensorOf<[Lowbit_AffineType]>;
def Lowbit_ScaleTensor : TensorOf<[F32]>;
def Lowbit_ZeroPointTensor : TensorOf<[I32]>;
def Lowbit_TensorOrBuffer : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

//===----------------------------------------------------------------------===//
// Quantization
//===----------------------------------------------------------------------===//

class Lowbit_ParameterizedOp<string mnemonic, list<Trait> traits = []>
    : Lowbit_Op<mnemonic, !listconcat([Pure, AttrSizedOperandSegments],
                                      traits)> {
  code parameterDoc = [{
    The parameters are attributes (`scale`, `zero_point`) when they are known
    at compile time, and the operands `dynamic(%scale, %zero_point)` when they
    are not. Per tensor they have rank 0; per axis they have rank 1 and as many
    elements as the dimension that the type's `axis` names. Scales are finite
    and positive; zero points are in the type's range.
  }];
}

def Lowbit_QuantizeOp : Lowbit_ParameterizedOp<"quantize"> {
  let summary = "float to integer: clamp(round_half_even(x / scale) + zero_point)";
  let description = [{
    Computes, element by element, rule N7 of docs/numerics.md. NaN gives the
    zero point; values outside the range saturate.
  }] # parameterDoc # [{

    ```mlir
    %q = lowbit.quantize %x {scale = dense<0.05> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
        : tensor<?x384xf32> -> tensor<?x384x!lowbit.affine<i8>>
    %d = lowbit.quantize %x dynamic(%s, %z : tensor<f32>, tensor<i32>)
        : tensor<?x384xf32> -> tensor<?x384x!lowbit.affine<i8>>
    ```
  }];
  let arguments = (ins Lowbit_FloatTensor:$input,
                       Optional<Lowbit_ScaleTensor>:$dynamic_scale,
                       Optional<Lowbit_ZeroPointTensor>:$dynamic_zero_point,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$zero_point);
  let results = (outs Lowbit_QuantizedTensor:$output);
  let assemblyFormat = [{
    $input (`dynamic` `(` $dynamic_scale^ `,` $dynamic_zero_point `:`
    type($dynamic_scale) `,` type($dynamic_zero_point) `)`)?
    attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Lowbit_DequantizeOp : Lowbit_ParameterizedOp<"dequantize"> {
  let summary = "integer to float: (q - zero_point) * scale";
  let description = [{
    Computes rule N8 of docs/numerics.md. A `quantize` of a `dequantize` with
    equal parameters folds; a `dequantize` of a `quantize` never does, for that
    pair is where the quantization error is.
  }] # parameterDoc;
  let arguments = (ins Lowbit_QuantizedTensor:$input,
                       Optional<Lowbit_ScaleTensor>:$dynamic_scale,
                       Optional<Lowbit_ZeroPointTensor>:$dynamic_zero_point,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$zero_point);
  let results = (outs Lowbit_FloatTensor:$output);
  let assemblyFormat = [{
    $input (`dynamic` `(` $dynamic_scale^ `,` $dynamic_zero_point `:`
    type($dynamic_scale) `,` type($dynamic_zero_point) `)`)?
    attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Lowbit_FakeQuantOp : Lowbit_ParameterizedOp<"fake_quant"> {
  let summary = "quantize and dequantize at once, in float";
  let description = [{
    `fake_quant(x) = dequantize(quantize(x))` in the format of the attribute
    `format`: what training sees of a quantized value.
  }] # parameterDoc;
  let arguments = (ins Lowbit_FloatTensor:$input,
                       Optional<Lowbit_ScaleTensor>:$dynamic_scale,
                       Optional<Lowbit_ZeroPointTensor>:$dynamic_zero_point,
                       TypeAttrOf<Lowbit_AffineType>:$format,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$zero_point);
  let results = (outs Lowbit_FloatTensor:$output);
  let assemblyFormat = [{
    $input `as` $format (`dynamic` `(` $dynamic_scale^ `,` $dynamic_zero_point `:`
    type($dynamic_scale) `,` type($dynamic_zero_point) `)`)?
    attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Lowbit_StorageCastOp : Lowbit_Op<"storage_cast", [Pure]> {
  let summary = "the same integers, with or without their format";
  let description = [{
    Between a quantized tensor and a tensor of the signless integers that store
    it. Shapes and bits are the same on both sides.

    ```mlir
    %i = lowbit.storage_cast %q : tensor<4x!lowbit.affine<i8>> to tensor<4xi8>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Observation
//===----------------------------------------------------------------------===//

def Lowbit_ObserveOp : Lowbit_Op<"observe", [Pure, AllTypesMatch<["input", "output"]>]> {
  let summary = "marks a value that its readers could take quantized";
  let description = [{
    Returns its operand. Phase 2 inserts it and writes the statistics on it
    (`count` values seen, `min`, `max`); phase 3 writes the choice (`format`, `scale`,
    `zero_point`); phase 4 replaces it by `quantize` and `dequantize`, or by
    nothing when no format was chosen. A chosen `format` without `scale` means
    that the parameters are found at run time.

    - `id`: the value's name in the source model;
    - `role`: `activation`, `weight` (a constant operand of a contraction) or
      `table` (a constant that look-ups read);
    - `axis`: the channel dimension of a weight or a table.
  }];
  let arguments = (ins Lowbit_FloatTensor:$input, StrAttr:$id, StrAttr:$role,
                       OptionalAttr<I64Attr>:$axis,
                       OptionalAttr<I64Attr>:$count,
                       OptionalAttr<F32Attr>:$min, OptionalAttr<F32Attr>:$max,
                       OptionalAttr<TypeAttrOf<Lowbit_AffineType>>:$format,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$zero_point);
  let results = (outs Lowbit_FloatTensor:$output);
  let assemblyFormat = "$input $role $id attr-dict `:` type($input)";
  let extraClassDeclaration = [{
    bool isActivation() { return getRole() == "activation"; }
    bool isConstant() { return !isActivation(); }
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::StringRef":$id,
                                 "::mlir::StringRef":$role,
                                 "std::optional<int64_t>":$axis)>];
}

def Lowbit_TapOp : Lowbit_Op<"tap", [MemoryEffects<[MemWrite]>]> {
  let summary = "hands a value to the host program, under a name";
  let description = [{
    What the runtime calls back with while a module runs: statistics of
    observers, values dumped for a comparison, operands of contractions to be
    checked. It changes nothing in the program.
  }];
  let arguments = (ins Lowbit_TensorOrBuffer:$input, StrAttr:$id);
  let assemblyFormat = "$input $id attr-dict `:` type($input)";
}

def Lowbit_MarkOp : Lowbit_Op<"mark", [MemoryEffects<[MemWrite]>]> {
  let summary = "tells the host program that a step begins";
  let description = [{
    Profiling puts one before each step of compiled code; the time of a step is
    that between its mark and the next.
  }];
  let arguments = (ins StrAttr:$id);
  let assemblyFormat = "$id attr-dict";
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

def Lowbit_ParameterOp : Lowbit_Op<"parameter", [Symbol]> {
  let summary = "a weight, by name";
  let description = [{
    Declares a constant tensor whose bytes are in the module's store under the
    symbol's name, or, until the module is written, in `value`.

    ```mlir
    lowbit.parameter @"encoder.weight" : tensor<384x384xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<AnyStaticShapeTensor>:$type,
                       OptionalAttr<ElementsAttr>:$value);
  let assemblyFormat = "$sym_name `:` $type (`=` $value^)? attr-dict";
  let hasVerifier = 1;
}

def Lowbit_GetParameterOp
    : Lowbit_Op<"get_parameter",
                [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a parameter";
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs AnyStaticShapeTensor:$output);
  let assemblyFormat = "$parameter attr-dict `:` type($output)";
}

def Lowbit_CheckRangeOp
    : Lowbit_Op<"check_range", [MemoryEffects<[MemWrite]>]> {
  let summary = "fails the run when an index is out of range";
  let description = [{
    Every element of `indices` must be at least `lower` and less than `upper`.
    When one is not, the run ends with `message` and the offending index.
    Readers clamp the index, so that memory stays safe in either case.

    ```mlir
    lowbit.check_range %ids in [0, 30522) "token id" : tensor<?x?xi64>
    ```
  }];
  let arguments = (ins Lowbit_TensorOrBuffer:$indices, I64Attr:$lower,
                       I64Attr:$upper, StrAttr:$message);
  let assemblyFormat = [{
    $indices `in` custom<HalfOpenInterval>($lower, $upper) $message attr-dict
    `:` type($indices)
  }];
  let hasVerifier = 1;
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD
