//===- Ids.cpp - names of values ------------------------------------------===//
//
// Every operation that makes a tensor has one, but for what is no computation
// of the source model: constants and parameters, fills, empty tensors and those
// put together from scalars, views of the same elements (casts), observers, and
// arithmetic on shapes, which is on scalars and on tensors of indices.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Ids.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

bool lowbit::isNamedValue(Operation *op) {
  if (op->getNumResults() == 0 || op->hasTrait<OpTrait::ConstantLike>() ||
      isa<GetParameterOp, linalg::FillOp, tensor::EmptyOp, tensor::SplatOp,
          tensor::FromElementsOp, tensor::CastOp, StorageCastOp, ObserveOp>(op))
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && !type.getElementType().isIndex();
}

StringRef lowbit::nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nameOf(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = nameOf(part); !name.empty())
        return name;
  return "";
}

IdNames::IdNames(Operation *root) {
  root->walk([&](Operation *op) {
    if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
      taken.insert(id.getValue());
  });
}

std::string IdNames::unique(StringRef name) {
  std::string id = name.str();
  for (unsigned i = 1; !taken.insert(id).second; ++i)
    id = (name + "#" + Twine(i)).str();
  return id;
}

void lowbit::nameParts(StringRef id, ArrayRef<Operation *> made,
                       IdNames &names) {
  SmallVector<Operation *> values = llvm::filter_to_vector(
      made, [](Operation *op) { return isNamedValue(op); });
  for (Operation *op : values) {
    if (op->hasAttr(LowbitDialect::kIdAttr))
      continue;
    std::string name = id.str();
    if (op != values.back())
      name = names.unique((id + "/" + op->getName().stripDialect()).str());
    op->setAttr(LowbitDialect::kIdAttr,
                StringAttr::get(op->getContext(), name));
  }
}
