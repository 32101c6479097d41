//===- FoldScalars.cpp - constants of other float types -------------------===//
//
//   %eps = arith.constant 1.0e-05 : f64
//   %0 = arith.truncf %eps : f64 to f32
//   ->  %0 = arith.constant 9.99999974E-6 : f32
//
// In: any module. Out: scalars that are computed from constants, where a float
// of another type than f32 is among them, are constants: PyTorch's scalars are
// f64, and torch-mlir converts them where they are used. What is computed from
// data stays, and the float contract refuses it.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Passes.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_FOLDSCALARS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

static bool isOtherFloat(Type type) {
  return isa<FloatType>(type) && !type.isF32();
}

/// The constant that an operation of one scalar result computes.
static TypedAttr fold(Operation *op) {
  if (op->getNumRegions() != 0 || isa<ShapedType>(op->getResult(0).getType()))
    return {};
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    Attribute constant;
    if (!matchPattern(operand, m_Constant(&constant)))
      return {};
    operands.push_back(constant);
  }
  // Upstream folds only what loses nothing; a conversion in the run rounds.
  auto narrow = dyn_cast<arith::TruncFOp>(op);
  auto number = narrow ? dyn_cast<FloatAttr>(operands.front()) : FloatAttr();
  if (number && !narrow.getRoundingmode()) {
    auto type = cast<FloatType>(narrow.getType());
    APFloat value = number.getValue();
    bool losesInfo;
    value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
    return FloatAttr::get(type, value);
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.size() != 1)
    return {};
  return dyn_cast_or_null<TypedAttr>(dyn_cast<Attribute>(results.front()));
}

namespace {
struct FoldScalars : lowbit::impl::FoldScalarsBase<FoldScalars> {
  void runOnOperation() override {
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      StringRef dialect = op->getName().getDialectNamespace();
      if ((dialect == "arith" || dialect == "math") &&
          op->getNumResults() == 1 &&
          (isOtherFloat(op->getResult(0).getType()) ||
           llvm::any_of(op->getOperandTypes(), isOtherFloat)))
        found.push_back(op);
    });
    for (Operation *op : SmallVector<Operation *>(found)) {
      if (op->getNumOperands() == 0)
        continue;
      TypedAttr value = fold(op);
      if (!value || value.getType() != op->getResult(0).getType())
        continue;
      OpBuilder builder(op);
      auto constant = arith::ConstantOp::create(builder, op->getLoc(), value);
      op->getResult(0).replaceAllUsesWith(constant);
      found.push_back(constant);
      ++numFolded;
    }
    // Readers are dead before what they read.
    llvm::DenseSet<Operation *> erased;
    for (bool isChanged = true; isChanged;) {
      isChanged = false;
      for (Operation *op : llvm::reverse(found))
        if (!erased.contains(op) && isOpTriviallyDead(op)) {
          erased.insert(op);
          op->erase();
          isChanged = true;
        }
    }
  }
};
} // namespace
