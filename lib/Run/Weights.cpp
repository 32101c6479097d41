//===- Weights.cpp - the bytes of parameters ------------------------------===//
//
// Stored parameters are read in place. Values in the module (made by a pass,
// not yet written) are read in place too, except splats, which are spelled out.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Weights.h"
#include "lowbit/Codegen/CPU/PackWeights.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Run/Signature.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace lowbit {
llvm::Expected<std::unique_ptr<Weights>> Weights::open(ModuleOp module) {
  std::unique_ptr<Weights> weights(new Weights());
  weights->module = module;
  auto name = module->getAttrOfType<StringAttr>(LowbitDialect::kStoreAttr);
  if (!name)
    return weights;
  auto *dialect = module.getContext()->getOrLoadDialect<LowbitDialect>();
  SmallString<256> path(name.getValue());
  if (llvm::sys::path::is_relative(path)) {
    path = dialect->getStoreDirectory();
    llvm::sys::path::append(path, name.getValue());
  }
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  weights->store = std::move(*file);
  return weights;
}

llvm::Expected<ArrayRef<char>> Weights::get(StringRef name) {
  auto parameter = module.lookupSymbol<ParameterOp>(name);
  if (!parameter)
    return llvm::createStringError("no parameter is named '" + name + "'");
  auto type = cast<RankedTensorType>(parameter.getType());
  std::optional<DType> dtype = dtypeOf(type.getElementType());
  if (!dtype)
    return llvm::createStringError("parameter '" + name +
                                   "' has an element type that cannot be "
                                   "passed to compiled code");
  int64_t size = *byteCount(*dtype, type.getShape());

  ElementsAttr value = parameter.getValueAttr();
  if (!value) {
    if (!store)
      return llvm::createStringError(
          "parameter '" + name +
          "' has no value, and the module names no store (lowbit.store)");
    auto tensor = store->find(name);
    if (!tensor)
      return tensor.takeError();
    if (tensor->dtype != *dtype || tensor->shape != type.getShape())
      return llvm::createStringError(
          "parameter '" + name + "' is " + dtypeName(*dtype) +
          shapeString(type.getShape()) + " in the module and " +
          dtypeName(tensor->dtype) + shapeString(tensor->shape) + " in " +
          store->path());
    return tensor->data;
  }
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return llvm::createStringError("the resource of parameter '" + name +
                                     "' is missing from the module");
    bytes = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    bytes = dense.getRawData();
    if (dense.isSplat() && type.getNumElements() != 1) {
      auto buffer = AlignedBuffer::allocate(size);
      if (!buffer)
        return buffer.takeError();
      for (int64_t at = 0; at < size; at += bytes.size())
        std::copy(bytes.begin(), bytes.end(), buffer->data() + at);
      owned.push_back(std::move(*buffer));
      return ArrayRef<char>(owned.back().data(), size);
    }
  }
  if (int64_t(bytes.size()) != size)
    return llvm::createStringError(
        "the value of parameter '" + name + "' has " + Twine(bytes.size()) +
        " bytes, expected " + Twine(size));
  return bytes;
}

llvm::Expected<ArrayRef<char>> Weights::getPacked(StringRef name,
                                                  DictionaryAttr packing) {
  auto plain = get(name);
  if (!plain)
    return plain.takeError();
  int64_t size = packedByteSize(packing);
  auto buffer = AlignedBuffer::allocate(size);
  if (!buffer)
    return buffer.takeError();
  MutableArrayRef<char> packed(buffer->data(), size);
  if (failed(packParameter(packing, *plain, packed)))
    return llvm::createStringError("parameter '" + name +
                                   "' does not fit its packed layout");
  owned.push_back(std::move(*buffer));
  return ArrayRef<char>(packed.data(), packed.size());
}
} // namespace lowbit
