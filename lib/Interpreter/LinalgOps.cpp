//===- LinalgOps.cpp - operations with indexing maps and a body -----------===//
//
// Any operation of linalg on tensors, named or generic: each says what it is by
// its maps and its body. Contractions and reductions have files of their own;
// here is what is left, in the order of the loops (F4). Refused: buffers, maps
// that are not linear, operands whose sizes do not agree.
//
//===----------------------------------------------------------------------===//
#include "Body.h"
#include "Nest.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
bool isLinear(AffineExpr expr) {
  WalkResult result = expr.walk([](AffineExpr part) {
    AffineExprKind kind = part.getKind();
    bool divides = kind == AffineExprKind::Mod ||
                   kind == AffineExprKind::FloorDiv ||
                   kind == AffineExprKind::CeilDiv;
    return divides ? WalkResult::interrupt() : WalkResult::advance();
  });
  return expr.isPureAffine() && !result.wasInterrupted();
}

int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> indices) {
  SmallVector<AffineExpr> constants;
  for (int64_t index : indices)
    constants.push_back(getAffineConstantExpr(index, expr.getContext()));
  return cast<AffineConstantExpr>(expr.replaceDims(constants)).getValue();
}

/// The loops' sizes: of each dimension that a loop indexes by itself.
LogicalResult findExtents(Nest &nest, ArrayRef<Access> accesses) {
  constexpr int64_t unknown = -1;
  nest.extents.assign(nest.op.getNumLoops(), unknown);
  for (const Access &access : accesses)
    for (auto [expr, size] :
         llvm::zip_equal(access.map.getResults(), access.tensor.shape())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        continue;
      int64_t &extent = nest.extents[dim.getPosition()];
      if (extent != unknown && extent != size)
        return nest.op->emitOpError("has operands of different sizes, ")
               << extent << " and " << size << ", along loop "
               << dim.getPosition();
      extent = size;
    }
  for (auto [loop, extent] : llvm::enumerate(nest.extents))
    if (extent == unknown)
      return nest.op->emitOpError("has no operand with a dimension of its own "
                                  "for loop ")
             << loop;
  return success();
}

/// Fills in base and strides, and checks that every iteration is in bounds.
LogicalResult findStrides(Nest &nest, Access &access) {
  unsigned loops = nest.extents.size();
  access.strides.assign(loops, 0);
  SmallVector<int64_t> steps = computeStrides(access.tensor.shape());
  for (auto [dim, expr] : llvm::enumerate(access.map.getResults())) {
    if (!isLinear(expr))
      return nest.op->emitOpError("has an indexing map that is not linear: ")
             << AffineMapAttr::get(access.map);
    SmallVector<int64_t> index(loops, 0);
    int64_t start = evaluate(expr, index), first = start, last = start;
    access.base += start * steps[dim];
    for (unsigned loop = 0; loop < loops; ++loop) {
      index[loop] = 1;
      int64_t step = evaluate(expr, index) - start;
      index[loop] = 0;
      access.strides[loop] += step * steps[dim];
      (step < 0 ? first : last) += step * (nest.extents[loop] - 1);
    }
    int64_t size = access.tensor.shape()[dim];
    if (!nest.isEmpty() && (first < 0 || last >= size))
      return nest.op->emitOpError("reaches indices ")
             << first << " to " << last << " of dimension " << dim
             << " of an operand of shape "
             << sizesString(access.tensor.shape());
  }
  return success();
}

/// F4.
LogicalResult runInOrder(Machine &machine, Nest &nest) {
  Block *block = nest.op.getBlock();
  auto body =
      Body::prepare(machine, *block, block->getTerminator()->getOperands());
  if (failed(body))
    return failure();
  // The elements that an iteration reads, with their block arguments.
  SmallVector<std::pair<unsigned, const Access *>> read;
  unsigned argument = 0;
  for (SmallVector<Access> *accesses : {&nest.inputs, &nest.outputs})
    for (const Access &access : *accesses) {
      if (body->reads(argument)) {
        if (failed(checkDefined(nest, access)))
          return failure();
        read.push_back({argument, &access});
      }
      ++argument;
    }
  return forEachIndex(nest.extents, [&](ArrayRef<int64_t> indices) {
    for (auto [argument, access] : read)
      body->setArgument(argument, access->tensor.get(access->at(indices)));
    if (failed(body->evaluate(indices)))
      return failure();
    for (auto [i, access] : llvm::enumerate(nest.outputs))
      access.tensor.set(access.at(indices), body->result(i));
    return success();
  });
}
} // namespace

LogicalResult checkDefined(const Nest &nest, const Access &access) {
  if (!access.tensor.isUndefined() || nest.isEmpty())
    return success();
  return nest.op->emitOpError(
      "reads elements of tensor.empty, which are undefined");
}

FailureOr<Nest> makeNest(Machine &machine, linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics())
    return op->emitOpError("has buffers; the interpreter takes tensors");
  Nest nest;
  nest.op = op;
  for (utils::IteratorType type : op.getIteratorTypesArray())
    nest.isReduction.push_back(type == utils::IteratorType::reduction);
  SmallVector<Access> accesses;
  for (auto [operand, map] :
       llvm::zip_equal(op->getOpOperands(), op.getIndexingMapsArray())) {
    Access access;
    access.tensor = machine.get(operand.get());
    access.map = map;
    accesses.push_back(std::move(access));
  }
  if (failed(findExtents(nest, accesses)))
    return failure();
  for (Access &access : accesses)
    if (failed(findStrides(nest, access)))
      return failure();
  unsigned inputs = op.getNumDpsInputs();
  nest.inputs.assign(accesses.begin(), accesses.begin() + inputs);
  nest.outputs.assign(accesses.begin() + inputs, accesses.end());
  for (Access &output : nest.outputs) {
    FailureOr<Tensor> written = machine.clone(op, output.tensor);
    if (failed(written))
      return failure();
    output.tensor = *written;
  }
  return nest;
}

LogicalResult runLinalg(Machine &machine, Operation *op) {
  FailureOr<Nest> nest = makeNest(machine, cast<linalg::LinalgOp>(op));
  if (failed(nest))
    return failure();
  if (auto match = matchMultiplyAdd(*nest)) {
    if (failed(runContraction(*nest, *match)))
      return failure();
  } else {
    FailureOr<bool> isReduction = runReduction(machine, *nest);
    if (failed(isReduction) ||
        (!*isReduction && failed(runInOrder(machine, *nest))))
      return failure();
  }
  for (auto [result, output] :
       llvm::zip_equal(op->getResults(), nest->outputs)) {
    output.tensor.markUndefined(output.tensor.isUndefined() && nest->isEmpty());
    if (failed(machine.set(result, std::move(output.tensor))))
      return failure();
  }
  return success();
}
} // namespace lowbit::interpreter
