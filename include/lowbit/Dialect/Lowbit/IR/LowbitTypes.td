//===- LowbitTypes.td - formats of quantized values -----------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD

include "lowbit/Dialect/Lowbit/IR/LowbitDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Lowbit_AffineType : TypeDef<Lowbit_Dialect, "Affine"> {
  let mnemonic = "affine";
  let summary = "an integer q that stands for (q - zero point) * scale";
  let description = [{
    The element type of a quantized tensor. It says how the integers are
    stored and which of them occur; the scale and the zero point belong to the
    operations that make and read the value.

    - storage: `i2` .. `i16` (signed) or `ui2` .. `ui16`;
    - range: the smallest and the largest integer that occurs. It is printed
      when it is not the whole range of the storage. `-127:127` on `i8` is the
      symmetric narrow range of weights;
    - axis: the dimension along which each index has a scale and a zero point
      of its own. Without it there is one of each for the whole tensor.

    ```mlir
    tensor<1x128x384x!lowbit.affine<i8>>
    tensor<384x1536x!lowbit.affine<i8, -127:127, axis = 1>>
    ```
  }];
  let parameters = (ins "::mlir::IntegerType":$storage, "int64_t":$min,
                        "int64_t":$max, "std::optional<int64_t>":$axis);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The whole range of the storage type.
    static std::pair<int64_t, int64_t> fullRange(::mlir::IntegerType storage);
    /// A per-tensor type over the whole range of `storage`.
    static AffineType getFull(::mlir::IntegerType storage);
    bool isSigned() const { return !getStorage().isUnsigned(); }
    bool isPerAxis() const { return getAxis().has_value(); }
    /// The signless integer type of the same width: what linalg computes on.
    ::mlir::IntegerType getPlainStorage() const;
    /// The same format along another axis, or per tensor.
    AffineType withAxis(std::optional<int64_t> axis) const;
  }];
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD
