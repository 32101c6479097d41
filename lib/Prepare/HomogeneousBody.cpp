//===- HomogeneousBody.cpp - whether a body keeps a factor ----------------===//
//
// In: a body, and which of its operands carry a factor s > 0. Each value is
// sorted by what the factor does to it:
//
//   scaled     s x         the operands, and what follows
//   invariant  x = s x     zero and the infinities
//   free       x           whatever the factor does not reach
//   constant   x           an operand that is a constant: it can be scaled
//
// scaled + scaled, max(scaled, invariant), scaled * free and the like are
// scaled; a comparison of scaled values is free. Refused: everything else, a
// clamp at a number (relu6) and an exponential among them.
//
//===----------------------------------------------------------------------===//
#include "HomogeneousBody.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace {
enum class Kind { Scaled, Invariant, Free, Constant };

bool isInvariant(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) ||
         matchPattern(value, m_PosInfFloat()) ||
         matchPattern(value, m_NegInfFloat());
}

/// What the operand that is written starts from: zero and infinity are filled
/// in.
bool startsInvariant(Value init) {
  while (auto cast = init.getDefiningOp<tensor::CastOp>())
    init = cast.getSource();
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    return isInvariant(fill.getInputs()[0]);
  return isZeroFilled(init);
}

class BodyMatcher {
public:
  BodyMatcher(linalg::LinalgOp op, llvm::function_ref<bool(OpOperand &)> scaled,
              std::string &reason)
      : op(op), reason(reason) {
    for (OpOperand &operand : op->getOpOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(&operand);
      Kind kind = Kind::Free;
      if (scaled(operand))
        kind = Kind::Scaled;
      else if (isConstantTensor(operand.get()))
        kind = Kind::Constant;
      else if (op.isDpsInit(&operand) && startsInvariant(operand.get()))
        kind = Kind::Invariant;
      kinds[argument] = kind;
      if (kind == Kind::Constant)
        operands[argument] = &operand;
    }
  }

  std::optional<HomogeneousBody> match() {
    for (Operation &inner : op.getBlock()->without_terminator())
      if (!visit(inner))
        return std::nullopt;
    Value yielded = op.getBlock()->getTerminator()->getOperand(0);
    if (kindOf(yielded) != Kind::Scaled) {
      reason = "does not depend on the scaled value";
      return std::nullopt;
    }
    // A constant is either scaled everywhere or nowhere.
    for (Value argument : scaledConstants) {
      if (unscaledConstants.contains(argument)) {
        reason = "both adds and multiplies by one constant";
        return std::nullopt;
      }
      found.constants.push_back(operands.lookup(argument));
    }
    return std::move(found);
  }

private:
  Kind kindOf(Value value) {
    auto it = kinds.find(value);
    if (it != kinds.end())
      return it->second;
    return isInvariant(value) ? Kind::Invariant : Kind::Free;
  }

  bool visit(Operation &inner) {
    SmallVector<Kind> of;
    for (Value operand : inner.getOperands())
      of.push_back(kindOf(operand));
    if (!llvm::is_contained(of, Kind::Scaled)) {
      for (Value operand : inner.getOperands())
        if (kindOf(operand) == Kind::Constant)
          unscaledConstants.insert(operand);
      return true; // Free, or a constant that matchers see.
    }
    if (inner.getNumResults() != 1)
      return refuse(inner);
    if (isa<arith::NegFOp, math::AbsFOp>(inner))
      return set(inner, Kind::Scaled);
    if (isa<arith::MulFOp>(inner))
      return llvm::count(of, Kind::Scaled) == 1 ? keepFactor(inner)
                                                : refuse(inner);
    if (isa<arith::DivFOp>(inner))
      return of[1] != Kind::Scaled ? keepFactor(inner) : refuse(inner);
    if (isa<arith::AddFOp, arith::SubFOp>(inner))
      return join(inner, inner.getOperands());
    if (isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
            arith::MinNumFOp>(inner))
      return join(inner, inner.getOperands());
    if (isa<arith::CmpFOp>(inner))
      return join(inner, inner.getOperands()) && set(inner, Kind::Free);
    if (isa<arith::SelectOp>(inner) && of[0] != Kind::Scaled)
      return join(inner, inner.getOperands().drop_front());
    return refuse(inner);
  }

  /// The factor of one operand stays; a constant stays what it is.
  bool keepFactor(Operation &inner) {
    for (Value operand : inner.getOperands())
      if (kindOf(operand) == Kind::Constant)
        unscaledConstants.insert(operand);
    return set(inner, Kind::Scaled);
  }

  /// All have to carry the factor, or be indifferent to it.
  bool join(Operation &inner, ValueRange values) {
    for (Value value : values)
      switch (kindOf(value)) {
      case Kind::Scaled:
      case Kind::Invariant:
        continue;
      case Kind::Constant:
        scaledConstants.insert(value);
        continue;
      case Kind::Free:
        reason = "joins it with a value that is not scaled (" +
                 inner.getName().getStringRef().str() + ")";
        return false;
      }
    return set(inner, Kind::Scaled);
  }

  bool set(Operation &inner, Kind kind) {
    kinds[inner.getResult(0)] = kind;
    return true;
  }

  bool refuse(Operation &inner) {
    reason =
        "does not keep a factor (" + inner.getName().getStringRef().str() + ")";
    return false;
  }

  linalg::LinalgOp op;
  std::string &reason;
  HomogeneousBody found;
  llvm::DenseMap<Value, Kind> kinds;
  llvm::DenseMap<Value, OpOperand *> operands;
  llvm::SetVector<Value> scaledConstants, unscaledConstants;
};
} // namespace

std::optional<HomogeneousBody>
lowbit::matchHomogeneousBody(linalg::LinalgOp op,
                             llvm::function_ref<bool(OpOperand &)> isScaled,
                             std::string &reason) {
  return BodyMatcher(op, isScaled, reason).match();
}
