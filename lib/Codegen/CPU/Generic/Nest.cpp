//===- Nest.cpp - a linalg.generic as loops and accesses ------------------===//
//
// See Nest.h.
//
//===----------------------------------------------------------------------===//
#include "Nest.h"

using namespace mlir;

namespace lowbit::generic {

bool Access::dependsOn(unsigned loop) const {
  return llvm::any_of(
      indices, [&](AffineExpr expr) { return expr.isFunctionOfDim(loop); });
}

int Access::plainPosition(unsigned loop) const {
  for (auto [i, expr] : llvm::enumerate(indices))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      if (dim.getPosition() == loop)
        return i;
  return -1;
}

bool Access::isCompoundIn(unsigned loop) const {
  unsigned plain = 0, other = 0;
  for (AffineExpr expr : indices)
    if (expr.isFunctionOfDim(loop))
      ++(isa<AffineDimExpr>(expr) ? plain : other);
  return other > 0 || plain > 1;
}

bool Nest::hasReduction() const {
  return llvm::any_of(loops, [](const Loop &loop) { return loop.reduction; });
}

SmallVector<unsigned> Nest::liveLoops() const {
  SmallVector<unsigned> live;
  for (auto [i, loop] : llvm::enumerate(loops))
    if (!loop.dead)
      live.push_back(i);
  return live;
}

int64_t Nest::iterations() const {
  int64_t product = 1;
  for (const Loop &loop : loops) {
    if (ShapedType::isDynamic(loop.size))
      return ShapedType::kDynamic;
    product *= loop.size;
  }
  return product;
}

static LogicalResult findExtents(RewriterBase &builder, Nest &nest) {
  Location loc = nest.op.getLoc();
  for (auto [i, loop] : llvm::enumerate(nest.loops)) {
    Value source;
    int position = -1;
    for (ArrayRef<Access> accesses :
         {ArrayRef(nest.outputs), ArrayRef(nest.inputs)})
      for (const Access &access : accesses) {
        int p = access.plainPosition(i);
        if (p < 0)
          continue;
        int64_t size = access.type().getDimSize(p);
        if (!source || (ShapedType::isDynamic(loop.size) &&
                        !ShapedType::isDynamic(size))) {
          source = access.buffer;
          position = p;
          loop.size = size;
        }
      }
    if (!source)
      return failure();
    loop.extent =
        ShapedType::isDynamic(loop.size)
            ? memref::DimOp::create(builder, loc, source, position).getResult()
            : arith::ConstantIndexOp::create(builder, loc, loop.size)
                  .getResult();
  }
  return success();
}

FailureOr<Nest> buildNest(RewriterBase &builder, linalg::GenericOp op) {
  Nest nest;
  nest.op = op;
  nest.order = reductionOrder(op);
  for (utils::IteratorType type : op.getIteratorTypesArray()) {
    Loop loop;
    loop.reduction = type == utils::IteratorType::reduction;
    if (!loop.reduction && type != utils::IteratorType::parallel)
      return builder.notifyMatchFailure(op, "unknown iterator type");
    nest.loops.push_back(loop);
  }
  nest.lastLoop = nest.loops.empty() ? 0 : nest.loops.size() - 1;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<ShapedType>(operand.get().getType())) {
      nest.scalars.push_back(
          {op.getMatchingBlockArgument(&operand), operand.get()});
      continue;
    }
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      return builder.notifyMatchFailure(op, "an operand is not a memref");
    int64_t offset;
    SmallVector<int64_t> strides;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return builder.notifyMatchFailure(op, "an operand is not strided");
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumSymbols() != 0)
      return builder.notifyMatchFailure(op, "an indexing map has symbols");
    Access access;
    access.buffer = operand.get();
    access.indices.assign(map.getResults().begin(), map.getResults().end());
    access.element = op.getMatchingBlockArgument(&operand);
    access.used = !access.element.use_empty();
    (op.isDpsInit(&operand) ? nest.outputs : nest.inputs).push_back(access);
  }
  if (failed(findExtents(builder, nest)))
    return builder.notifyMatchFailure(op,
                                      "a loop's extent is not an operand's");
  llvm::erase_if(nest.inputs, [](const Access &a) { return !a.used; });
  return nest;
}

/// Makes `access` read through `groups` of its dimensions; the index of a group
/// is `indices`. False when the layout does not allow it.
static bool collapseAccess(RewriterBase &builder, Access &access,
                           ArrayRef<ReassociationIndices> groups,
                           ArrayRef<AffineExpr> indices, bool dryRun) {
  if (!memref::CollapseShapeOp::isGuaranteedCollapsible(access.type(), groups))
    return false;
  if (dryRun)
    return true;
  access.buffer = memref::CollapseShapeOp::create(
      builder, access.buffer.getLoc(), access.buffer, groups);
  access.indices.assign(indices.begin(), indices.end());
  return true;
}

/// memref<1x128x1xf32>[0, d0, 0] ==> memref<128xf32>[d0].
static void dropUnitDims(RewriterBase &builder, Access &access) {
  MemRefType type = access.type();
  SmallVector<ReassociationIndices> groups;
  SmallVector<AffineExpr> indices;
  ReassociationIndices leading;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (size != 1) {
      groups.push_back(std::exchange(leading, {}));
      groups.back().push_back(i);
      indices.push_back(access.indices[i]);
    } else if (groups.empty()) {
      leading.push_back(i);
    } else {
      groups.back().push_back(i);
    }
  }
  if (indices.size() != access.indices.size())
    collapseAccess(builder, access, groups, indices, /*dryRun=*/false);
}

