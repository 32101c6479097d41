//===- AssignIds.cpp - names for operations without one -------------------===//
//
// In: any module. Out: every linalg operation that computes a tensor, and every
// tensor operation that moves one, has a `lowbit.id` of its own; fills have
// none, for they are no value of the source model. Ids that are there stay.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_ASSIGNIDS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// True for an operation that makes a value of the source model.
static bool isNamedValue(Operation *op) {
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::PadOp,
          tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ConcatOp>(op))
    return true;
  return isa<linalg::LinalgOp>(op) && !isa<linalg::FillOp>(op) &&
         op->getNumResults() != 0;
}

namespace {
struct AssignIds : lowbit::impl::AssignIdsBase<AssignIds> {
  void runOnOperation() override {
    llvm::StringSet<> taken;
    getOperation().walk([&](Operation *op) {
      if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
        taken.insert(id.getValue());
    });
    llvm::StringMap<unsigned> ordinals;
    getOperation().walk([&](Operation *op) {
      if (!isNamedValue(op))
        return;
      StringRef kind = op->getName().stripDialect();
      unsigned ordinal = ordinals[kind]++;
      if (op->hasAttr(LowbitDialect::kIdAttr))
        return;
      std::string name = (kind + "_" + Twine(ordinal)).str();
      if (auto loc = dyn_cast<NameLoc>(op->getLoc()))
        name = loc.getName().str();
      std::string id = name;
      for (unsigned i = 1; !taken.insert(id).second; ++i)
        id = name + "#" + std::to_string(i);
      op->setAttr(LowbitDialect::kIdAttr, StringAttr::get(&getContext(), id));
      ++numAssigned;
    });
  }
};
} // namespace
