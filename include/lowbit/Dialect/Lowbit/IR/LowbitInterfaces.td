//===- LowbitInterfaces.td - formats, and operations that have one --------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITINTERFACES_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITINTERFACES_TD

include "mlir/IR/OpBase.td"

def Lowbit_QuantizedTypeInterface : TypeInterface<"QuantizedTypeInterface"> {
  let cppNamespace = "::lowbit";
  let description = [{ What all formats of quantized values have. }];
  let methods = [
    InterfaceMethod<"Bits of one element.", "unsigned", "getStorageWidth">,
    InterfaceMethod<"Which elements share parameters.",
                    "::lowbit::GranularityAttr", "getGranularity">,
    InterfaceMethod<"The dimension along which elements are packed into bytes.",
                    "std::optional<int64_t>", "getPack">,
    InterfaceMethod<"Whether the format has zero points.", "bool",
                    "hasZeroPoint">,
  ];
  let extraSharedClassDeclaration = [{
    /// The signless integer of the element's width.
    ::mlir::IntegerType getPlainStorage() const {
      return ::mlir::IntegerType::get($_type.getContext(),
                                      $_type.getStorageWidth());
    }
    /// The shape of the plain tensor that stores a tensor of this shape:
    /// the packed dimension counts bytes.
    ::llvm::SmallVector<int64_t>
    getStorageShape(::llvm::ArrayRef<int64_t> shape) const {
      return ::lowbit::detail::storageShape(shape, $_type.getPack(),
                                            $_type.getStorageWidth());
    }
    /// The element type of that plain tensor: bytes when packed.
    ::mlir::IntegerType getStorageElement() const {
      return $_type.getPack() ? ::mlir::IntegerType::get($_type.getContext(), 8)
                              : getPlainStorage();
    }
  }];
}

def Lowbit_QuantizationOpInterface : OpInterface<"QuantizationOpInterface"> {
  let cppNamespace = "::lowbit";
  let description = [{
    A quantize, dequantize, fake_quant or fake_quant_grad: an operation with
    one format and its parameters, each an attribute or an operand.
  }];
  let methods = [
    InterfaceMethod<"The format.", "::lowbit::QuantizedTypeInterface",
                    "getQuantizedFormat">,
    InterfaceMethod<"The type of the value that the parameters are spread over.",
                    "::mlir::Type", "getParameterizedType">,
    InterfaceMethod<"The scales that are known.", "::mlir::ElementsAttr", "getScaleAttr">,
    InterfaceMethod<"The zero points that are known.", "::mlir::ElementsAttr",
                    "getZeroPointAttr">,
    InterfaceMethod<"The scale of the tensor that is known.", "::mlir::ElementsAttr",
                    "getTensorScaleAttr">,
    InterfaceMethod<"The scales of the run.", "::mlir::Value", "getDynamicScale">,
    InterfaceMethod<"The zero points of the run.", "::mlir::Value",
                    "getDynamicZeroPoint">,
    InterfaceMethod<"The scale of the tensor of the run.", "::mlir::Value",
                    "getDynamicTensorScale">,
  ];
  let verify = [{ return ::lowbit::detail::verifyParameters($_op); }];
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITINTERFACES_TD
