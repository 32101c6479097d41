//===- LowbitDialect.td - the lowbit dialect ------------------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_LOWBITDIALECT_TD
#define LOWBIT_DIALECT_LOWBIT_IR_LOWBITDIALECT_TD

include "mlir/IR/DialectBase.td"

def Lowbit_Dialect : Dialect {
  let name = "lowbit";
  let cppNamespace = "::lowbit";
  let summary = "quantized values, and the operations that make and observe them";
  let description = [{
    Types say the *format* of a quantized value (storage, range, axis).
    Scales and zero points are attributes or operands of the operations, so
    static and run-time parameters are one thing.

    Weights are `lowbit.parameter` symbols, whose bytes are in a safetensors
    store beside the module (module attribute `lowbit.store`).
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let extraClassDeclaration = [{
    /// Module attribute: the safetensors file of the parameters, relative to
    /// the folder of the module.
    static constexpr ::llvm::StringLiteral kStoreAttr = "lowbit.store";
    /// Operation attribute: the name of the value in the source model.
    static constexpr ::llvm::StringLiteral kIdAttr = "lowbit.id";
    /// Function argument and result attributes: name, and a symbol or size a
    /// dimension.
    static constexpr ::llvm::StringLiteral kNameAttr = "lowbit.name";
    static constexpr ::llvm::StringLiteral kDimsAttr = "lowbit.dims";
    /// The same, a unit: data files hold the signless integers as unsigned.
    static constexpr ::llvm::StringLiteral kUnsignedAttr = "lowbit.unsigned";
    /// Operation attribute: why the operation stayed float.
    static constexpr ::llvm::StringLiteral kFloatReasonAttr =
        "lowbit.float_reason";
    /// Operation attributes: the ids of the operations of the source model that
    /// this one computes on integers, and of those that are in its table.
    static constexpr ::llvm::StringLiteral kIntegersAttr = "lowbit.integers";
    static constexpr ::llvm::StringLiteral kTablesAttr = "lowbit.tables";
    /// Names of operations that computed the same.
    static constexpr ::llvm::StringLiteral kSameAttr = "lowbit.same";
    /// Operation attribute: the least and the greatest element that the result
    /// had on calibration data, two f64.
    static constexpr ::llvm::StringLiteral kRangeAttr = "lowbit.range";

    /// The folder that store paths are relative to. The tool that reads a
    /// module sets it; it is the working directory otherwise.
    void setStoreDirectory(::llvm::StringRef dir) { storeDirectory = dir.str(); }
    ::llvm::StringRef getStoreDirectory() const { return storeDirectory; }

    /// Called by initialize().
    void registerLowbitAttributes();
    void registerLowbitTypes();

  private:
    std::string storeDirectory;
  }];
}

#endif // LOWBIT_DIALECT_LOWBIT_IR_LOWBITDIALECT_TD
