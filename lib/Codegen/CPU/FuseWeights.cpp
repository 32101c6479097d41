//===- FuseWeights.cpp - contractions read weights as integers ------------===//
//
// In:  contraction(a, dequantize(q)), q a parameter of 8 or 16 bits
// Out: one linalg.generic that reads a, q and the parameters of q, with the
//      body fma(a, dequantize(q), acc)
//
// The arithmetic and its order stay (N8, F2). Where a block of elements along
// the reduction shares a scale, that loop becomes two, over blocks and inside
// of them:
//
//   sum over k of a[m, k] * (q[k, n] * s[k / 32, n])
//     ->  sum over g, i of a[m, g, i] * (q[g, i, n] * s[g, n])
//
// Left as they are: contractions whose kernel would read the weight as rows
// (the result is not contiguous along its channels), depthwise ones, and blocks
// that do not divide the reduction.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_FUSEWEIGHTS
#include "lowbit/Codegen/Passes.h.inc"

/// An argument that is a parameter of integers.
static bool isIntegerParameter(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!argument || !type || !type.hasStaticShape() ||
      !(type.getElementType().isInteger(8) ||
        type.getElementType().isInteger(16)))
    return false;
  auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return func && func.getArgAttr(argument.getArgNumber(), "lowbit.parameter");
}

namespace {
/// A tensor that the dequantize reads beside the integers: of each of its
/// dimensions the weight's dimension that indexes it, or -1 for 0, and how many
/// elements of that share one.
struct Extra {
  Value tensor;
  SmallVector<int64_t> dims, blocks;
};

/// What makes the f32 weight.
struct Dequantize {
  linalg::GenericOp op;
  Value ints;
  /// For each value of the body that stands for an extra: its number.
  SmallVector<Extra> extras;
  llvm::SmallMapVector<Value, unsigned, 4> inBody;
  /// The dimension in blocks, and their size.
  std::optional<int64_t> dim;
  int64_t block = 1;
};
} // namespace

/// linalg.index, divided by a constant or not, or the constant 0.
static bool readIndex(Value index, int64_t &dim, int64_t &block) {
  block = 1;
  dim = -1;
  if (matchPattern(index, m_Zero()))
    return true;
  if (auto div = index.getDefiningOp<arith::DivUIOp>()) {
    APInt by;
    if (!matchPattern(div.getRhs(), m_ConstantInt(&by)) || by.isZero())
      return false;
    block = by.getZExtValue();
    index = div.getLhs();
  }
  auto loop = index.getDefiningOp<linalg::IndexOp>();
  if (loop)
    dim = loop.getDim();
  return bool(loop);
}

static bool addExtra(Dequantize &d, Value inBody, Extra extra) {
  for (auto [dim, block] : llvm::zip_equal(extra.dims, extra.blocks)) {
    if (block == 1)
      continue;
    if (d.dim && (*d.dim != dim || d.block != block))
      return false;
    d.dim = dim;
    d.block = block;
  }
  d.inBody[inBody] = d.extras.size();
  d.extras.push_back(std::move(extra));
  return true;
}

