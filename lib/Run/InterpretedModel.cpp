//===- InterpretedModel.cpp - a model that the interpreter runs -----------===//
//
// Arrays to tensors and back: their bytes are the same.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/InterpretedModel.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Run/Program.h"

using namespace mlir;

namespace lowbit {
llvm::Expected<std::unique_ptr<InterpretedModel>>
InterpretedModel::create(OwningOpRef<ModuleOp> module) {
  FailureOr<func::FuncOp> entry = findMain(*module);
  if (failed(entry))
    return reported();
  auto signature = getSignature(*entry);
  if (!signature)
    return signature.takeError();
  std::unique_ptr<InterpretedModel> model(
      new InterpretedModel(std::move(module)));
  model->entry = *entry;
  model->modelSignature = std::move(*signature);
  return model;
}

static llvm::Expected<NpyArray> toArray(const interpreter::Tensor &tensor) {
  auto array = NpyArray::create(*dtypeOf(tensor.elementType()), tensor.shape());
  if (array)
    llvm::copy(tensor.bytes(), array->data());
  return array;
}

llvm::Expected<std::vector<NpyArray>>
InterpretedModel::run(ArrayRef<const NpyArray *> inputs) {
  std::vector<interpreter::Tensor> tensors;
  for (auto [array, type] : llvm::zip_equal(inputs, entry.getArgumentTypes()))
    tensors.push_back(interpreter::Tensor::view(getElementTypeOrSelf(type),
                                                array->shape, array->bytes()));
  llvm::Error failure = llvm::Error::success();
  interpreter::Hooks hooks;
  hooks.onValue = [&](StringRef id, const interpreter::Tensor &tensor) {
    if (!onValue || failure || !tensor.elementType().isF32())
      return;
    failure = onValue({id, DType::F32, tensor.shape(), tensor.bytes().data()});
  };
  auto results = interpreter.run(entry.getName(), tensors, hooks);
  if (failure)
    return std::move(failure);
  if (failed(results))
    return reported();
  std::vector<NpyArray> outputs;
  for (const interpreter::Tensor &tensor : *results) {
    auto array = toArray(tensor);
    if (!array)
      return array.takeError();
    outputs.push_back(std::move(*array));
  }
  return outputs;
}
} // namespace lowbit
