//===- Reductions.cpp - out = combine(out, x) -----------------------------===//
//
// F3: sums, products and extremes of floats along the last loop go through the
// lane tree (see lib/Codegen/CPU/Generic/EmitLaneReduction.cpp), others in
// order. Sums of integers wrap, as arith.addi does; sums of products are exact,
// and one that the output does not hold is an error (N9). Combiners that
// promise no overflow (nsw, nuw) are left to F4, which checks each step.
//
//===----------------------------------------------------------------------===//
#include "Body.h"
#include "Nest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;

namespace lowbit::interpreter {
namespace {
constexpr int64_t kAccumulators = 4, kLanes = 16;

/// How an output is reduced.
struct Combiner {
  Operation *op;
  /// What is combined into the output, and on which side that is.
  Value added;
  bool outputFirst;
  Kernel kernel;

  bool isSum() const { return isa<arith::AddIOp>(op); }
  /// N9 is about multiply-adds: the operands need not be elements as they are,
  /// those of linalg.quantized_matmul have their zero points subtracted.
  bool isSumOfProducts() const {
    return isSum() && added.getDefiningOp<arith::MulIOp>();
  }
  Scalar combine(Scalar output, Scalar x) const {
    return apply(outputFirst ? output : x, outputFirst ? x : output);
  }
  Scalar apply(Scalar lhs, Scalar rhs) const {
    Scalar operands[] = {lhs, rhs};
    Context context;
    return kernel(operands, context);
  }
};

/// The element that changes nothing, for those that have a lane tree.
std::optional<double> floatIdentity(Operation *op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return TypeSwitch<Operation *, std::optional<double>>(op)
      .Case([](arith::AddFOp) { return -0.0; })
      .Case([](arith::MulFOp) { return 1.0; })
      .Case([](arith::MaximumFOp) { return -infinity; })
      .Case([](arith::MinimumFOp) { return infinity; })
      .Case<arith::MaxNumFOp, arith::MinNumFOp>(
          [](auto) { return std::numeric_limits<double>::quiet_NaN(); })
      .Default(std::optional<double>());
}

bool isOrderFree(Operation *op) {
  return isa<arith::AddIOp, arith::MulIOp, arith::AndIOp, arith::OrIOp,
             arith::XOrIOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp,
             arith::MinUIOp>(op);
}

/// Whether the result is undefined when the exact one does not fit.
bool forbidsOverflow(Operation *op) {
  auto flagged = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op);
  return flagged && flagged.getOverflowAttr().getValue() !=
                        arith::IntegerOverflowFlags::none;
}

/// The combined value of one output element.
class Accumulator {
public:
  Accumulator(const Combiner &combiner, bool laneTree, Scalar initial)
      : combiner(combiner), laneTree(laneTree), initial(initial),
        sequential(initial), sum(initial.i) {
    if (laneTree)
      for (auto &lanes : partial)
        for (Scalar &lane : lanes)
          lane = Scalar::ofFloat(*floatIdentity(combiner.op));
  }

  /// `i`: the index of the last loop.
  void add(int64_t i, Scalar x) {
    if (combiner.isSum()) {
      sum += x.i;
    } else if (laneTree) {
      Scalar &lane = partial[i / kLanes % kAccumulators][i % kLanes];
      lane = combiner.combine(lane, x);
    } else {
      sequential = combiner.combine(sequential, x);
    }
  }

  /// None when a sum of products does not fit `width` bits.
  std::optional<Scalar> finish(unsigned width) const {
    if (combiner.isSum()) {
      int64_t kept = wrap(int64_t(sum), width);
      if (combiner.isSumOfProducts() && kept != sum)
        return std::nullopt;
      return Scalar::ofInt(kept);
    }
    if (!laneTree)
      return sequential;
    Scalar v[kLanes];
    for (int64_t l = 0; l < kLanes; ++l)
      v[l] = combiner.apply(combiner.apply(partial[0][l], partial[1][l]),
                            combiner.apply(partial[2][l], partial[3][l]));
    for (int64_t half = kLanes / 2; half >= 1; half /= 2)
      for (int64_t l = 0; l < half; ++l)
        v[l] = combiner.apply(v[l], v[l + half]);
    return combiner.combine(initial, v[0]);
  }

  std::string sumText() const {
    return toString(APInt(128, {uint64_t(sum), uint64_t(sum >> 64)}), 10,
                    /*Signed=*/true);
  }

private:
  const Combiner &combiner;
  bool laneTree;
  Scalar initial, sequential;
  Scalar partial[kAccumulators][kLanes];
  __int128 sum;
};

/// Every result is another loop or the constant 0.
bool isProjectedPermutation(AffineMap map) {
  llvm::SmallDenseSet<AffineExpr> seen;
  return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    return (constant && constant.getValue() == 0) ||
           (isa<AffineDimExpr>(expr) && seen.insert(expr).second);
  });
}

