//===- LowbitOps.td - operations of the lowbit dialect --------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD

include "lowbit/Dialect/Lowbit/IR/LowbitContraction.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Lowbit_TensorOrBuffer : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

//===----------------------------------------------------------------------===//
// Observation
//===----------------------------------------------------------------------===//

def Lowbit_ObserveOp : Lowbit_Op<"observe", [
    AlwaysSpeculatable, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    AllTypesMatch<["input", "output"]>]> {
  let summary = "marks a value that its readers could take quantized";
  let description = [{
    Returns its operand. Phase 2 inserts it and writes the statistics on it
    (`count` values seen, `min`, `max`); phase 3 writes the choice (`format`, `scale`,
    `zero_point`); phase 4 replaces it by `quantize` and `dequantize`, or by
    nothing when no format was chosen. A chosen `format` without `scale` means
    that the parameters are found at run time.

    - `id`: the value's name in the source model;
    - `role`: `activation`, `weight` (a constant operand of a contraction),
      `table` (a constant that look-ups read), `border` (read by other
      operations that work on integers) or `value` (observed for the
      calibration table; nothing reads it quantized, so nothing needs its
      result, and it stays all the same);
    - `wide`: a border that additions and the like read, whose errors add up;
    - `axis`: the channel dimension of a weight or a table; of an activation or
      a value the dimension that statistics are kept for each index of;
    - `rows`: whole rows along the last dimension are kept of what a softmax
      reads (`logits`) or makes (`probabilities`).

    Constraints: (O1) the role is one of the five. (O2) The axis is a
    dimension. (O3) min and max come together and (O4) in order. (O5) scale and
    zero_point come with a format, (O6) which is quantized. (O7) rows are
    `logits` or `probabilities`, (O8) of a value that is no constant and has a
    last dimension. (O9) The role `value` has no format. (O10) The axis of a
    value that is no constant has a size that is known. (O11) Only a border is
    wide.
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, StrAttr:$id, StrAttr:$role,
                       UnitAttr:$wide,
                       OptionalAttr<I64Attr>:$axis,
                       OptionalAttr<StrAttr>:$rows,
                       OptionalAttr<I64Attr>:$count,
                       OptionalAttr<F32Attr>:$min, OptionalAttr<F32Attr>:$max,
                       OptionalAttr<TypeAttr>:$format,
                       OptionalAttr<ElementsAttr>:$scale,
                       OptionalAttr<ElementsAttr>:$zero_point);
  let results = (outs RankedTensorOf<[F32]>:$output);
  let assemblyFormat = "$input $role $id attr-dict `:` type($input)";
  let extraClassDeclaration = [{
    bool isActivation() { return getRole() == "activation"; }
    bool isBorder() { return getRole() == "border"; }
    bool isConstant() { return getRole() == "weight" || getRole() == "table"; }
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
    symbol's name, or, until the module is written, in `value`. (W1) The value
    has the parameter's type; (W2) a reader names a parameter, (W3) and its type.

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
    Readers clamp the index, so that memory stays safe in either case. (I1)
    Indices are integers. (I2) The interval is not empty.

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

def Lowbit_CheckSizeOp : Lowbit_Op<"check_size", [MemoryEffects<[MemWrite]>]> {
  let summary = "ends the run when a size is not what it has to be";
  let description = [{
    Unlike with `check_range`, nothing that follows runs when the sizes differ:
    accesses that the sizes bound would leave their memory. Not inside of loops
    that run in parallel.

    ```mlir
    lowbit.check_size %found, %expected "dimension 0 of the right-hand side"
    ```
  }];
  let arguments = (ins Index:$found, Index:$expected, StrAttr:$message);
  let assemblyFormat = "$found `,` $expected $message attr-dict";
  let hasCanonicalizeMethod = 1;
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITOPS_TD
