//===- LowbitQuantization.td - quantize, dequantize and their kin ---------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITQUANTIZATION_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITQUANTIZATION_TD

include "lowbit/Dialect/Lowbit/IR/LowbitInterfaces.td"
include "lowbit/Dialect/Lowbit/IR/LowbitTypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// (A1) An attribute that is not the operation's own has the prefix of a dialect,
// so that a misspelt one is not passed over.
def Lowbit_KnownAttributes : NativeOpTrait<"KnownAttributes"> {
  let cppNamespace = "::lowbit";
}

class Lowbit_Op<string mnemonic, list<Trait> traits = []>
    : Op<Lowbit_Dialect, mnemonic,
         !listconcat([Lowbit_KnownAttributes], traits)>;

class Lowbit_ScalarOrTensor<list<Type> elements>
    : AnyTypeOf<!listconcat(elements, [RankedTensorOf<elements>])>;
def Lowbit_AnyQuantized : Type<
    CPred<"::mlir::isa<::lowbit::QuantizedTypeInterface>($_self)">,
    "quantized element">;
def Lowbit_Float : Lowbit_ScalarOrTensor<[F32]>;
def Lowbit_Quantized : Lowbit_ScalarOrTensor<[Lowbit_AnyQuantized]>;
def Lowbit_Integers : Lowbit_ScalarOrTensor<[I8, I16, I32]>;
def Lowbit_Scales : Lowbit_ScalarOrTensor<[F32, F8E8M0FNU, F8E4M3FN]>;
def Lowbit_ZeroPoints : Lowbit_ScalarOrTensor<[I32]>;
def Lowbit_TensorScale : Lowbit_ScalarOrTensor<[F32]>;

def Lowbit_Rounding : DefaultValuedAttr<Lowbit_RoundingModeAttr,
                                        "::lowbit::RoundingMode::HalfEven">;
def Lowbit_Saturate : DefaultValuedAttr<BoolAttr, "true">;

// An operation with a format and its parameters.
class Lowbit_QuantizationOp<string mnemonic, list<Trait> traits = []>
    : Lowbit_Op<mnemonic, !listconcat([Pure, AttrSizedOperandSegments,
                Lowbit_QuantizationOpInterface], traits)> {
  dag parameters = (ins Optional<Lowbit_Scales>:$dynamic_scale,
                        Optional<Lowbit_ZeroPoints>:$dynamic_zero_point,
                        Optional<Lowbit_TensorScale>:$dynamic_tensor_scale,
                        OptionalAttr<ElementsAttr>:$scale,
                        OptionalAttr<ElementsAttr>:$zero_point,
                        OptionalAttr<ElementsAttr>:$tensor_scale);
  string parameterFormat = [{
    (`scale` `(` $dynamic_scale^ `:` type($dynamic_scale) `)`)?
    (`zero_point` `(` $dynamic_zero_point^ `:` type($dynamic_zero_point) `)`)?
    (`tensor_scale` `(` $dynamic_tensor_scale^ `:` type($dynamic_tensor_scale) `)`)?
  }];
  // The format is the element type of `value`, or the attribute `format`.
  code formatOfOutput = [{
    ::mlir::Type getParameterizedType() { return getOutput().getType(); }
    ::lowbit::QuantizedTypeInterface getQuantizedFormat() {
      return ::mlir::cast<::lowbit::QuantizedTypeInterface>(
          ::mlir::getElementTypeOrSelf(getOutput().getType()));
    }
  }];
  code formatOfInput = [{
    ::mlir::Type getParameterizedType() { return getInput().getType(); }
    ::lowbit::QuantizedTypeInterface getQuantizedFormat() {
      return ::mlir::cast<::lowbit::QuantizedTypeInterface>(
          ::mlir::getElementTypeOrSelf(getInput().getType()));
    }
  }];
  code formatOfAttribute = [{
    ::mlir::Type getParameterizedType() { return getInput().getType(); }
    /// Null when the attribute is no format, which the verifier refuses.
    ::lowbit::QuantizedTypeInterface getQuantizedFormat() {
      return ::mlir::dyn_cast<::lowbit::QuantizedTypeInterface>(getFormat());
    }
  }];
  code parameterDoc = [{
    Each parameter is an attribute (`scale`, `zero_point`) when it is known at
    compile time, or an operand (`scale(%s : ...)`, `zero_point(%z : ...)`) when
    the run finds it or training learns it. Long lists of attributes belong in
    `dense_resource`.

    - scale: always, of the element type that the format names;
    - zero_point: for `affine`, always; for others, never;
    - tensor_scale: a second scale, for all elements, that the first is
      multiplied with (in f32, rounded once); only where scales are f8E4M3FN.

    Constraints, of all operations with parameters: (P0) the format is
    quantized. (P1) Operand and result have one shape, both scalars or both
    ranked. (P2) A scale is given, once; (P3) a zero point is given, once, for
    `affine`, and no other format; (P4) a tensor_scale only with scales of
    f8E4M3FN. (P5) Scales have the format's scale type and (P6) parameters the
    shape that the granularity gives. (P7) Scales that are known are finite and
    at least 2^-63, and every dequantized value is finite, by N3; those of 8 bits
    are positive or NaN. (P8) Zero points are in the format's range. (P9) The axis is a dimension of the value, a block has its rank, (P10) and a
    scalar has one scale. (P11) `pack` is a dimension of the value, whose bits
    fill bytes.
  }];
}

