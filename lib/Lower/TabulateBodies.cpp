//===- TabulateBodies.cpp - functions of one byte become tables -----------===//
//
//   generic(%i8) -> i8 { dequantize, erf, ..., quantize }
//   ->  generic(%i8) { tensor.extract %table[%i + 128] }
//
// In: elementwise generics that make integers of integers (FuseBodies.cpp).
// Out: where the body depends on one integer of 8 bits alone, its result for
// each of them, as the interpreter computes it: exactly what the body rounds
// to. A body that only changes parameters, or clamps besides, costs less than
// a look-up and stays.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Interpreter/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_TABULATEBODIES
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

namespace {
struct TabulateBodies : lowbit::impl::TabulateBodiesBase<TabulateBodies> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isFunctionOfByte(op) && isCostly(op))
        ops.push_back(op);
    });
    for (linalg::GenericOp op : ops)
      if (failed(tabulate(op)))
        return signalPassFailure();
  }

  /// One operand of 8 bits, element by element, and nothing from elsewhere but
  /// numbers.
  static bool isFunctionOfByte(linalg::GenericOp op) {
    if (op.getNumDpsInputs() != 1 || op->getNumResults() != 1 ||
        op.getNumReductionLoops() > 0 || !op.hasPureTensorSemantics() ||
        !getElementTypeOrSelf(op.getDpsInputs()[0].getType()).isInteger(8) ||
        op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      return false;
    Type element = getElementTypeOrSelf(op.getResult(0).getType());
    if (!element.isInteger(8) && !element.isInteger(16))
      return false;
    return interpreter::isClosed(op);
  }

  /// More than a clamp between dequantize and quantize.
  static bool isCostly(linalg::GenericOp op) {
    auto ids = op->getAttrOfType<ArrayAttr>(LowbitDialect::kIntegersAttr);
    if (!ids)
      return false;
    // What dequantize and quantize are made of: one product, one quotient,
    // one rounding, a clamp and sums with the zero points.
    unsigned products = 0, quotients = 0, clamps = 0;
    bool hasFunction = false;
    for (Operation &inner : op.getBody()->without_terminator()) {
      hasFunction |= isa<math::MathDialect>(inner.getDialect()) &&
                     !isa<math::RoundEvenOp, math::RoundOp, math::TruncOp,
                          math::FloorOp, math::CeilOp, math::AbsFOp>(inner);
      hasFunction |= isa<arith::AddFOp, arith::SubFOp>(inner);
      products += isa<arith::MulFOp>(inner);
      quotients += isa<arith::DivFOp>(inner);
      clamps += isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
                    arith::MinNumFOp>(inner);
    }
    return hasFunction || products + quotients > 2 || clamps > 4;
  }

  /// What the body makes of each byte from -128 to 127.
  static FailureOr<interpreter::Tensor> evaluate(linalg::GenericOp op) {
    std::vector<int8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), int8_t(-128));
    Type i8 = IntegerType::get(op.getContext(), 8);
    auto view = interpreter::Tensor::view(
        i8, {256}, {reinterpret_cast<const char *>(bytes.data()), 256});
    auto results = interpreter::runElementwise(op, op.getDpsInputs()[0], view,
                                               op.getResult(0));
    if (failed(results))
      return failure();
    return results->front();
  }

  template <typename T>
  static Value emitConstant(OpBuilder &builder, linalg::GenericOp op,
                            StringRef name,
                            const interpreter::Tensor &results) {
    std::vector<T> codes;
    for (int64_t i = 0; i < 256; ++i)
      codes.push_back(T(results.get(i).i));
    auto type = RankedTensorType::get(
        {256}, getElementTypeOrSelf(op.getResult(0).getType()));
    return ConstantBuilder(op->getParentOfType<ModuleOp>())
        .create(builder, op.getLoc(), name, type, ArrayRef<T>(codes));
  }

  LogicalResult tabulate(linalg::GenericOp op) {
    auto results = evaluate(op);
    if (failed(results))
      return failure();
    auto ids = op->getAttrOfType<ArrayAttr>(LowbitDialect::kIntegersAttr);
    OpBuilder builder(op);
    std::string name =
        (cast<StringAttr>(ids.getValue().back()).getValue() + ".codes").str();
    bool isByte = getElementTypeOrSelf(op.getResult(0).getType()).isInteger(8);
    Value table = isByte ? emitConstant<int8_t>(builder, op, name, *results)
                         : emitConstant<int16_t>(builder, op, name, *results);
    Block *body = op.getBody();
    Operation *yield = body->getTerminator();
    builder.setInsertionPoint(yield);
    Location loc = op.getLoc();
    Value wide = arith::ExtSIOp::create(builder, loc, builder.getI32Type(),
                                        body->getArgument(0));
    Value first =
        arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(128));
    Value position = arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(),
        arith::AddIOp::create(builder, loc, wide, first));
    Value code =
        tensor::ExtractOp::create(builder, loc, table, ValueRange{position});
    yield->setOperand(0, code);
    SmallVector<Operation *> dead;
    for (Operation &inner : body->without_terminator())
      dead.push_back(&inner);
    for (Operation *inner : llvm::reverse(dead))
      if (isOpTriviallyDead(inner))
        inner->erase();
    op->removeAttr(LowbitDialect::kIntegersAttr);
    op->setAttr(LowbitDialect::kTablesAttr, ids);
    ++numTables;
    return success();
  }
};
} // namespace
