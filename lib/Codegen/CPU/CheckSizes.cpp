//===- CheckSizes.cpp - sizes of the run are checked before they are used -===//
//
// In:  operations on tensors of dynamic sizes that have to fit each other
// Out: lowbit.check_size before them, on sizes of the function's arguments
//
//   operand dimension (d)        is the size of loop d
//   operand dimension (2 d + e)  holds 2 (D - 1) + (E - 1) + 1, where D, E > 0
//   tensor.cast, concat, softmax dimensions are equal
//   pad                          no padding is negative
//   extract_slice, insert_slice  the first and the last element are inside
//   extract, insert              the index is in the tensor
//   expand_shape                 the product of the sizes is the source's size
//
// Not checked: tensor.reshape, and what is inside of loops that run in
// parallel. Refused, with sizes of the run: maps with mod, or with divisions of
// what may fall.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_CHECKSIZES
#include "lowbit/Codegen/Passes.h.inc"

namespace {

enum class Kind { Monotonic, Linear, Other };

/// Where the largest value of `expr` is: at the ends of the loops, or, for a
/// sum with negative factors, at the ends or starts of them.
Kind kindOf(AffineExpr expr) {
  bool hasNegative = false, hasDivision = false, hasOther = false;
  expr.walk([&](AffineExpr part) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(part);
    if (!binary || part.getKind() == AffineExprKind::Add)
      return;
    auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    bool isProduct = part.getKind() == AffineExprKind::Mul;
    hasOther |= !factor || part.getKind() == AffineExprKind::Mod ||
                (!isProduct && factor.getValue() <= 0);
    hasDivision |= !isProduct;
    hasNegative |= isProduct && factor && factor.getValue() < 0;
  });
  if (hasOther || (hasNegative && hasDivision))
    return Kind::Other;
  return hasNegative ? Kind::Linear : Kind::Monotonic;
}

/// Whether a linear `expr` of `numLoops` loops falls with `loop`.
bool fallsWith(AffineExpr expr, unsigned loop, unsigned numLoops) {
  MLIRContext *context = expr.getContext();
  SmallVector<AffineExpr> place(numLoops, getAffineConstantExpr(0, context));
  AffineExpr start = expr.replaceDims(place);
  place[loop] = getAffineConstantExpr(1, context);
  return cast<AffineConstantExpr>(expr.replaceDims(place)).getValue() <
         cast<AffineConstantExpr>(start).getValue();
}

/// Writes the checks of one operation before it.
class SizeChecker {
public:
  SizeChecker(OpBuilder &builder, Operation *op)
      : b(builder), loc(op->getLoc()),
        prefix(("'" + op->getName().getStringRef() + "' op: ").str()) {
    b.setInsertionPoint(op);
  }