/// The parallel generic behind `weight`, when all that it reads is known to the
/// kernels.
static std::optional<Dequantize> matchDequantize(Value weight) {
  Dequantize d;
  d.op = weight.getDefiningOp<linalg::GenericOp>();
  if (!d.op || d.op->getNumResults() != 1 || d.op.getNumReductionLoops() != 0 ||
      !getElementTypeOrSelf(weight.getType()).isF32() ||
      !d.op.getMatchingIndexingMap(d.op.getDpsInitOperand(0)).isIdentity() ||
      d.op.payloadUsesValueFromOperand(d.op.getDpsInitOperand(0)))
    return std::nullopt;
  for (OpOperand *input : d.op.getDpsInputOperands()) {
    AffineMap map = d.op.getMatchingIndexingMap(input);
    BlockArgument argument = d.op.getMatchingBlockArgument(input);
    if (isIntegerParameter(input->get()) && map.isIdentity() && !d.ints) {
      d.ints = input->get();
      continue;
    }
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return std::nullopt;
    Extra extra{input->get(), {}, {}};
    for (AffineExpr expr : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      extra.dims.push_back(dim ? int64_t(dim.getPosition()) : -1);
      extra.blocks.push_back(1);
    }
    addExtra(d, argument, std::move(extra));
  }
  if (!d.ints)
    return std::nullopt;
  for (Operation &op : d.op.getBody()->without_terminator()) {
    if (isa<linalg::IndexOp, arith::ConstantOp, arith::DivUIOp>(op))
      continue;
    auto extract = dyn_cast<tensor::ExtractOp>(op);
    if (!extract) {
      if (!OpTrait::hasElementwiseMappableTraits(&op))
        return std::nullopt;
      continue;
    }
    Extra extra{extract.getTensor(), {}, {}};
    if (Operation *source = extra.tensor.getDefiningOp())
      if (source->getBlock() == d.op.getBody())
        return std::nullopt;
    for (Value index : extract.getIndices())
      if (!readIndex(index, extra.dims.emplace_back(),
                     extra.blocks.emplace_back()))
        return std::nullopt;
    if (!addExtra(d, extract.getResult(), std::move(extra)))
      return std::nullopt;
  }
  int64_t size =
      d.dim ? cast<RankedTensorType>(weight.getType()).getDimSize(*d.dim) : 0;
  if (d.dim && size % d.block != 0)
    return std::nullopt;
  return d;
}

/// Whether the kernel reads operand `weight` as columns: the result is
/// contiguous along a loop of the weight alone.
static bool isColumns(linalg::LinalgOp op, unsigned weight) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (AffineExpr expr : llvm::reverse(maps[2].getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return false;
    unsigned loop = dim.getPosition();
    if (extents[loop] == 1)
      continue;
    return maps[weight].isFunctionOfDim(loop) &&
           !maps[1 - weight].isFunctionOfDim(loop) &&
           maps[weight].getResultPosition(expr).has_value();
  }
  return false;
}

namespace {
/// Builds the one operation. Loop `split` of the contraction becomes two.
class Builder {
public:
  Builder(linalg::LinalgOp op, unsigned weight, const Dequantize &d)
      : b(op), op(op), weight(weight), d(d), maps(op.getIndexingMapsArray()) {}

  /// False when the loop in blocks is not one of both operands alone.
  bool prepare() {
    if (!d.dim)
      return true;
    auto dim = dyn_cast<AffineDimExpr>(maps[weight].getResult(*d.dim));
    if (!dim)
      return false;
    unsigned loop = dim.getPosition();
    for (AffineExpr expr : maps[1 - weight].getResults())
      if (expr.isFunctionOfDim(loop) && !isa<AffineDimExpr>(expr))
        return false;
    if (maps[2].isFunctionOfDim(loop) ||
        !maps[1 - weight].isFunctionOfDim(loop))
      return false;
    split = loop;
    return true;
  }

  void build() {
    SmallVector<Value> inputs{
        expand(op->getOperand(1 - weight), maps[1 - weight]),
        expand(d.ints, maps[weight])};
    SmallVector<AffineMap> all{mapOf(maps[1 - weight]), mapOf(maps[weight])};
    for (const Extra &extra : d.extras) {
      inputs.push_back(extra.tensor);
      all.push_back(mapOf(extra));
    }
    all.push_back(mapOf(maps[2]));
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    if (split)
      iterators.insert(iterators.begin() + *split,
                       utils::IteratorType::reduction);
    auto made = linalg::GenericOp::create(
        b, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(), all,
        iterators, [&](OpBuilder &inside, Location loc, ValueRange args) {
          buildBody(inside, loc, args);
        });
    for (NamedAttribute attr : op->getDiscardableAttrs())
      made->setAttr(attr.getName(), attr.getValue());
    op->replaceAllUsesWith(made);
    op->erase();
  }

private:
  /// The loop that `loop` became; of the one that is split the inner one.
  AffineExpr moved(unsigned loop) {
    return b.getAffineDimExpr(split && loop >= *split ? loop + 1 : loop);
  }
  unsigned numLoops() { return op.getNumLoops() + (split ? 1 : 0); }