/// One element of the output for each index of the parallel loops.
bool isOutputOfParallelLoops(const Nest &nest, AffineMap map) {
  if (!isProjectedPermutation(map))
    return false;
  for (auto [loop, isReduction] : llvm::enumerate(nest.isReduction))
    if (map.isFunctionOfDim(loop) == isReduction)
      return false;
  return true;
}

/// The combiners of the outputs; empty when one has none.
FailureOr<SmallVector<Combiner>> matchCombiners(linalg::LinalgOp linalgOp) {
  Block *block = linalgOp.getBlock();
  SmallVector<Combiner> combiners;
  for (auto [output, yielded] :
       llvm::zip_equal(linalgOp.getRegionOutputArgs(),
                       block->getTerminator()->getOperands())) {
    Operation *op = yielded.getDefiningOp();
    if (!op || op->getBlock() != block ||
        (!floatIdentity(op) && !isOrderFree(op)) || forbidsOverflow(op))
      return SmallVector<Combiner>();
    bool first = op->getOperand(0) == output;
    if (!first && op->getOperand(1) != output)
      return SmallVector<Combiner>();
    FailureOr<Kernel> kernel = (*kernelTable().find(op))(op);
    if (failed(kernel))
      return failure();
    combiners.push_back(
        {op, op->getOperand(first ? 1 : 0), first, std::move(*kernel)});
  }
  return combiners;
}
} // namespace

FailureOr<bool> runReduction(Machine &machine, Nest &nest) {
  if (!nest.hasReduction())
    return false;
  for (const Access &output : nest.outputs)
    if (!isOutputOfParallelLoops(nest, output.map))
      return false;
  FailureOr<SmallVector<Combiner>> combiners = matchCombiners(nest.op);
  if (failed(combiners))
    return failure();
  if (combiners->empty())
    return false;
  SmallVector<Value> added;
  for (const Combiner &combiner : *combiners)
    added.push_back(combiner.added);
  auto body = Body::prepare(machine, *nest.op.getBlock(), added);
  if (failed(body))
    return failure();
  for (size_t i = 0; i < nest.outputs.size(); ++i)
    if (body->reads(nest.inputs.size() + i))
      return false;

  SmallVector<unsigned> parallel, reduction;
  SmallVector<int64_t> parallelExtents, reductionExtents;
  for (auto [loop, extent] : llvm::enumerate(nest.extents)) {
    (nest.isReduction[loop] ? reduction : parallel).push_back(loop);
    (nest.isReduction[loop] ? reductionExtents : parallelExtents)
        .push_back(extent);
  }
  SmallVector<std::pair<unsigned, const Access *>> read;
  for (auto [argument, access] : llvm::enumerate(nest.inputs))
    if (body->reads(argument)) {
      if (failed(checkDefined(nest, access)))
        return failure();
      read.push_back({argument, &access});
    }
  bool alongLast = nest.isReduction.back();
  for (SmallVector<Access> *accesses : {&nest.inputs, &nest.outputs})
    for (const Access &access : *accesses)
      alongLast &= isProjectedPermutation(access.map);
  for (const Access &output : nest.outputs)
    if (output.tensor.isUndefined() && output.tensor.size() != 0)
      return nest.op->emitOpError(
          "reads elements of tensor.empty, which are undefined");

  SmallVector<int64_t> indices(nest.extents.size(), 0);
  LogicalResult done = forEachIndex(parallelExtents, [&](auto outer) {
    for (auto [loop, index] : llvm::zip_equal(parallel, outer))
      indices[loop] = index;
    for (unsigned loop : reduction)
      indices[loop] = 0;
    std::vector<Accumulator> accumulators;
    for (auto [combiner, output] : llvm::zip_equal(*combiners, nest.outputs)) {
      bool laneTree = alongLast && floatIdentity(combiner.op);
      accumulators.emplace_back(combiner, laneTree,
                                output.tensor.get(output.at(indices)));
    }
    LogicalResult summed = forEachIndex(reductionExtents, [&](auto inner) {
      for (auto [loop, index] : llvm::zip_equal(reduction, inner))
        indices[loop] = index;
      for (auto [argument, access] : read)
        body->setArgument(argument, access->tensor.get(access->at(indices)));
      if (failed(body->evaluate(indices)))
        return failure();
      for (auto [i, accumulator] : llvm::enumerate(accumulators))
        accumulator.add(inner.back(), body->result(i));
      return success();
    });
    if (failed(summed))
      return failure();
    for (auto [accumulator, output] :
         llvm::zip_equal(accumulators, nest.outputs)) {
      unsigned width = output.tensor.format().width;
      int64_t offset = output.at(indices);
      std::optional<Scalar> total = accumulator.finish(width);
      if (!total)
        return LogicalResult(nest.op->emitOpError("has the sum ")
                             << accumulator.sumText() << " at element "
                             << indexString(output.tensor.shape(), offset)
                             << ", which does not fit its " << width
                             << " bits (N9)");
      output.tensor.set(offset, *total);
    }
    return success();
  });
  if (failed(done))
    return failure();
  return true;
}
} // namespace lowbit::interpreter
