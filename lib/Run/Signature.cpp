//===- Signature.cpp - what a model takes and gives -----------------------===//
//
// Reads the entry function's type and its lowbit.name, lowbit.dims and
// lowbit.unsigned attributes.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Signature.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Run/IndexInputs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace lowbit {
static llvm::Expected<InputSpec> describe(Type type, DictionaryAttr attributes,
                                          const Twine &position,
                                          const Twine &fallbackName) {
  InputSpec spec;
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<DType> dtype =
      tensor ? dtypeOf(tensor.getElementType()) : std::nullopt;
  if (!dtype) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError(position + " has type " + text +
                                   "; what can be passed are ranked tensors of "
                                   "i1, i8, i16, i32, i64 (also "
                                   "si and ui), f16, bf16, f32 and f64");
  }
  spec.dtype = *dtype;
  for (int64_t size : tensor.getShape())
    spec.shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
  spec.name = fallbackName.str();
  if (!attributes)
    return spec;
  if (attributes.contains(LowbitDialect::kUnsignedAttr))
    if (auto integer = dyn_cast<IntegerType>(tensor.getElementType()))
      spec.dtype =
          dtypeOf(IntegerType::get(integer.getContext(), integer.getWidth(),
                                   IntegerType::Unsigned))
              .value_or(spec.dtype);
  if (auto name = attributes.getAs<StringAttr>(LowbitDialect::kNameAttr))
    spec.name = name.str();
  if (auto dims = attributes.getAs<ArrayAttr>(LowbitDialect::kDimsAttr);
      dims && dims.size() == spec.shape.size())
    for (auto [size, dim] : llvm::zip(spec.shape, dims)) {
      auto symbol = dyn_cast<StringAttr>(dim);
      spec.symbols.push_back(size < 0 && symbol ? symbol.str() : "");
    }
  return spec;
}

llvm::Expected<Signature> getSignature(func::FuncOp entry) {
  Signature signature;
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    if (entry.getArgAttr(index, "lowbit.parameter"))
      continue;
    auto spec = describe(type, entry.getArgAttrDict(index),
                         "argument " + Twine(index), "arg" + Twine(index));
    if (!spec)
      return spec.takeError();
    bool isNamed = bool(entry.getArgAttr(index, LowbitDialect::kNameAttr));
    signature.takesSmallIntegers.push_back(
        (isNamed && spec->dtype == DType::I64) ||
        (!entry.isExternal() && isUsedAsIndex(entry.getArgument(index))));
    signature.inputs.push_back(std::move(*spec));
  }
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes())) {
    auto spec = describe(type, entry.getResultAttrDict(index),
                         "result " + Twine(index), "out" + Twine(index));
    if (!spec)
      return spec.takeError();
    signature.outputs.push_back(std::move(*spec));
  }
  return signature;
}

static llvm::json::Array toJSON(ArrayRef<InputSpec> specs) {
  llvm::json::Array result;
  for (const InputSpec &spec : specs) {
    llvm::json::Array shape, dims;
    for (auto [index, size] : llvm::enumerate(spec.shape)) {
      bool hasSymbol =
          index < spec.symbols.size() && !spec.symbols[index].empty();
      shape.push_back(size < 0 ? llvm::json::Value(nullptr)
                               : llvm::json::Value(size));
      dims.push_back(hasSymbol ? spec.symbols[index]
                               : (size < 0 ? "?" : std::to_string(size)));
    }
    result.push_back(llvm::json::Object{{"name", spec.name},
                                        {"dtype", dtypeName(spec.dtype).str()},
                                        {"shape", std::move(shape)},
                                        {"dims", std::move(dims)}});
  }
  return result;
}

llvm::json::Value toJSON(const Signature &signature) {
  return llvm::json::Object{{"inputs", toJSON(signature.inputs)},
                            {"outputs", toJSON(signature.outputs)}};
}
} // namespace lowbit