  LogicalResult check(Operation *op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return checkLoops(linalgOp);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      checkSlice(slice, slice.getSource(), "the source");
    else if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      checkInsert(slice);
    else if (auto cast = dyn_cast<tensor::CastOp>(op))
      checkCast(cast);
    else if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      checkConcat(concat);
    else if (auto pad = dyn_cast<tensor::PadOp>(op))
      checkPad(pad);
    else if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
      checkSoftmax(softmax);
    else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      checkExpand(expand);
    else if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      checkElement(extract.getTensor(), extract.getIndices());
    else if (auto insert = dyn_cast<tensor::InsertOp>(op))
      checkElement(insert.getDest(), insert.getIndices());
    return success();
  }

private:
  Value toValue(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(b, loc, size);
  }
  OpFoldResult sizeOf(Value tensor, int64_t dim) {
    return tensor::getMixedSize(b, loc, tensor, dim);
  }
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(operands.size(), 0, expr),
        SmallVector<OpFoldResult>(operands));
  }
  static bool isStatic(OpFoldResult size) { return isa<Attribute>(size); }
  AffineExpr dim(unsigned position) { return b.getAffineDimExpr(position); }

  void equal(OpFoldResult found, OpFoldResult expected, const Twine &what) {
    if (isStatic(found) && isStatic(expected))
      return; // The operation's verifier has seen it.
    CheckSizeOp::create(b, loc, toValue(found), toValue(expected),
                        b.getStringAttr(prefix + what));
  }
  /// found >= needed.
  void atLeast(OpFoldResult found, OpFoldResult needed, const Twine &what) {
    if (isStatic(found) && isStatic(needed))
      return;
    Value n = toValue(needed);
    Value smaller = arith::MinSIOp::create(b, loc, toValue(found), n);
    equal(smaller, n, what);
  }
  Value compare(arith::CmpIPredicate predicate, OpFoldResult x, int64_t y) {
    return arith::CmpIOp::create(b, loc, predicate, toValue(x),
                                 toValue(b.getIndexAttr(y)));
  }
  Value select(Value condition, OpFoldResult x, OpFoldResult y) {
    return arith::SelectOp::create(b, loc, condition, toValue(x), toValue(y));
  }
  /// `needed`, or 0 where one of the sizes is 0.
  OpFoldResult unlessEmpty(OpFoldResult needed, ArrayRef<OpFoldResult> sizes) {
    for (OpFoldResult size : sizes)
      if (!isStatic(size) || isConstantIntValue(size, 0))
        needed = select(compare(arith::CmpIPredicate::eq, size, 0),
                        b.getIndexAttr(0), needed);
    return needed;
  }

  LogicalResult checkLoops(linalg::LinalgOp op) {
    SmallVector<OpFoldResult> loops;
    for (const Range &range : op.createLoopRanges(b, loc))
      loops.push_back(range.size);
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [d, expr] : llvm::enumerate(map.getResults()))
        if (failed(checkAccess(operand, d, expr, loops)))
          return failure();
    }
    return success();
  }

  LogicalResult checkAccess(OpOperand &operand, unsigned d, AffineExpr expr,
                            ArrayRef<OpFoldResult> loops) {
    OpFoldResult size = sizeOf(operand.get(), d);
    std::string what = "dimension " + std::to_string(d) + " of operand " +
                       std::to_string(operand.getOperandNumber());
    if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
      equal(size, loops[loop.getPosition()], what);
      return success();
    }
    if (isStatic(size) && llvm::all_of(loops, isStatic))
      return success();
    Kind kind = kindOf(expr);
    if (kind == Kind::Other) {
      std::string text;
      llvm::raw_string_ostream(text) << expr;
      return operand.getOwner()->emitOpError(
                 "has sizes that are known when it runs, and the bounds of an "
                 "index are not at the ends of its loops, ")
             << text << " in " << what << "; give it a static shape";
    }
    // Where the index is largest, and where it is smallest.
    SmallVector<AffineExpr> most, least;
    for (unsigned i = 0; i < loops.size(); ++i) {
      AffineExpr first = b.getAffineConstantExpr(0), last = dim(i) - 1;
      bool falls = kind == Kind::Linear && fallsWith(expr, i, loops.size());
      most.push_back(falls ? first : last);
      least.push_back(falls ? last : first);
    }
    if (kind == Kind::Linear)
      atLeast(unlessEmpty(apply(expr.replaceDims(least), loops), loops),
              b.getIndexAttr(0), "the least index, or 0, of " + what);
    OpFoldResult end = apply(expr.replaceDims(most) + 1, loops);
    atLeast(size, unlessEmpty(end, loops), what);
    return success();
  }

  void checkCast(tensor::CastOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !isa<RankedTensorType>(op.getSource().getType()))
      return;
    for (auto [d, size] : llvm::enumerate(type.getShape()))
      if (!ShapedType::isDynamic(size))
        equal(sizeOf(op.getSource(), d), b.getIndexAttr(size),
              "dimension " + Twine(d));
  }

  /// A result of static size says what the size of the run has to be.
  void checkResult(RankedTensorType type, int64_t d, OpFoldResult size) {
    if (!type.isDynamicDim(d))
      equal(size, b.getIndexAttr(type.getDimSize(d)),
            "dimension " + Twine(d) + " of the result");
  }

  void checkConcat(tensor::ConcatOp op) {
    for (int64_t d = 0; d < op.getResultType().getRank(); ++d) {
      bool isJoined = d == int64_t(op.getDim());
      OpFoldResult size = sizeOf(op.getInputs()[0], d);
      for (auto [i, input] : llvm::enumerate(op.getInputs().drop_front())) {
        if (isJoined)
          size = apply(dim(0) + dim(1), {size, sizeOf(input, d)});
        else
          equal(sizeOf(input, d), size,
                "dimension " + Twine(d) + " of operand " + Twine(i + 1));
      }
      checkResult(op.getResultType(), d, size);
    }
  }

  void checkPad(tensor::PadOp op) {
    for (auto [d, low, high] :
         llvm::enumerate(op.getMixedLowPad(), op.getMixedHighPad())) {
      std::string which = " of dimension " + std::to_string(d);
      OpFoldResult source = sizeOf(op.getSource(), d),
                   size = apply(dim(0) + dim(1) + dim(2), {low, source, high});
      atLeast(low, b.getIndexAttr(0), "the offset, or 0," + which);
      atLeast(high, b.getIndexAttr(0), "the padding behind, or 0," + which);
      // Less, if the sum has overflowed.
      atLeast(size, low, "the size" + which);
      checkResult(op.getResultType(), d, size);
    }
  }

  void checkSoftmax(linalg::SoftmaxOp op) {
    for (int64_t d = 0; d < op.getInputOperandRank(); ++d)
      equal(sizeOf(op.getOutput(), d), sizeOf(op.getInput(), d),
            "dimension " + Twine(d) + " of the output");
  }

  /// In an order in which nothing overflows: the first element is inside, and
  /// there is room for the others on the way to the last index, or to 0.
  void checkSlice(OffsetSizeAndStrideOpInterface op, Value whole,
                  const Twine &name) {
    for (auto [d, offset, size, stride] : llvm::enumerate(
             op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
      OpFoldResult available = sizeOf(whole, d);
      if (isStatic(available) && isStatic(offset) && isStatic(size) &&
          isStatic(stride))
        continue;
      std::string which = " of dimension " + std::to_string(d);
      atLeast(size, b.getIndexAttr(0), "the size, or 0," + which);
      atLeast(offset, b.getIndexAttr(0), "the offset, or 0," + which);
      atLeast(available, offset, "the size" + which + " of " + name);
      Value isEmpty = compare(arith::CmpIPredicate::eq, size, 0);
      OpFoldResult last = apply(dim(0) - 1, available);
      Value first = select(isEmpty, last, offset);
      atLeast(last, first, "the last index" + which + " of " + name);
      atLeast(select(isEmpty, size, roomFor(size, first, last, stride)), size,
              "the room for elements" + which + " of " + name);
    }
  }

  /// How many elements there are from `first` on in steps of `stride`.
  OpFoldResult roomFor(OpFoldResult size, Value first, OpFoldResult last,
                       OpFoldResult stride) {
    // A larger step down goes nowhere either, and can be negated.
    Value step = arith::MaxSIOp::create(
        b, loc, toValue(stride), toValue(b.getIndexAttr(-(int64_t(1) << 62))));
    Value zero = toValue(b.getIndexAttr(0));
    Value isDown = compare(arith::CmpIPredicate::slt, step, 0);
    Value rest = arith::SubIOp::create(b, loc, toValue(last), first);
    Value way = select(isDown, first, rest);
    Value length = select(
        isDown, arith::SubIOp::create(b, loc, zero, step).getResult(), step);
    Value divisor =
        arith::MaxSIOp::create(b, loc, length, toValue(b.getIndexAttr(1)));
    Value room = arith::AddIOp::create(
        b, loc, arith::DivSIOp::create(b, loc, way, divisor),
        toValue(b.getIndexAttr(1)));
    return select(compare(arith::CmpIPredicate::eq, step, 0), size, room);
  }

  void checkInsert(tensor::InsertSliceOp op) {
    checkSlice(op, op.getDest(), "the destination");
    llvm::SmallBitVector dropped = op.getDroppedDims();
    int64_t d = 0;
    for (auto [i, size] : llvm::enumerate(op.getMixedSizes()))
      if (!dropped.test(i)) {
        equal(sizeOf(op.getSource(), d), size,
              "dimension " + Twine(d) + " of the source");
        ++d;
      }
  }

  void checkExpand(tensor::ExpandShapeOp op) {
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
    for (auto [d, group] : llvm::enumerate(op.getReassociationIndices())) {
      AffineExpr product = b.getAffineConstantExpr(1);
      SmallVector<OpFoldResult> factors;
      for (int64_t i : group) {
        product = product * b.getAffineSymbolExpr(factors.size());
        factors.push_back(sizes[i]);
      }
      // None is negative or more than there is, so that the product is exact.
      OpFoldResult available = sizeOf(op.getSrc(), d);
      for (auto [i, factor] : llvm::enumerate(factors)) {
        std::string which = "size " + std::to_string(group[i]);
        atLeast(factor, b.getIndexAttr(0), which + ", or 0,");
        atLeast(available, unlessEmpty(factor, factors),
                "what is there for " + which);
      }
      OpFoldResult whole = affine::makeComposedFoldedAffineApply(
          b, loc, AffineMap::get(0, factors.size(), product), factors);
      equal(whole, available,
            "the product of the sizes of dimension " + Twine(d));
    }
  }

  void checkElement(Value tensor, OperandRange indices) {
    for (auto [d, index] : llvm::enumerate(indices)) {
      OpFoldResult place = getAsOpFoldResult(index);
      std::string which = " of dimension " + std::to_string(d);
      atLeast(place, b.getIndexAttr(0), "the index, or 0," + which);
      atLeast(apply(dim(0) - 1, sizeOf(tensor, d)), place,
              "the last index" + which);
    }
  }

  OpBuilder &b;
  Location loc;
  std::string prefix;
};

