//===- SplitInits.cpp - biases out of accumulators ------------------------===//
//
//   matmul(x, w) outs(broadcast(b))  ->  generic(matmul(x, w) outs(0) + b)
//
// In: f32 contractions that start at a value, which is how torch-mlir and
// TOSA's conversion write biases. Out: all of them start at zero, and the bias
// is a generic of its own, with the id; the contraction is `<id>/matmul` or
// `<id>/conv`, as in an imported ONNX model. The bias is added last.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/Ids.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SPLITINITS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// What is added, read where it comes from: a broadcast is a map.
static std::pair<Value, AffineMap> findAddend(Value init) {
  auto type = cast<RankedTensorType>(init.getType());
  AffineMap identity =
      AffineMap::getMultiDimIdentityMap(type.getRank(), init.getContext());
  auto copy = init.getDefiningOp<linalg::LinalgOp>();
  if (!copy || !isLinalgCopy(copy))
    return {init, identity};
  SmallVector<AffineMap> maps = copy.getIndexingMapsArray();
  if (!maps.back().isIdentity() ||
      !maps.front().isProjectedPermutation(/*allowZeroInResults=*/true))
    return {init, identity};
  return {copy.getDpsInputs()[0], maps.front()};
}

static Value makeEmpty(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  return tensor::EmptyOp::create(builder, loc,
                                 tensor::getMixedSizes(builder, loc, like),
                                 type.getElementType());
}

namespace {
struct SplitInits : lowbit::impl::SplitInitsBase<SplitInits> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> found;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (isFloatContraction(op) && op->getNumResults() == 1 &&
          !isZeroFilled(op.getDpsInits()[0]) &&
          !op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
        found.push_back(op);
    });
    if (found.empty())
      return markAllAnalysesPreserved();
    IdNames names(getOperation());
    for (linalg::LinalgOp op : found)
      split(op, names);
    numSplit += found.size();
  }

private:
  static void split(linalg::LinalgOp op, IdNames &names) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value init = op.getDpsInits()[0];
    auto [addend, map] = findAddend(init);
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    // A broadcast is not read for its sizes either.
    auto copy = init.getDefiningOp<linalg::LinalgOp>();
    Value empty = makeEmpty(
        builder, loc, copy && addend != init ? copy.getDpsInits()[0] : init);
    Value filled =
        linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
    op.getDpsInitsMutable()[0].set(filled);

    builder.setInsertionPointAfter(op);
    Value sums = op->getResult(0);
    AffineMap identity = AffineMap::getMultiDimIdentityMap(
        cast<RankedTensorType>(sums.getType()).getRank(), op.getContext());
    SmallVector<utils::IteratorType> parallel(identity.getNumDims(),
                                              utils::IteratorType::parallel);
    auto sum = linalg::GenericOp::create(
        builder, loc, sums.getType(), ValueRange{sums, addend},
        ValueRange{empty}, ArrayRef<AffineMap>{identity, map, identity},
        parallel, [](OpBuilder &b, Location at, ValueRange values) {
          linalg::YieldOp::create(
              b, at,
              arith::AddFOp::create(b, at, values[0], values[1]).getResult());
        });
    sums.replaceAllUsesExcept(sum.getResult(0), sum);
    StringRef key = LowbitDialect::kIdAttr;
    if (auto id = op->getAttrOfType<StringAttr>(key)) {
      bool isWindow = isa<linalg::ConvolutionOpInterface>(op.getOperation());
      std::string part = id.str() + (isWindow ? "/conv" : "/matmul");
      sum->setAttr(key, id);
      op->setAttr(key, builder.getStringAttr(names.unique(part)));
    }
    if (Operation *unread = init.getDefiningOp();
        unread && isOpTriviallyDead(unread))
      unread->erase();
  }
};
} // namespace
