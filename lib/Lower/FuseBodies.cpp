//===- FuseBodies.cpp - float numbers in registers only -------------------===//
//
//   %d = generic(%i8)  -> f32        dequantize
//   %y = generic(%i32, %scale, %d)   epilogue of a contraction, a sum
//   %q = generic(%y)   -> i8         quantize
//   ->  %q = generic(%i32, %scale, %i8) -> i8
//
// In: the integer contract. Out: what makes integers of integers is one
// generic, whose body computes with floats as the operations that it was made
// of did, in the same order; `lowbit.integers` has their ids. Left as they
// are: bodies that read f32 tensors other than constants, operations with
// other readers, and whatever upstream's fusion does not take.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/Dequantize.h"
#include "lowbit/Lower/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_FUSEBODIES
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static bool isReal(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

static bool isConstant(Value value) {
  while (OpOperand *moved = movedOperand(value.getDefiningOp()))
    value = moved->get();
  return isConstantTensor(value) || !isa<ShapedType>(value.getType());
}

/// Elementwise, from floats in its body to an integer.
static bool makesIntegers(linalg::GenericOp op) {
  return op.getNumReductionLoops() == 0 && op->getNumResults() == 1 &&
         isa<IntegerType>(getElementTypeOrSelf(op.getResult(0).getType())) &&
         llvm::any_of(op.getBody()->without_terminator(), [](Operation &inner) {
           return llvm::any_of(inner.getOperandTypes(),
                               llvm::IsaPred<FloatType>);
         });
}

bool lowbit::isDequantize(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic->getNumResults() != 1 || generic.getNumReductionLoops() > 0)
    return false;
  auto element = dyn_cast<IntegerType>(
      getElementTypeOrSelf(generic.getDpsInputs()[0].getType()));
  return element && element.getWidth() <= 16 &&
         llvm::all_of(
             generic.getBody()->without_terminator(),
             llvm::IsaPred<arith::ExtSIOp, arith::ExtUIOp, arith::SubIOp,
                           arith::SIToFPOp, arith::MulFOp, arith::ConstantOp>);
}

/// The producer that is computed in the body of `use`'s owner; null where there
/// is none.
static linalg::GenericOp fusedProducer(OpOperand *use) {
  auto producer = use->get().getDefiningOp<linalg::GenericOp>();
  if (!producer || !isReal(use->get()) || producer->getNumResults() != 1 ||
      !(producer->hasOneUse() || isDequantize(producer)) ||
      producer.getNumReductionLoops() > 0 || isKeptFloat(producer) ||
      producer.payloadUsesValueFromOperand(producer.getDpsInitOperand(0)) ||
      !linalg::areElementwiseOpsFusable(use))
    return {};
  return producer;
}

/// Whether all that the body of `op` reads, with the producers that it takes
/// in, are integers and constants; `producers` are counted.
static bool readsIntegers(linalg::GenericOp op, unsigned &producers) {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!isReal(operand->get()) || isConstant(operand->get()))
      continue;
    linalg::GenericOp producer = fusedProducer(operand);
    if (!producer || !readsIntegers(producer, ++producers))
      return false;
  }
  return true;
}

static void collectIds(Operation *op, SmallVectorImpl<Attribute> &ids) {
  for (StringRef name :
       {LowbitDialect::kIntegersAttr, LowbitDialect::kSameAttr})
    if (auto made = op->getAttrOfType<ArrayAttr>(name))
      llvm::append_range(ids, made);
  if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
    ids.push_back(id);
}

namespace {
struct FuseBodies : lowbit::impl::FuseBodiesBase<FuseBodies> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> makers;
    getOperation().walk([&](linalg::GenericOp op) {
      if (makesIntegers(op))
        makers.push_back(op);
    });
    for (linalg::GenericOp op : makers) {
      unsigned producers = 0;
      if (readsIntegers(op, producers))
        fuse(op, producers);
    }
  }

  void fuse(linalg::GenericOp op, unsigned producers) {
    // Of the operation itself the id stays in its place.
    Attribute own = op->getAttr(LowbitDialect::kIdAttr);
    SmallVector<Attribute> ids;
    if (Attribute made = op->getAttr(LowbitDialect::kIntegersAttr))
      llvm::append_range(ids, cast<ArrayAttr>(made));
    Location place = UnknownLoc::get(&getContext());
    IRRewriter rewriter(op);
    for (; producers > 0; --producers) {
      OpOperand *use = nullptr;
      for (OpOperand *operand : op.getDpsInputOperands())
        if (fusedProducer(operand))
          use = operand;
      if (!use)
        break;
      linalg::GenericOp producer = fusedProducer(use);
      // What is quantized gives its place in the model.
      if (isa<UnknownLoc>(place))
        place = producer.getLoc();
      SmallVector<Attribute> before;
      collectIds(producer, before);
      rewriter.setInsertionPoint(op);
      // Upstream keeps a result that others read; they keep the original.
      if (!producer->hasOneUse()) {
        producer = cast<linalg::GenericOp>(rewriter.clone(*producer));
        use->set(producer.getResult(0));
      }
      auto fused = linalg::fuseElementwiseOps(rewriter, use);
      if (failed(fused))
        break;
      ids.insert(ids.begin(), before.begin(), before.end());
      auto made = cast<linalg::GenericOp>(fused->fusedOp);
      rewriter.replaceOp(op, fused->replacements.lookup(op.getResult(0)));
      rewriter.eraseOp(producer);
      op = made;
      ++numFused;
    }
    if (!isa<UnknownLoc>(place))
      op->setLoc(place);
    if (own)
      op->setAttr(LowbitDialect::kIdAttr, own);
    if (!ids.empty())
      op->setAttr(LowbitDialect::kIntegersAttr, rewriter.getArrayAttr(ids));
  }
};
} // namespace