def Lowbit_QuantizeOp : Lowbit_QuantizationOp<"quantize"> {
  let summary = "float to integer: clamp(round(x / scale) + zero_point)";
  let description = [{
    Computes, element by element: for `affine` rule N7 of docs/numerics.md, for
    `float` the nearest code of x / scale, for `codebook` the nearest value.
    NaN gives the zero point of an affine format.

    - rounding: `half_even` unless it is said;
    - saturate: what is out of range becomes the nearest end (true), or wraps
      (`affine`) or becomes NaN or infinity (`float`).
  }] # parameterDoc # [{

    ```mlir
    %q = lowbit.quantize %x {scale = dense<0.05> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
        : tensor<?x384xf32> -> tensor<?x384x!lowbit.affine<i8>>
    %d = lowbit.quantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>)
        : tensor<?x384xf32> -> tensor<?x384x!lowbit.affine<i8>>
    ```

    (Q1) Formats other than `affine` round half to even; (Q2) a codebook saturates. (Q3) What wraps has a range of 2^n values. A constant folds to
    its integers; `quantize(dequantize(q))` folds to q where the format is
    `affine`, the parameters are equal and known, and rounding is to the
    nearest. A scale of the run may be 0, from which no code comes back.
  }];
  let arguments = !con((ins Lowbit_Float:$input), parameters,
                       (ins Lowbit_Rounding:$rounding, Lowbit_Saturate:$saturate));
  let results = (outs Lowbit_Quantized:$output);
  let extraClassDeclaration = formatOfOutput;
  let assemblyFormat = "$input" # parameterFormat # "attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                                 "const ::lowbit::QuantParameters &":$parameters)>];
}

def Lowbit_DequantizeOp : Lowbit_QuantizationOp<"dequantize"> {
  let summary = "integer to float: (q - zero_point) * scale";
  let description = [{
    Computes rule N8 of docs/numerics.md for `affine`, and value * scale for the
    others, one f32 product. A `dequantize` of a `quantize` never folds, for
    that pair is where the quantization error is.
  }] # parameterDoc;
  let arguments = !con((ins Lowbit_Quantized:$input), parameters);
  let results = (outs Lowbit_Float:$output);
  let extraClassDeclaration = formatOfInput;
  let assemblyFormat = "$input" # parameterFormat # "attr-dict `:` type($input) `->` type($output)";
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                                 "const ::lowbit::QuantParameters &":$parameters)>];
  let hasVerifier = 1;
}

def Lowbit_FakeQuantOp : Lowbit_QuantizationOp<"fake_quant"> {
  let summary = "quantize and dequantize at once, in float";
  let description = [{
    `fake_quant(x) = dequantize(quantize(x))` in the format of the attribute
    `format`: what training sees of a quantized value.
  }] # parameterDoc;
  let arguments = !con((ins Lowbit_Float:$input), parameters,
                       (ins TypeAttr:$format, Lowbit_Rounding:$rounding,
                            Lowbit_Saturate:$saturate));
  let results = (outs Lowbit_Float:$output);
  let extraClassDeclaration = formatOfAttribute;
  let assemblyFormat = "$input `as` $format" # parameterFormat # "attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Lowbit_FakeQuantGradOp : Lowbit_QuantizationOp<"fake_quant_grad"> {
  let summary = "the straight-through gradients of fake_quant";
  let description = [{
    From the input and the gradient of the output: the gradients of the input,
    of the scales and of the zero points (rule N18 of docs/numerics.md).
    The last two have the shape of the parameters and are sums over the elements
    that share them. They are the gradients of the `fake_quant` that saturates and
    has the same `rounding`.

    ```mlir
    %dx, %ds, %dz = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>)
        zero_point(%z : tensor<i32>) : tensor<4x8xf32> -> tensor<f32>
    ```
  }] # parameterDoc # [{
    (F1) The format is `affine`; the value is a tensor. (F2) Both gradients of
    parameters have the parameters' shape.
  }];
  let arguments = !con((ins RankedTensorOf<[F32]>:$input, RankedTensorOf<[F32]>:$gradient),
                       parameters, (ins TypeAttr:$format, Lowbit_Rounding:$rounding));
  let results = (outs RankedTensorOf<[F32]>:$input_gradient,
                      RankedTensorOf<[F32]>:$scale_gradient,
                      RankedTensorOf<[F32]>:$zero_point_gradient);
  let extraClassDeclaration = formatOfAttribute;
  let assemblyFormat = "$input `,` $gradient `as` $format" # parameterFormat # [{
    attr-dict `:` custom<GradientTypes>(type($input), type($gradient), type($input_gradient),
                                        type($scale_gradient), type($zero_point_gradient))
  }];
  let hasVerifier = 1;
}

