//===- WriteStore.cpp - parameters to a file ------------------------------===//
//
// In: parameters with their bytes in memory or in the old store. Out: a new
// store, and parameters that name its tensors. The old store stays mapped
// until the new one has taken its place, so that both may have one name.
// Refused: a parameter whose bytes cannot be read, a file that cannot be
// written; the module is then as it was.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Import/Passes.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_WRITESTORE
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

namespace {
struct WriteStore : lowbit::impl::WriteStoreBase<WriteStore> {
  using WriteStoreBase::WriteStoreBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (path.empty()) {
      module.emitError("lowbit-write-store needs the option 'path'");
      return signalPassFailure();
    }
    numDropped += eraseDeadParameters(module);
    ParameterReader reader(module);
    std::vector<TensorSource> tensors;
    // Bytes that had to be made must live until they are written.
    std::vector<ConstantBytes> kept;
    for (auto parameter : module.getOps<ParameterOp>()) {
      FailureOr<ConstantBytes> bytes = reader.read(parameter);
      if (failed(bytes))
        return signalPassFailure();
      tensors.push_back(TensorSource::fromBytes(
          parameter.getSymName(), *dtypeOf(bytes->type.getElementType()),
          bytes->type.getShape(), bytes->data));
      kept.push_back(std::move(*bytes));
    }
    numWritten += tensors.size();
    if (tensors.empty()) {
      module->removeAttr(LowbitDialect::kStoreAttr);
      return;
    }
    if (llvm::Error error = writeSafetensors(path, std::move(tensors))) {
      module.emitError(llvm::toString(std::move(error)));
      return signalPassFailure();
    }
    for (auto parameter : module.getOps<ParameterOp>())
      parameter.removeValueAttr();
    module->setAttr(
        LowbitDialect::kStoreAttr,
        StringAttr::get(&getContext(), llvm::sys::path::filename(path)));
    // The module belongs into the folder of its store from now on.
    getContext().getLoadedDialect<LowbitDialect>()->setStoreDirectory(
        llvm::sys::path::parent_path(path));
  }
};
} // namespace
