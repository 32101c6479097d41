//===- LowbitTypes.td - formats of quantized values -----------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD

include "lowbit/Dialect/Lowbit/IR/LowbitAttrs.td"
include "lowbit/Dialect/Lowbit/IR/LowbitInterfaces.td"

class Lowbit_QuantizedType<string name, string typeMnemonic>
    : TypeDef<Lowbit_Dialect, name,
              [DeclareTypeInterfaceMethods<Lowbit_QuantizedTypeInterface>]> {
  let mnemonic = typeMnemonic;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  code sharedDoc = [{
    - axis, block, scale: which elements share parameters, see
      `#lowbit.granularity`;
    - pack: the dimension along which the elements are stored without padding:
      element i of `w` bits is in the bits [i*w, i*w + w) of its row, the lowest
      bits of a byte first (rule N24 of docs/numerics.md). Without it an element of w bits
      is an `iw`.
  }];
}

def Lowbit_AffineType : Lowbit_QuantizedType<"Affine", "affine"> {
  let summary = "an integer q that stands for (q - zero point) * scale";
  let description = [{
    The element type of a quantized tensor. It says how the integers are
    stored and which of them occur; the scale and the zero point belong to the
    operations that make and read the value.

    - storage: `i2` .. `i16` (signed) or `ui2` .. `ui16`;
    - range: the smallest and the largest integer that occurs. It is printed
      when it is not the whole range of the storage. `-127:127` on `i8` is the
      symmetric narrow range of weights;
  }] # sharedDoc # [{

    ```mlir
    tensor<1x128x384x!lowbit.affine<i8>>
    tensor<384x1536x!lowbit.affine<i8, -127:127, axis = 1>>
    tensor<4096x4096x!lowbit.affine<i4, -7:7, block = [32, 1], pack = 0>>
    ```

    Constraints: (T1) the storage has 2 to 16 bits and (T2) is signless or
    unsigned. (T3) The range is not empty and (T4) fits the storage. (T5) `pack`
    is not negative and the element is narrower than a byte.
  }];
  let parameters = (ins "::mlir::IntegerType":$storage, "int64_t":$min,
                        "int64_t":$max, "::lowbit::GranularityAttr":$granularity,
                        "std::optional<int64_t>":$pack);
  let builders = [TypeBuilderWithInferredContext<(ins "::mlir::IntegerType":$storage,
                                   "int64_t":$min, "int64_t":$max,
                                   "std::optional<int64_t>":$axis)>];
  let extraClassDeclaration = [{
    /// The whole range of the storage type.
    static std::pair<int64_t, int64_t> fullRange(::mlir::IntegerType storage);
    /// A per-tensor type over the whole range of `storage`.
    static AffineType getFull(::mlir::IntegerType storage);
    bool isSigned() const { return !getStorage().isUnsigned(); }
    bool isPerTensor() const { return getGranularity().isPerTensor(); }
    bool isPerAxis() const { return getGranularity().isPerAxis(); }
    bool isBlockwise() const { return getGranularity().isBlockwise(); }
    bool isRows() const { return getGranularity().isRows(); }
    std::optional<int64_t> getAxis() const { return getGranularity().getAxis(); }
    /// The same format along another axis, or per tensor; not for blocks.
    AffineType withAxis(std::optional<int64_t> axis) const;
    /// The same format with other blocks.
    AffineType withBlocks(::llvm::ArrayRef<int64_t> blocks) const;
  }];
}

def Lowbit_SmallFloatType : Lowbit_QuantizedType<"SmallFloat", "float"> {
  let summary = "a small float f that stands for f * scale";
  let description = [{
    - element: `f8E4M3FN`, `f8E5M2`, `f6E3M2FN`, `f6E2M3FN` or `f4E2M1FN`;
  }] # sharedDoc # [{

    With a block and scales of `f8E8M0FNU` these are the MX formats. NVFP4 is
    `f4E2M1FN` with blocks of 16 and scales of `f8E4M3FN`; its operations have a
    `tensor_scale` too.

    ```mlir
    tensor<128x384x!lowbit.float<f8E4M3FN>>
    tensor<384x1536x!lowbit.float<f4E2M1FN, block = [32, 1], scale = f8E8M0FNU, pack = 0>>
    tensor<384x1536x!lowbit.float<f4E2M1FN, block = [16, 1], scale = f8E4M3FN, pack = 0>>
    ```

    Constraints: (T6) the element is one of the five. (T5) as for `affine`.
  }];
  let parameters = (ins "::mlir::FloatType":$element,
                        "::lowbit::GranularityAttr":$granularity,
                        "std::optional<int64_t>":$pack);
}

def Lowbit_CodebookType : Lowbit_QuantizedType<"Codebook", "codebook"> {
  let summary = "an index i that stands for values[i] * scale";
  let description = [{
    - values: `nf4`, the 16 values of 4-bit NormalFloat, or a list of 4, 8, 16,
      ..., 256 floats in ascending order;
  }] # sharedDoc # [{

    ```mlir
    tensor<4096x4096x!lowbit.codebook<nf4, block = [64, 1], pack = 0>>
    tensor<16x!lowbit.codebook<[-1.0, -0.25, 0.25, 1.0]>>
    ```

    Constraints: (T7) there are 2^w values, w from 2 to 8. (T8) They are finite
    and ascend. (T5) as for `affine`.
  }];
  let parameters = (ins "::mlir::DenseF32ArrayAttr":$values,
                        "::lowbit::GranularityAttr":$granularity,
                        "std::optional<int64_t>":$pack);
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITTYPES_TD
