//===- UnpackPanels.cpp - a packed right-hand side in plain order ---------===//
//
//   b[..., n, ..., k, ...] = packed[batch..., n / c, k / g, n % c, k % g]
//
// n and k number the columns and the depth in the order of their loops, the
// last one fastest (`#lowbit.panels`).
//
//===----------------------------------------------------------------------===//
#include "ContractLowering.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

Value lowbit::emitUnpackedPanels(OpBuilder &builder, PackedContractOp op) {
  auto plain = cast<RankedTensorType>(op.getRhsType());
  auto mapOf = [&](unsigned i) {
    return cast<AffineMapAttr>(op.getIndexingMaps()[i]).getValue();
  };
  AffineMap lhsMap = mapOf(0), rhsMap = mapOf(1);
  // Loop and dimension of the plain operand.
  SmallVector<std::pair<unsigned, unsigned>> columns, depth;
  SmallVector<unsigned> batch;
  for (auto [d, expr] : llvm::enumerate(rhsMap.getResults())) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    bool isReduction =
        cast<StringAttr>(op.getIteratorTypes()[loop]).getValue() == "reduction";
    if (!isReduction && lhsMap.isFunctionOfDim(loop))
      batch.push_back(d);
    else
      (isReduction ? depth : columns).push_back({loop, unsigned(d)});
  }
  llvm::sort(columns);
  llvm::sort(depth);

  Type i8 = builder.getI8Type();
  Value like =
      tensor::EmptyOp::create(builder, op.getLoc(), plain.getShape(), i8);
  auto emit = [&](ElementBuilder e, ValueRange) -> SmallVector<Value> {
    auto constant = [&](int64_t value) {
      return e.make<arith::ConstantOp>(e.b.getIndexAttr(value));
    };
    auto number = [&](ArrayRef<std::pair<unsigned, unsigned>> loops) {
      Value at = constant(0);
      for (auto [loop, d] : loops)
        at = e.make<arith::AddIOp>(
            e.make<arith::MulIOp>(at, constant(plain.getDimSize(d))),
            e.make<linalg::IndexOp>(int64_t(d)));
      return at;
    };
    SmallVector<Value> indices;
    for (unsigned d : batch)
      indices.push_back(e.make<linalg::IndexOp>(int64_t(d)));
    Value n = number(columns), k = number(depth);
    Value width = constant(op.getLayout().getColumns());
    Value group = constant(op.getLayout().getGroup());
    indices.push_back(e.make<arith::DivUIOp>(n, width));
    indices.push_back(e.make<arith::DivUIOp>(k, group));
    indices.push_back(e.make<arith::RemUIOp>(n, width));
    indices.push_back(e.make<arith::RemUIOp>(k, group));
    return {e.make<tensor::ExtractOp>(op.getRhs(), indices)};
  };
  return emitElementwise(builder, op, like, {}, i8, emit).front();
}
