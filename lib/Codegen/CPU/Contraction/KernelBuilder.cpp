//===- KernelBuilder.cpp - index arithmetic and loops with folding --------===//
#include "KernelBuilder.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace lowbit {

static constexpr auto noWrap =
    arith::IntegerOverflowFlags::nsw | arith::IntegerOverflowFlags::nuw;

Value KernelBuilder::value(Index i) {
  if (auto v = dyn_cast<Value>(i))
    return v;
  return arith::ConstantIndexOp::create(*this, *constant(i));
}

OpFoldResult KernelBuilder::add(Index lhs, Index rhs) {
  std::optional<int64_t> l = constant(lhs), r = constant(rhs);
  if (l && r)
    return index(*l + *r);
  if (l && *l == 0)
    return rhs;
  if (r && *r == 0)
    return lhs;
  return arith::AddIOp::create(*this, value(lhs), value(rhs), noWrap)
      .getResult();
}

OpFoldResult KernelBuilder::mul(Index lhs, Index rhs) {
  std::optional<int64_t> l = constant(lhs), r = constant(rhs);
  if (l && r)
    return index(*l * *r);
  if ((l && *l == 0) || (r && *r == 0))
    return index(0);
  if (l && *l == 1)
    return rhs;
  if (r && *r == 1)
    return lhs;
  return arith::MulIOp::create(*this, value(lhs), value(rhs), noWrap)
      .getResult();
}

OpFoldResult KernelBuilder::sub(Index lhs, Index rhs) {
  std::optional<int64_t> l = constant(lhs), r = constant(rhs);
  if (l && r)
    return index(*l - *r);
  if (r && *r == 0)
    return lhs;
  return arith::SubIOp::create(*this, value(lhs), value(rhs),
                               arith::IntegerOverflowFlags::nsw)
      .getResult();
}

OpFoldResult KernelBuilder::min(Index lhs, Index rhs) {
  std::optional<int64_t> l = constant(lhs), r = constant(rhs);
  if (l && r)
    return index(std::min(*l, *r));
  return arith::MinSIOp::create(*this, value(lhs), value(rhs)).getResult();
}

OpFoldResult KernelBuilder::floorDiv(Index lhs, int64_t rhs) {
  if (rhs == 1)
    return lhs;
  if (std::optional<int64_t> l = constant(lhs))
    return index(*l / rhs);
  return arith::DivUIOp::create(*this, value(lhs), value(index(rhs)))
      .getResult();
}

OpFoldResult KernelBuilder::ceilDiv(Index lhs, int64_t rhs) {
  return floorDiv(add(lhs, index(rhs - 1)), rhs);
}

OpFoldResult KernelBuilder::roundDown(Index lhs, int64_t unit) {
  return mul(floorDiv(lhs, unit), index(unit));
}

OpFoldResult KernelBuilder::product(ArrayRef<Index> factors) {
  Index result = index(1);
  for (Index f : factors)
    result = mul(result, f);
  return result;
}

Value KernelBuilder::lessEqual(Index lhs, Index rhs) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::sle, value(lhs),
                               value(rhs));
}

Value KernelBuilder::splat(Type elementType, int64_t lanes, int64_t v) {
  auto type = VectorType::get(lanes, elementType);
  // Signless bit patterns such as 0x80 are given as they read unsigned.
  APInt bits(elementType.getIntOrFloatBitWidth(), v, /*isSigned=*/true,
             /*implicitTrunc=*/true);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, bits));
}

Value KernelBuilder::zeros(Type elementType, int64_t lanes) {
  auto type = VectorType::get(lanes, elementType);
  return arith::ConstantOp::create(*this, cast<TypedAttr>(getZeroAttr(type)));
}

void KernelBuilder::loop(Index lower, Index upper, int64_t step,
                         function_ref<void(Index)> body) {
  std::optional<int64_t> l = constant(lower), u = constant(upper);
  if (l && u && *l >= *u)
    return;
  if (l && u && *l + step >= *u)
    return body(lower);
  auto forOp =
      scf::ForOp::create(*this, value(lower), value(upper), value(index(step)));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(forOp.getBody()->getTerminator());
  body(forOp.getInductionVar());
}

SmallVector<Value> KernelBuilder::loop(
    Index lower, Index upper, int64_t step, ArrayRef<Value> carried,
    function_ref<SmallVector<Value>(Index, ArrayRef<Value>)> body) {
  std::optional<int64_t> l = constant(lower), u = constant(upper);
  if (l && u && *l >= *u)
    return SmallVector<Value>(carried);
  if (l && u && *l + step >= *u)
    return body(lower, carried);
  auto forOp = scf::ForOp::create(*this, value(lower), value(upper),
                                  value(index(step)), carried);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> inside(forOp.getRegionIterArgs());
  SmallVector<Value> next = body(forOp.getInductionVar(), inside);
  scf::YieldOp::create(*this, next);
  return SmallVector<Value>(forOp.getResults());
}

void KernelBuilder::nest(ArrayRef<Index> sizes, bool parallel,
                         function_ref<void(ArrayRef<Index>)> body) {
  SmallVector<Index> ivs(sizes.size(), index(0));
  SmallVector<unsigned> real;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (isConstant(size, 0))
      return;
    if (!isConstant(size, 1))
      real.push_back(i);
  }
  OpBuilder::InsertionGuard guard(*this);
  if (real.empty())
    return body(ivs);
  if (parallel) {
    SmallVector<Value> lower, upper, step;
    for (unsigned i : real) {
      lower.push_back(value(index(0)));
      upper.push_back(value(sizes[i]));
      step.push_back(value(index(1)));
    }
    auto op = scf::ParallelOp::create(*this, lower, upper, step);
    for (auto [i, iv] : llvm::zip(real, op.getInductionVars()))
      ivs[i] = iv;
    setInsertionPoint(op.getBody()->getTerminator());
    return body(ivs);
  }
  for (unsigned i : real) {
    auto op = scf::ForOp::create(*this, value(index(0)), value(sizes[i]),
                                 value(index(1)));
    ivs[i] = op.getInductionVar();
    setInsertionPoint(op.getBody()->getTerminator());
  }
  body(ivs);
}

void KernelBuilder::ifThenElse(Value condition, function_ref<void()> thenBody,
                               function_ref<void()> elseBody) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(op.thenBlock()->getTerminator());
  thenBody();
  setInsertionPoint(op.elseBlock()->getTerminator());
  elseBody();
}

Value KernelBuilder::allocate(Type elementType, Index size) {
  std::optional<int64_t> fixed = constant(size);
  auto type =
      MemRefType::get({fixed.value_or(ShapedType::kDynamic)}, elementType);
  SmallVector<Value> sizes;
  if (!fixed)
    sizes.push_back(value(size));
  return memref::AllocOp::create(*this, type, sizes, getI64IntegerAttr(64));
}

} // namespace lowbit
