//===- Contractions.cpp - sums of products, in plain loops ----------------===//
//
// F2: floats are acc = fma(a, b, acc) in the order of the loops, the last one
// fastest; f16 and bf16 accumulators round each time. N9: integers are summed
// exactly, and a final sum that the accumulator does not hold is an error.
//
//===----------------------------------------------------------------------===//
#include "Nest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;

namespace lowbit::interpreter {
namespace {
/// The loops from `depth` on, at these offsets; stops when `step` is false.
template <typename Step>
bool runLoops(const Nest &nest, const Access &a, const Access &b,
              const Access &c, size_t depth, int64_t ia, int64_t ib, int64_t ic,
              const Step &step) {
  if (depth == nest.extents.size())
    return step(ia, ib, ic);
  bool isLast = depth + 1 == nest.extents.size();
  for (int64_t i = 0; i < nest.extents[depth]; ++i) {
    bool goesOn = isLast ? step(ia, ib, ic)
                         : runLoops(nest, a, b, c, depth + 1, ia, ib, ic, step);
    if (!goesOn)
      return false;
    ia += a.strides[depth];
    ib += b.strides[depth];
    ic += c.strides[depth];
  }
  return true;
}

template <typename T> std::vector<T> readFloats(const Tensor &tensor) {
  std::vector<T> result(tensor.size());
  for (int64_t i = 0; i < tensor.size(); ++i)
    result[i] = T(tensor.get(i).f);
  return result;
}

std::vector<int64_t> readInts(const Tensor &tensor, bool isUnsigned) {
  std::vector<int64_t> result(tensor.size());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t value = tensor.get(i).i;
    result[i] =
        isUnsigned ? int64_t(zeroExtend(value, tensor.format().width)) : value;
  }
  return result;
}

/// T is float or double, and holds the operands exactly.
template <typename T>
void contractFloats(Nest &nest, const Access &a, const Access &b, Access &c) {
  std::vector<T> as = readFloats<T>(a.tensor), bs = readFloats<T>(b.tensor),
                 cs = readFloats<T>(c.tensor);
  FloatType type = c.tensor.format().floatType;
  bool rounds = !type.isF32() && !type.isF64();
  runLoops(nest, a, b, c, 0, a.base, b.base, c.base,
           [&](int64_t ia, int64_t ib, int64_t ic) {
             cs[ic] = std::fma(as[ia], bs[ib], cs[ic]);
             if (rounds)
               cs[ic] = T(roundTo(type, cs[ic]));
             return true;
           });
  for (int64_t i = 0; i < c.tensor.size(); ++i)
    c.tensor.set(i, Scalar::ofFloat(cs[i]));
}

LogicalResult contractInts(Nest &nest, const MultiplyAdd &match,
                           const Access &a, const Access &b, Access &c) {
  std::vector<int64_t> as = readInts(a.tensor, match.lhsUnsigned),
                       bs = readInts(b.tensor, match.rhsUnsigned),
                       cs = readInts(c.tensor, false);
  int64_t failing = 0;
  bool fits = runLoops(nest, a, b, c, 0, a.base, b.base, c.base,
                       [&](int64_t ia, int64_t ib, int64_t ic) {
                         int64_t product;
                         failing = ic;
                         return !llvm::MulOverflow(as[ia], bs[ib], product) &&
                                !llvm::AddOverflow(cs[ic], product, cs[ic]);
                       });
  unsigned width = c.tensor.format().width;
  if (!fits)
    return nest.op->emitOpError("has a sum beyond 64 bits at element ")
           << indexString(c.tensor.shape(), failing);
  for (int64_t i = 0; i < c.tensor.size(); ++i) {
    if (wrap(cs[i], width) != cs[i])
      return nest.op->emitOpError("has the sum ")
             << cs[i] << " at element " << indexString(c.tensor.shape(), i)
             << ", which does not fit the accumulator's " << width
             << " bits (N9)";
    c.tensor.set(i, Scalar::ofInt(cs[i]));
  }
  return success();
}

/// Looks through one widening of an operand.
Value skipExtension(Value value, bool &isUnsigned) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(op))
    return value;
  isUnsigned = isa<arith::ExtUIOp>(op);
  return op->getOperand(0);
}
} // namespace

std::optional<MultiplyAdd> matchMultiplyAdd(const Nest &nest) {
  linalg::LinalgOp op = nest.op;
  Block *block = op.getBlock();
  if (!nest.hasReduction() || nest.outputs.size() != 1)
    return std::nullopt;
  for (auto [loop, isReduction] : llvm::enumerate(nest.isReduction))
    if (isReduction && nest.outputs[0].map.isFunctionOfDim(loop))
      return std::nullopt;
  Value acc = block->getArguments().back();
  Operation *add = block->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add) ||
      add->getBlock() != block)
    return std::nullopt;
  bool accFirst = add->getOperand(0) == acc;
  if (!accFirst && add->getOperand(1) != acc)
    return std::nullopt;
  Operation *mul = add->getOperand(accFirst ? 1 : 0).getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(mul) ||
      mul->getBlock() != block)
    return std::nullopt;
  MultiplyAdd match;
  auto lhs = dyn_cast<BlockArgument>(
      skipExtension(mul->getOperand(0), match.lhsUnsigned));
  auto rhs = dyn_cast<BlockArgument>(
      skipExtension(mul->getOperand(1), match.rhsUnsigned));
  for (BlockArgument argument : {lhs, rhs})
    if (!argument || argument.getOwner() != block || argument == acc)
      return std::nullopt;
  // A sum of squares is a reduction of one operand.
  if (lhs == rhs)
    return std::nullopt;
  match.lhs = lhs.getArgNumber();
  match.rhs = rhs.getArgNumber();
  return match;
}

LogicalResult runContraction(Nest &nest, const MultiplyAdd &match) {
  const Access &a = nest.inputs[match.lhs], &b = nest.inputs[match.rhs];
  Access &c = nest.outputs[0];
  for (const Access *access : {&a, &b, const_cast<const Access *>(&c)})
    if (failed(checkDefined(nest, *access)))
      return failure();
  FloatType type = c.tensor.format().floatType;
  if (!type)
    return contractInts(nest, match, a, b, c);
  if (type.isF64())
    contractFloats<double>(nest, a, b, c);
  else
    contractFloats<float>(nest, a, b, c);
  return success();
}
} // namespace lowbit::interpreter