def Lowbit_RequantizeOp
    : Lowbit_Op<"requantize", [Pure, AttrSizedOperandSegments]> {
  let summary = "integers of one scale to integers of another";
  let description = [{
    Computes from an accumulator, or from the integers of another format

        clamp(round((x - input_zero_point) * multiplier) + zero_point)

    in one of two arithmetics, which differ in the last bit:

    - float (`scale`, rule N14 of docs/numerics.md): the difference is converted to f32,
      multiplied and rounded by `rounding`;
    - fixed point (`multiplier`, `shift`, rule N15): multiplier * 2^-shift in
      64-bit integers as TOSA 1.0 defines RESCALE, with `fixed_rounding` `single_round`
      or `double_round`.

    `axis` is the dimension that scales, or multipliers and shifts, run along;
    without it they have rank 0. The clamp is to the range of the result's
    format. In the region of a contraction all are scalars.

    ```mlir
    %q = lowbit.requantize %acc {axis = 1, scale = dense<[0.01, 0.02]> : tensor<2xf32>, zero_point = dense<3> : tensor<i32>}
        : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
    %f = lowbit.requantize %acc {multiplier = dense<1073741824> : tensor<i32>, shift = dense<36> : tensor<i8>,
        zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
    ```

    Constraints: (R1) operand and result have one shape. (R2) Either a scale is
    given, once, or a multiplier and a shift. (R3) Those have rank 0, or rank 1 and
    the elements of `axis`. (R4) Scales that are known are normal and positive, (R5) multipliers
    are not negative, and shifts in 2..62. (R6) The axis is a dimension. (R7)
    The result's zero point is given, once, per tensor, in its range. (R8) The result is per
    tensor. (R9) `fixed_rounding` goes with a multiplier and `rounding` with a scale. (R10)
    input_zero_point is in the range of the operand's integers, and (R11) is 0 for i32.
    (R12) The operand is not packed, nor is the result.
  }];
  let arguments = (ins AnyTypeOf<[Lowbit_Integers, Lowbit_Quantized]>:$input,
                       Optional<Lowbit_TensorScale>:$dynamic_scale,
                       Optional<Lowbit_ZeroPoints>:$dynamic_zero_point,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$multiplier,
                       OptionalAttr<ElementsAttr>:$shift,
                       OptionalAttr<ElementsAttr>:$zero_point,
                       DefaultValuedAttr<I32Attr, "0">:$input_zero_point,
                       OptionalAttr<I64Attr>:$axis,
                       Lowbit_Rounding:$rounding,
                       OptionalAttr<Lowbit_FixedRoundingModeAttr>:$fixed_rounding);
  let results = (outs Lowbit_Quantized:$output);
  let assemblyFormat = [{
    $input (`scale` `(` $dynamic_scale^ `:` type($dynamic_scale) `)`)?
    (`zero_point` `(` $dynamic_zero_point^ `:` type($dynamic_zero_point) `)`)?
    attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    bool isFixedPoint() { return bool(getMultiplierAttr()); }
  }];
}

def Lowbit_StorageCastOp : Lowbit_Op<"storage_cast", [Pure]> {
  let summary = "the same integers, with or without their format";
  let description = [{
    Between quantized values and the signless integers that store them. Bits are
    the same on both sides, and so are shapes, except that the dimension along
    which a format packs counts bytes.

    ```mlir
    %i = lowbit.storage_cast %q : tensor<4x!lowbit.affine<i8>> to tensor<4xi8>
    %p = lowbit.storage_cast %w : tensor<4x!lowbit.affine<i4, pack = 0>> to tensor<2xi8>
    ```

    Constraints: (S1) one side is quantized and the other is not. (S2) The
    integers are those that the format is stored in and (S3) the shapes fit.
    S4, which the interpreter checks when it runs: integers that become an
    `affine` format are in its range; others have no defined result.
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITQUANTIZATION_TD