  AffineMap mapOf(AffineMap map) {
    SmallVector<AffineExpr> places, results;
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      places.push_back(moved(loop));
    for (AffineExpr expr : map.getResults()) {
      if (split && expr.isFunctionOfDim(*split))
        results.push_back(b.getAffineDimExpr(*split));
      results.push_back(expr.replaceDims(places));
    }
    return AffineMap::get(numLoops(), 0, results, b.getContext());
  }

  AffineMap mapOf(const Extra &extra) {
    SmallVector<AffineExpr> results;
    for (auto [dim, block] : llvm::zip_equal(extra.dims, extra.blocks)) {
      if (dim < 0) {
        results.push_back(b.getAffineConstantExpr(0));
        continue;
      }
      AffineExpr expr = maps[weight].getResult(dim);
      results.push_back(block > 1
                            ? b.getAffineDimExpr(*split)
                            : moved(cast<AffineDimExpr>(expr).getPosition()));
    }
    return AffineMap::get(numLoops(), 0, results, b.getContext());
  }

  /// The operand, its dimension of the loop that is split in two.
  Value expand(Value operand, AffineMap map) {
    if (!split)
      return operand;
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<ReassociationIndices> groups;
    SmallVector<OpFoldResult> sizes;
    SmallVector<int64_t> shape;
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      ReassociationIndices &group = groups.emplace_back();
      if (expr.isFunctionOfDim(*split)) {
        for (int64_t size : {extent() / d.block, d.block}) {
          group.push_back(shape.size());
          shape.push_back(size);
          sizes.push_back(b.getIndexAttr(size));
        }
        continue;
      }
      group.push_back(shape.size());
      shape.push_back(type.getDimSize(dim));
      sizes.push_back(tensor::getMixedSize(b, op.getLoc(), operand, dim));
    }
    return tensor::ExpandShapeOp::create(
        b, op.getLoc(), RankedTensorType::get(shape, type.getElementType()),
        operand, groups, sizes);
  }
  int64_t extent() {
    return cast<RankedTensorType>(d.ints.getType()).getDimSize(*d.dim);
  }

  void buildBody(OpBuilder &inside, Location loc, ValueRange args) {
    IRMapping mapping;
    linalg::GenericOp generic = d.op;
    for (OpOperand *input : generic.getDpsInputOperands())
      if (input->get() == d.ints)
        mapping.map(generic.getMatchingBlockArgument(input), args[1]);
    for (auto [value, number] : d.inBody)
      mapping.map(value, args[2 + number]);
    for (Operation &inner : generic.getBody()->without_terminator())
      if (!isa<linalg::IndexOp, tensor::ExtractOp>(inner) &&
          !isa<IndexType>(inner.getResult(0).getType()))
        inside.clone(inner, mapping);
    Value decoded =
        mapping.lookup(generic.getBody()->getTerminator()->getOperand(0));
    Value factors[] = {args[0], decoded};
    if (weight == 0)
      std::swap(factors[0], factors[1]);
    Value sum =
        math::FmaOp::create(inside, loc, factors[0], factors[1], args.back());
    linalg::YieldOp::create(inside, loc, ValueRange{sum});
  }

  OpBuilder b;
  linalg::LinalgOp op;
  unsigned weight;
  const Dequantize &d;
  SmallVector<AffineMap> maps;
  std::optional<unsigned> split;
};

struct FuseWeights : impl::FuseWeightsBase<FuseWeights> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> work;
    getOperation().walk([&](linalg::LinalgOp op) {
      // Fused products, as F2 has them, of exactly two operands.
      if (op.getNumDpsInputs() == 2 && op.hasPureTensorSemantics() &&
          matchMultiplyAdd(op) && isColumnsOfOne(op))
        work.push_back(op);
    });
    for (linalg::LinalgOp op : work)
      for (unsigned weight : {0u, 1u}) {
        std::optional<Dequantize> d = matchDequantize(op->getOperand(weight));
        if (!d || !isColumns(op, weight))
          continue;
        Builder builder(op, weight, *d);
        if (!builder.prepare())
          continue;
        builder.build();
        ++numFused;
        if (d->op->use_empty())
          d->op->erase();
        break;
      }
  }

  static bool isColumnsOfOne(linalg::LinalgOp op) {
    return isColumns(op, 0) || isColumns(op, 1);
  }
};
} // namespace
} // namespace lowbit
