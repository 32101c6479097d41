//===- Weights.cpp - the bytes of parameters ------------------------------===//
//
// Plain parameters are read where they are; packed ones are copies.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Weights.h"
#include "lowbit/Codegen/CPU/PackWeights.h"

using namespace mlir;

llvm::Expected<ArrayRef<char>> lowbit::Weights::get(StringRef name) {
  auto known = read.find(name.str());
  if (known != read.end())
    return known->second.data;
  auto parameter = module.lookupSymbol<ParameterOp>(name);
  if (!parameter)
    return llvm::createStringError("no parameter is named '" + name + "'");
  FailureOr<ConstantBytes> bytes = reader.read(parameter);
  if (failed(bytes))
    return llvm::createStringError("");
  return read.emplace(name.str(), *bytes).first->second.data;
}

llvm::Expected<ArrayRef<char>>
lowbit::Weights::getPacked(StringRef name, DictionaryAttr packing) {
  auto plain = get(name);
  if (!plain)
    return plain.takeError();
  auto buffer = AlignedBuffer::allocate(packedByteSize(packing));
  if (!buffer)
    return buffer.takeError();
  MutableArrayRef<char> bytes(buffer->data(), buffer->size());
  if (llvm::Error error = packParameter(packing, *plain, bytes))
    return llvm::createStringError("parameter '" + name +
                                   "': " + llvm::toString(std::move(error)));
  packed.push_back(std::move(*buffer));
  return ArrayRef<char>(bytes.data(), bytes.size());
}

llvm::Error lowbit::Weights::repack(DictionaryAttr packing,
                                    ArrayRef<char> source,
                                    ArrayRef<char> destination) {
  for (AlignedBuffer &buffer : packed)
    if (buffer.data() == destination.data())
      return packParameter(packing, source,
                           {buffer.data(), destination.size()});
  return llvm::createStringError("the packed bytes are of another model");
}
