//===- ReadAsserts.cpp - assertions about sizes ---------------------------===//
//
//   %same = arith.cmpi eq, %found, %expected : index
//   cf.assert %same, "mismatched size for broadcast"
//   ->  lowbit.check_size %found, %expected "mismatched size for broadcast"
//
// In: assertions as torch-mlir writes them about dynamic sizes. Out: none of
// these, and none of a constant that is true. Others stay, and the float
// contract refuses them.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_READASSERTS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// The size as an index; null where the number is none.
static Value asIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  auto cast = value.getDefiningOp<arith::IndexCastOp>();
  return cast && cast.getIn().getType().isIndex() ? cast.getIn() : Value();
}

namespace {
struct ReadAsserts : lowbit::impl::ReadAssertsBase<ReadAsserts> {
  void runOnOperation() override {
    SmallVector<cf::AssertOp> asserts;
    getOperation().walk([&](cf::AssertOp op) { asserts.push_back(op); });
    for (cf::AssertOp op : asserts) {
      auto cmp = op.getArg().getDefiningOp<arith::CmpIOp>();
      if (matchPattern(op.getArg(), m_One())) {
        op.erase();
      } else if (cmp && cmp.getPredicate() == arith::CmpIPredicate::eq &&
                 isa<func::FuncOp>(op->getParentOp())) {
        Value found = asIndex(cmp.getLhs()), expected = asIndex(cmp.getRhs());
        OpBuilder builder(op);
        if (!found && !expected)
          continue;
        auto toIndex = [&](Value index, Value number) -> Value {
          return index ? index
                       : arith::IndexCastOp::create(builder, op.getLoc(),
                                                    builder.getIndexType(),
                                                    number)
                             .getResult();
        };
        CheckSizeOp::create(builder, op.getLoc(), toIndex(found, cmp.getLhs()),
                            toIndex(expected, cmp.getRhs()), op.getMsg());
        op.erase();
        ++numConverted;
      }
    }
  }
};
} // namespace
