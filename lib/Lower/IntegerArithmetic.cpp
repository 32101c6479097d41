//===- IntegerArithmetic.cpp - float operations in fixed point ------------===//
//
// In: an operation of a body, and what its operands became. Out: what its
// result becomes (FixedPoint.h), or a function (IntegerFunctions.cpp). Refused,
// with the reason: what has no form here; divisors and exponents that are not
// known and may be anything.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

std::optional<RealRange> IntegerEvaluator::hintOf(Operation *inner) {
  for (OpOperand &use : inner->getUses())
    if (isa<linalg::YieldOp>(use.getOwner()))
      return options.hint(op.getResult(use.getOperandNumber()));
  return std::nullopt;
}

IntegerEvaluator::Result IntegerEvaluator::add(Number a, Number b,
                                               std::optional<RealRange> hint) {
  if (a.constant && b.constant) {
    if (!a.constant->agreesWith(*b.constant))
      return real(fixed.add(toFixed(a), toFixed(b), hint));
    return known(a.constant->combine(*b.constant,
                                     [](double x, double y) { return x + y; }));
  }
  if (a.constant)
    std::swap(a, b);
  if (b.constant)
    return real(fixed.add(toFixed(a), *b.constant, hint));
  std::optional<double> most;
  if (hint && hint->magnitude() > 0)
    most = 8 * hint->magnitude();
  return real(fixed.add(toFixed(a, most), toFixed(b, most), hint));
}

IntegerEvaluator::Result
IntegerEvaluator::subtract(Number a, Number b, std::optional<RealRange> hint) {
  if (!b.constant)
    b = *real(toFixed(b));
  return add(a, *multiply(b, *known(-1.0)), hint);
}

IntegerEvaluator::Result IntegerEvaluator::multiply(Number a, Number b) {
  if (a.constant && b.constant && a.constant->agreesWith(*b.constant))
    return known(a.constant->combine(*b.constant,
                                     [](double x, double y) { return x * y; }));
  if (a.constant)
    std::swap(a, b);
  if (b.constant)
    return real(fixed.multiply(toFixed(a), *b.constant));
  return real(fixed.multiply(toFixed(a), toFixed(b)));
}

IntegerEvaluator::Result IntegerEvaluator::divide(Operation *inner,
                                                  Numbers args) {
  if (args[1].constant && args[1].constant->smallest() > 0) {
    for (double &value : args[1].constant->values)
      value = 1 / value;
    return multiply(args[0], args[1]);
  }
  // x * (1 / y), the second factor a function of y.
  Number reciprocals[] = {*known(1.0), args[1]};
  if (!args[1].constant && !args[1].function)
    reciprocals[1] = *real(fixed.single(toFixed(args[1])));
  if (auto reciprocal = sample(inner, reciprocals); reciprocal && *reciprocal)
    return multiply(args[0], **reciprocal);
  return refuse("it divides by what may be anything");
}

IntegerEvaluator::Result IntegerEvaluator::evaluateArithmetic(Operation *inner,
                                                              Numbers args) {
  std::optional<RealRange> hint = hintOf(inner);
  if (isa<arith::AddFOp>(inner))
    return add(args[0], args[1], hint);
  if (isa<arith::SubFOp>(inner))
    return subtract(args[0], args[1], hint);
  if (isa<arith::MulFOp>(inner))
    return multiply(args[0], args[1]);
  if (isa<arith::NegFOp>(inner))
    return multiply(args[0], *known(-1.0));
  if (isa<math::FmaOp>(inner))
    return add(*multiply(args[0], args[1]), args[2], hint);
  if (isa<arith::DivFOp>(inner))
    return divide(inner, args);
  if (isa<math::AbsFOp>(inner))
    return real(fixed.absolute(toFixed(args[0])));
  if (isa<math::PowFOp, math::Atan2Op>(inner))
    return refuse("'" + inner->getName().getStringRef() +
                  "' of two values has no integer form; one of them has to be "
                  "a constant");
  return refuse("'" + inner->getName().getStringRef() +
                "' has no integer form in this version");
}

IntegerEvaluator::Result IntegerEvaluator::evaluateWhole(Operation *inner,
                                                         Numbers args) {
  if (isa<arith::RemFOp>(inner)) {
    if (!args[1].constant || !args[1].constant->isSingle() ||
        args[1].constant->single() == 0)
      return refuse("'arith.remf' by what is not one constant has no integer "
                    "form in this version");
    return real(fixed.remainder(toFixed(args[0]), args[1].constant->single()));
  }
  WholeMode mode = isa<math::FloorOp>(inner)  ? WholeMode::Floor
                   : isa<math::CeilOp>(inner)  ? WholeMode::Ceil
                   : isa<math::TruncOp>(inner) ? WholeMode::Trunc
                   : isa<math::RoundOp>(inner) ? WholeMode::HalfAway
                                               : WholeMode::HalfEven;
  return real(fixed.toWhole(toFixed(args[0]), mode));
}

IntegerEvaluator::Result IntegerEvaluator::evaluate(Operation *inner,
                                                    Numbers args) {
  if (auto sampled = sample(inner, args))
    return *sampled;
  // Where nothing is rounded to the format, it is the number itself.
  if (isa<arith::ExtFOp, arith::TruncFOp>(inner))
    return args[0];
  if (isa<arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(
          inner))
    return evaluateConversion(inner, args);
  if (isa<arith::RemFOp, math::FloorOp, math::CeilOp, math::TruncOp,
          math::RoundOp, math::RoundEvenOp>(inner))
    return evaluateWhole(inner, args);
  if (isa<arith::CmpFOp, arith::SelectOp, arith::MaximumFOp, arith::MaxNumFOp,
          arith::MinimumFOp, arith::MinNumFOp, math::ClampFOp, math::CopySignOp,
          math::IsNaNOp, math::IsInfOp, math::IsFiniteOp>(inner))
    return evaluateChoice(inner, args);
  if (isa<FloatType>(inner->getResult(0).getType()))
    return evaluateArithmetic(inner, args);
  // Integers and conditions, some of which are looked up.
  if (llvm::any_of(inner->getOperandTypes(), llvm::IsaPred<FloatType>))
    return refuse("'" + inner->getName().getStringRef() +
                  "' has no integer form in this version");
  for (auto [operand, arg] : llvm::zip_equal(inner->getOperands(), args))
    plain.map(operand, toPlain(arg, operand.getType()));
  clonePlain(inner);
  return integer(plain.lookup(inner->getResult(0)));
}
