//===- Parameters.cpp - packed arguments for parameters -------------------===//
//
// Before: B is an argument with lowbit.parameter = "w", or a view of one.
// After: a further argument, memref<SIZExi8> or memref<SIZExf32>, with the same
// lowbit.parameter and, in lowbit.packing, how it is packed (PackWeights.h).
//
//===----------------------------------------------------------------------===//
#include "Parameters.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace lowbit {

/// [size, stride, ...] of loops over B; nothing when one is not known.
static std::optional<SmallVector<int64_t>> extents(ArrayRef<Loop> loops) {
  SmallVector<int64_t> result;
  for (const Loop &loop : loops) {
    std::optional<int64_t> size = constant(loop.size);
    std::optional<int64_t> stride = constant(loop.b);
    if (!size || !stride)
      return std::nullopt;
    result.append({*size, *stride});
  }
  return result;
}

static DictionaryAttr packingOf(KernelBuilder &b, const Nest &nest,
                                const DotProduct &dot, const Panels &panels) {
  SmallVector<Loop> outer(nest.batch);
  outer.append(nest.columns);
  auto batch = extents(outer), column = extents(nest.column);
  auto segments = extents(nest.segments), depth = extents(nest.depth);
  std::optional<int64_t> offset = constant(nest.b.offset);
  if (!batch || !column || !segments || !depth || !offset)
    return nullptr;
  return b.getDictionaryAttr({
      b.getNamedAttr("batch", b.getDenseI64ArrayAttr(*batch)),
      b.getNamedAttr("column", b.getDenseI64ArrayAttr(*column)),
      b.getNamedAttr("corrections", b.getBoolAttr(dot.biasesRows())),
      b.getNamedAttr("depth", b.getDenseI64ArrayAttr(*depth)),
      b.getNamedAttr("element", TypeAttr::get(dot.columnElement())),
      b.getNamedAttr("group", b.getI64IntegerAttr(dot.group)),
      b.getNamedAttr("offset", b.getI64IntegerAttr(*offset)),
      b.getNamedAttr("segments", b.getDenseI64ArrayAttr(*segments)),
      b.getNamedAttr("width", b.getI64IntegerAttr(panels.width)),
  });
}

Value PackedParameters::find(KernelBuilder &b, const Match &match,
                             const Nest &nest, const DotProduct &dot,
                             const Panels &panels) {
  Value root = match.b;
  while (auto view = root.getDefiningOp<ViewLikeOpInterface>())
    root = view.getViewSource();
  auto argument = dyn_cast<BlockArgument>(root);
  auto func = match.op->getParentOfType<func::FuncOp>();
  if (!argument || !func || func.getSymName() != "main" ||
      argument.getOwner() != &func.getBody().front())
    return nullptr;
  unsigned number = argument.getArgNumber();
  auto name = func.getArgAttrOfType<StringAttr>(number, "lowbit.parameter");
  auto type = dyn_cast<MemRefType>(argument.getType());
  if (!name || !type || !type.hasStaticShape() ||
      !type.getLayout().isIdentity() ||
      func.getArgAttr(number, "lowbit.packing"))
    return nullptr;
  DictionaryAttr packing = packingOf(b, nest, dot, panels);
  std::optional<int64_t> total = constant(panels.total(b, nest));
  if (!packing || !total)
    return nullptr;

  Value &known = this->known[{func, {name, packing}}];
  if (known)
    return known;
  auto packedType = MemRefType::get({*total}, dot.columnElement());
  auto attributes =
      b.getDictionaryAttr({b.getNamedAttr("lowbit.packing", packing),
                           b.getNamedAttr("lowbit.parameter", name)});
  unsigned last = func.getNumArguments();
  if (failed(
          func.insertArgument(last, packedType, attributes, argument.getLoc())))
    return nullptr;
  return known = func.getArgument(last);
}

} // namespace lowbit
