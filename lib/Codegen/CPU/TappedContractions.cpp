//===- TappedContractions.cpp - what is checked, in order -----------------===//
//
// Walks in the order of the program.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/TappedContractions.h"

using namespace mlir;

static bool isIntegerContraction(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0)
    return false;
  auto elementOf = [](Value value) {
    return getElementTypeOrSelf(value.getType());
  };
  return elementOf(op.getDpsInputs()[0]).isInteger(8) &&
         elementOf(op.getDpsInputs()[1]).isInteger(8) &&
         elementOf(op.getDpsInits()[0]).isInteger(32) &&
         // Not the window of a pooling, which is only there for its sizes.
         op.payloadUsesValueFromOperand(op.getDpsInputOperand(1)) &&
         (linalg::isaContractionOpInterface(op) ||
          linalg::isaConvolutionOpInterface(op));
}

SmallVector<linalg::LinalgOp> lowbit::tappedContractions(Operation *root) {
  SmallVector<linalg::LinalgOp> contractions;
  root->walk([&](linalg::LinalgOp op) {
    if (isIntegerContraction(op))
      contractions.push_back(op);
  });
  return contractions;
}
