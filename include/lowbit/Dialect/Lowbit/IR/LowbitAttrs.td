//===- LowbitAttrs.td - what attributes say of formats --------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITATTRS_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITATTRS_TD

include "lowbit/Dialect/Lowbit/IR/LowbitDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------===//
// Which elements share parameters
//===----------------------------------------------------------------------===//

def Lowbit_GranularityAttr : AttrDef<Lowbit_Dialect, "Granularity"> {
  let mnemonic = "granularity";
  let summary = "which elements share a scale, and how a scale is stored";
  let description = [{
    - nothing: one scale for the tensor; parameters have rank 0;
    - `axis = 1`: one for each index of a dimension; parameters have rank 1;
    - `block = [1, 32]`: one for each block of that many elements, `*` being a
      whole dimension. Parameters have the rank of the tensor and
      ceil(size / block) elements in each dimension (1 for `*`): the last block
      may be shorter.

    `scale` is the element type of the scales: `f32` when it is not said,
    `f8E8M0FNU` for the MX formats, `f8E4M3FN` for NVFP4.

    Constraints: (G1) `axis` is not negative. (G2) `axis` and `block` exclude
    each other. (G3) A block has one element or more in each dimension. (G4)
    Scales are f32, f8E8M0FNU or f8E4M3FN.
  }];
  let parameters = (ins "std::optional<int64_t>":$axis,
                        ArrayRefParameter<"int64_t">:$block,
                        "::mlir::FloatType":$scale);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The size in `block` of a whole dimension.
    static constexpr int64_t kWhole = -1;
    /// f32 scales, per tensor or along an axis.
    static GranularityAttr get(::mlir::MLIRContext *context,
                               std::optional<int64_t> axis = std::nullopt);
    bool isPerTensor() const { return !getAxis() && getBlock().empty(); }
    bool isPerAxis() const { return getAxis().has_value(); }
    bool isBlockwise() const { return !getBlock().empty(); }
    /// Blocks of one element or a whole dimension: a scale for each row.
    bool isRows() const;
    /// The shape of the parameters of a tensor of this shape.
    ::llvm::SmallVector<int64_t>
    parameterShape(::llvm::ArrayRef<int64_t> shape) const;
    /// The fields without brackets, each after ", "; nothing for the default.
    void printFields(::mlir::AsmPrinter &printer) const;
  }];
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

def Lowbit_RoundingMode : I32EnumAttr<"RoundingMode", "how a real number becomes an integer", [
    I32EnumAttrCase<"HalfEven", 0, "half_even">,
    I32EnumAttrCase<"HalfAway", 1, "half_away">,
    I32EnumAttrCase<"HalfUp", 2, "half_up">,
    I32EnumAttrCase<"TowardZero", 3, "toward_zero">,
    I32EnumAttrCase<"Floor", 4, "floor">]> {
  let cppNamespace = "::lowbit";
  let genSpecializedAttr = 0;
}
def Lowbit_RoundingModeAttr
    : EnumAttr<Lowbit_Dialect, Lowbit_RoundingMode, "rounding"> {
  let assemblyFormat = "`<` $value `>`";
}

def Lowbit_FixedRoundingMode : I32EnumAttr<"FixedRoundingMode", "how fixed-point requantization rounds", [
    I32EnumAttrCase<"Single", 0, "single_round">,
    I32EnumAttrCase<"Double", 1, "double_round">]> {
  let cppNamespace = "::lowbit";
  let genSpecializedAttr = 0;
}
def Lowbit_FixedRoundingModeAttr
    : EnumAttr<Lowbit_Dialect, Lowbit_FixedRoundingMode, "fixed_rounding"> {
  let assemblyFormat = "`<` $value `>`";
}

//===----------------------------------------------------------------------===//
// Layout of packed operands
//===----------------------------------------------------------------------===//

def Lowbit_PanelsAttr : AttrDef<Lowbit_Dialect, "Panels"> {
  let mnemonic = "panels";
  let summary = "the layout of a packed right-hand side";
  let description = [{
    Columns are the dimensions of the right-hand side that the result has and the
    left-hand side has not, together of size N; depth are those that are
    summed over, likewise K; batch is the rest. Columns come in panels of `columns`,
    depth in groups of `group`, which is what one lane of a dot product reads. Several
    columns or depths become one dimension in the order of their loops, the last one
    fastest:

        [batch..., ceil(N / columns), ceil(K / group), columns, group]

    and zero where N or K does not fill it.

    ```mlir
    #lowbit.panels<columns = 64, group = 4>
    ```

    Constraint: (L1) both sizes are positive.
  }];
  let parameters = (ins "int64_t":$columns, "int64_t":$group);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITATTRS_TD
