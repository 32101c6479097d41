//===- ExpandContractions.cpp - contractions become vector loops ----------===//
//
// Before: linalg operations on buffers that multiply and add, and the
//   linalg.fill of a constant that each starts from.
// After: scf and vector loops around the target's dot product. A right-hand
// side
//   that is a parameter is read from a new, packed argument of @main.
// What is not understood stays as it is, for the generic lowering.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Parameters.h"
#include "lowbit/Codegen/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "lowbit-expand-contractions"

using namespace mlir;

namespace lowbit {

#define GEN_PASS_DEF_EXPANDCONTRACTIONS
#include "lowbit/Codegen/Passes.h.inc"

/// The buffer that a view looks into.
static Value rootOf(Value v) {
  while (auto view = v.getDefiningOp<ViewLikeOpInterface>())
    v = view.getViewSource();
  return v;
}

/// Whether two roots are known to be different memory: each an allocation or an
/// argument of the function.
static bool areDistinct(Value x, Value y) {
  auto isOwn = [](Value v) {
    if (auto argument = dyn_cast<BlockArgument>(v))
      return isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
    return isa<memref::AllocOp, memref::AllocaOp>(v.getDefiningOp());
  };
  return x != y && isOwn(x) && isOwn(y);
}

/// Whether `op` may read or write the buffer with this root.
static bool mayTouch(Operation *op, Value root) {
  if (isa<memref::AllocOp, memref::AllocaOp>(op) || isMemoryEffectFree(op))
    return false;
  if (isa<CallOpInterface>(op))
    return true;
  return op
      ->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (isa<BaseMemRefType>(operand.getType()) &&
              !areDistinct(rootOf(operand), root))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

/// The fill of a constant that the contraction starts from: the last operation
/// before it that touches the buffer.
static linalg::FillOp findFill(linalg::LinalgOp op) {
  Value result = op.getDpsInits().front();
  Value root = rootOf(result);
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (!mayTouch(before, root))
      continue;
    auto fill = dyn_cast<linalg::FillOp>(before);
    Attribute value;
    if (fill && fill.getOutputs()[0] == result &&
        matchPattern(fill.getInputs()[0], m_Constant(&value)) &&
        fill.getInputs()[0].getType() ==
            cast<MemRefType>(result.getType()).getElementType())
      return fill;
    return nullptr;
  }
  return nullptr;
}

namespace {

struct ExpandContractionsPass
    : impl::ExpandContractionsBase<ExpandContractionsPass> {
  using ExpandContractionsBase::ExpandContractionsBase;

  void runOnOperation() override {
    std::string error;
    TargetISA target = resolveISA(isa, error);
    if (!error.empty()) {
      getOperation().emitError(error);
      return signalPassFailure();
    }
    auto integers = createDotProduct(&getContext(), target, /*isFloat=*/false);
    auto floats = createDotProduct(&getContext(), target, /*isFloat=*/true);
    PackedParameters parameters;
    SmallVector<linalg::LinalgOp> work;
    getOperation().walk([&](linalg::LinalgOp op) { work.push_back(op); });
    for (linalg::LinalgOp op : work) {
      if (mlir::isa<linalg::FillOp>(op.getOperation()))
        continue;
      std::string reason;
      FailureOr<Match> match = matchContraction(op, reason);
      if (succeeded(match))
        expandWith(*match, target, *floats, *integers, parameters);
      else
        LLVM_DEBUG(llvm::dbgs()
                   << op->getLoc() << ": left: " << reason << "\n");
    }
  }

  void expandWith(const Match &match, TargetISA target,
                  const DotProduct &floats, const DotProduct &integers,
                  PackedParameters &parameters) {
    if (!match.decode.factor)
      return expand(match, match.isFloat ? floats : integers, parameters);
    Type element = cast<MemRefType>(match.b.getType()).getElementType();
    auto decoding = createDecodingProduct(&getContext(), target, element);
    expand(match, *decoding, parameters);
  }

  void expand(const Match &match, const DotProduct &dot,
              PackedParameters &parameters) {
    linalg::LinalgOp op = match.op;
    KernelBuilder b(op.getLoc(), &getContext());
    b.setInsertionPoint(op);

    Start start;
    if (linalg::FillOp fill = findFill(op)) {
      Attribute value;
      matchPattern(fill.getInputs()[0], m_Constant(&value));
      start = cast<TypedAttr>(value);
      fill.erase();
    }

    if (match.alongBatch) {
      auto plain =
          createDotProduct(&getContext(), TargetISA::Portable, match.isFloat);
      Nest nest = buildNest(b, match, viewOf(b, match.a), viewOf(b, match.b),
                            viewOf(b, match.c), *plain, match.accessA);
      emitLanes(b, nest, *plain, start);
      return op->erase();
    }

    Access accessA = match.accessA;
    View a = viewOf(b, match.a);
    Value copy, scratch;
    if (dot.copiesRows())
      a = copyRows(b, match, a, dot, accessA, copy);
    Nest nest = buildNest(b, match, a, viewOf(b, match.b), viewOf(b, match.c),
                          dot, accessA);
    TileShape tile =
        dot.chooseTile(constant(nest.row.size), constant(nest.column.size));
    Panels panels = Panels::describe(b, nest, dot, tile);
    panels.flat = parameters.find(b, match, nest, dot, panels);
    if (!panels.flat) {
      scratch = b.allocate(dot.columnElement(), panels.total(b, nest));
      panels.flat = scratch;
      packColumns(b, nest, dot, panels);
    }
    emitLoops(b, nest, dot, panels, tile, start);
    for (Value buffer : {copy, scratch})
      if (buffer)
        memref::DeallocOp::create(b, buffer);
    op->erase();
  }
};

} // namespace

} // namespace lowbit
