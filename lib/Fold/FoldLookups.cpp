//===- FoldLookups.cpp - look-ups read integer tables ---------------------===//
//
//   extract(dequantize(t), i, j)  ->  float(extract(t, i, j) - z[i]) * s[i]
//
// inside the body of a linalg.generic, for a table per row or per tensor, by
// rule N8 of docs/numerics.md. Refused: parameters that are not known at
// compile time.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace {
struct FoldLookup : OpRewritePattern<tensor::ExtractOp> {
  FoldLookup(MLIRContext *context, ModuleOp module)
      : OpRewritePattern(context), module(module) {}

  LogicalResult matchAndRewrite(tensor::ExtractOp op,
                                PatternRewriter &rewriter) const override {
    auto table = op.getTensor().getDefiningOp<DequantizeOp>();
    Operation *generic = op->getParentOp();
    if (!table || !isa<linalg::GenericOp>(generic))
      return rewriter.notifyMatchFailure(op, "reads no dequantized table");
    auto format = dyn_cast<AffineType>(Type(table.getQuantizedFormat()));
    if (!format || format.isBlockwise() || format.getPack())
      return rewriter.notifyMatchFailure(op, "reads a table in blocks");
    auto parameters = QuantParameters::of(table).read();
    if (!parameters)
      return rewriter.notifyMatchFailure(op, "has parameters at run time");
    const std::vector<float> &s = parameters->scales;
    const std::vector<int32_t> &z = parameters->zeroPoints;
    auto type = cast<RankedTensorType>(table.getInput().getType());

    Location loc = op.getLoc();
    rewriter.setInsertionPointAfter(table);
    Value ints = StorageCastOp::create(
        rewriter, loc, type.clone(format.getPlainStorage()), table.getInput());
    std::string name = tableName(table);
    Value scaleTable, zeroTable;
    bool isSymmetric = llvm::all_of(z, [](int32_t zero) { return zero == 0; });
    if (format.isPerAxis()) {
      auto shape = int64_t(s.size());
      ConstantBuilder constants(module);
      scaleTable = constants.create(
          rewriter, loc, name + ".scale",
          RankedTensorType::get({shape}, rewriter.getF32Type()), ArrayRef(s));
      if (!isSymmetric)
        zeroTable = constants.create(
            rewriter, loc, name + ".zero_point",
            RankedTensorType::get({shape}, rewriter.getI32Type()), ArrayRef(z));
    }

    rewriter.setInsertionPoint(op);
    auto choose = [&](Value list, TypedAttr single) -> Value {
      if (!format.isPerAxis())
        return arith::ConstantOp::create(rewriter, loc, single);
      return tensor::ExtractOp::create(
          rewriter, loc, list, ValueRange{op.getIndices()[*format.getAxis()]});
    };
    Type i32 = rewriter.getI32Type();
    Value q = tensor::ExtractOp::create(rewriter, loc, ints, op.getIndices());
    q = format.isSigned()
            ? Value(arith::ExtSIOp::create(rewriter, loc, i32, q))
            : Value(arith::ExtUIOp::create(rewriter, loc, i32, q));
    if (!isSymmetric) {
      Value zero = choose(zeroTable, rewriter.getI32IntegerAttr(z.front()));
      q = arith::SubIOp::create(rewriter, loc, q, zero);
    }
    Value scale = choose(scaleTable, rewriter.getF32FloatAttr(s.front()));
    Value f = arith::SIToFPOp::create(rewriter, loc, rewriter.getF32Type(), q);
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, f, scale);
    return success();
  }

  static std::string tableName(DequantizeOp table) {
    Value source = table.getInput();
    while (Operation *op = source.getDefiningOp()) {
      if (!isa<QuantizeOp, StorageCastOp>(op))
        break;
      source = op->getOperand(0);
    }
    return valueName(source);
  }

  mutable ModuleOp module;
};
} // namespace

void lowbit::populateFoldLookupPatterns(RewritePatternSet &patterns,
                                        ModuleOp module) {
  patterns.add<FoldLookup>(patterns.getContext(), module);
}