bool hasDynamicSizes(Operation *op) {
  auto isDynamic = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && !tensor.hasStaticShape();
  };
  return llvm::any_of(op->getOperandTypes(), isDynamic) ||
         llvm::any_of(op->getResultTypes(), isDynamic) ||
         isa<OffsetSizeAndStrideOpInterface, tensor::ExtractOp,
             tensor::InsertOp>(op);
}

struct CheckSizes : impl::CheckSizesBase<CheckSizes> {
  void runOnOperation() override {
    SmallVector<Operation *> bounded;
    getOperation().walk([&](Operation *op) {
      bool isInside = op->getParentOfType<linalg::LinalgOp>() ||
                      op->getParentOfType<scf::ForallOp>() ||
                      op->getParentOfType<scf::ParallelOp>();
      if (!isInside && hasDynamicSizes(op))
        bounded.push_back(op);
    });
    NewOps created;
    OpBuilder builder(&getContext(), &created);
    for (Operation *op : bounded)
      if (failed(SizeChecker(builder, op).check(op)))
        return signalPassFailure();
    if (created.ops.empty())
      return;
    // Sizes that inits were made of lead to arguments too.
    getOperation().walk([&](tensor::DimOp op) { created.ops.push_back(op); });
    if (failed(simplify(created.ops)))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
    eraseRepeated();
  }

private:
  struct NewOps : OpBuilder::Listener {
    SmallVector<Operation *> ops;
    void notifyOperationInserted(Operation *op,
                                 OpBuilder::InsertPoint) override {
      ops.push_back(op);
    }
  };

  LogicalResult simplify(ArrayRef<Operation *> ops) {
    RewritePatternSet patterns(&getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    memref::populateResolveShapedTypeResultDimsPatterns(patterns);
    CheckSizeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    return applyOpPatternsGreedily(ops, std::move(patterns), config);
  }

  void eraseRepeated() {
    getOperation().walk([](Block *block) {
      DenseSet<std::pair<Value, Value>> made;
      for (auto check :
           llvm::make_early_inc_range(block->getOps<CheckSizeOp>()))
        if (check.getFound() == check.getExpected() ||
            !made.insert({check.getFound(), check.getExpected()}).second)
          check.erase();
    });
  }
};
} // namespace
} // namespace lowbit