/// Merges the dimensions of loops `a` and `b` in `access`.
static bool mergeInAccess(RewriterBase &builder, const Nest &nest,
                          Access &access, unsigned a, unsigned b, bool dryRun) {
  if (!access.dependsOn(a) && !access.dependsOn(b))
    return true;
  int p = access.plainPosition(a);
  if (p < 0 || access.plainPosition(b) != p + 1 || access.isCompoundIn(a) ||
      access.isCompoundIn(b))
    return false;
  // A window of one element leaves a plain index that may not run over the
  // whole dimension.
  int64_t size = access.type().getDimSize(p + 1);
  if (nest.hasWindows &&
      (ShapedType::isDynamic(size) || size != nest.loops[b].size))
    return false;
  SmallVector<ReassociationIndices> groups;
  SmallVector<AffineExpr> indices;
  for (int i = 0, e = access.indices.size(); i < e; ++i) {
    if (i == p + 1) {
      groups.back().push_back(i);
      continue;
    }
    groups.push_back({i});
    indices.push_back(access.indices[i]);
  }
  return collapseAccess(builder, access, groups, indices, dryRun);
}

static bool bodyReadsIndex(Nest &nest, unsigned loop) {
  return llvm::any_of(nest.body().getOps<linalg::IndexOp>(),
                      [&](linalg::IndexOp op) { return op.getDim() == loop; });
}

/// Reductions a and b are neighbours: no live reduction runs between them.
static bool areNeighbours(Nest &nest, unsigned a, unsigned b) {
  if (b < a)
    return false;
  for (unsigned i = a + 1; i < b; ++i)
    if (nest.loops[i].reduction && !nest.loops[i].dead)
      return false;
  return true;
}

/// Loops a and b, merged into one, reduce in the same order.
static bool keepsOrder(Nest &nest, unsigned a, unsigned b, int64_t block) {
  if (nest.order == ReductionOrder::Free)
    return true;
  if (!areNeighbours(nest, a, b))
    return false;
  if (nest.order == ReductionOrder::Sequential || b != nest.lastLoop)
    return true;
  int64_t size = nest.loops[b].size;
  return !ShapedType::isDynamic(size) && size % block == 0;
}

static bool mergeLoops(RewriterBase &builder, Nest &nest, unsigned a,
                       unsigned b) {
  for (bool dryRun : {true, false}) {
    for (SmallVectorImpl<Access> *accesses : {&nest.inputs, &nest.outputs})
      for (Access &access : *accesses)
        if (!mergeInAccess(builder, nest, access, a, b, dryRun))
          return false;
  }
  Loop &outer = nest.loops[a], &inner = nest.loops[b];
  Location loc = nest.op.getLoc();
  if (ShapedType::isDynamic(outer.size) || ShapedType::isDynamic(inner.size)) {
    outer.size = ShapedType::kDynamic;
    outer.extent =
        arith::MulIOp::create(builder, loc, outer.extent, inner.extent);
  } else {
    outer.size *= inner.size;
    outer.extent = arith::ConstantIndexOp::create(builder, loc, outer.size);
  }
  inner.dead = true;
  inner.size = 1;
  if (nest.lastLoop == b)
    nest.lastLoop = a;
  return true;
}

/// The last loop of a lane tree stays when another loop goes around it: the
/// tree starts from the identity and not from what the output holds.
static bool needsLastLoop(Nest &nest) {
  auto others = ArrayRef(nest.loops).drop_back();
  return nest.order == ReductionOrder::Lanes &&
         llvm::any_of(others, [](const Loop &loop) {
           return loop.reduction && loop.size != 1;
         });
}

void collapseNest(RewriterBase &builder, Nest &nest, int64_t block) {
  MLIRContext *context = builder.getContext();
  bool keepLast = needsLastLoop(nest);
  SmallVector<AffineExpr> replacement;
  for (auto [i, loop] : llvm::enumerate(nest.loops)) {
    loop.dead = loop.size == 1 && !(keepLast && i == nest.lastLoop);
    replacement.push_back(loop.dead ? getAffineConstantExpr(0, context)
                                    : getAffineDimExpr(i, context));
  }
  for (SmallVectorImpl<Access> *accesses : {&nest.inputs, &nest.outputs})
    for (Access &access : *accesses) {
      for (AffineExpr &expr : access.indices) {
        nest.hasWindows |= !isa<AffineDimExpr, AffineConstantExpr>(expr);
        expr = expr.replaceDims(replacement);
      }
      dropUnitDims(builder, access);
    }

  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned a : nest.liveLoops())
      for (unsigned b : nest.liveLoops()) {
        Loop &outer = nest.loops[a], &inner = nest.loops[b];
        if (a == b || outer.dead || inner.dead ||
            outer.reduction != inner.reduction || bodyReadsIndex(nest, a) ||
            bodyReadsIndex(nest, b))
          continue;
        if (outer.reduction && !keepsOrder(nest, a, b, block))
          continue;
        changed |= mergeLoops(builder, nest, a, b);
      }
  }
}

} // namespace lowbit::generic
