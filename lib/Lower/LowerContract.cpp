//===- LowerContract.cpp - contractions with an epilogue in linalg --------===//
//
// In: lowbit.contract and packed_contract. Out: a contraction of carriers
// (ContractProducts.cpp) and one generic over the result:
//
//   ^bb0(%sum, %corrections..., %extra...):
//     %acc = %sum + %corrections...
//     the region on %acc and %extra
//
// Refused: results of a packed format, of which no element can be yielded, and
// sums that the accumulator may not hold (ContractBounds.cpp).
//
//===----------------------------------------------------------------------===//
#include "ContractBounds.h"
#include "ContractLowering.h"
#include "Storage.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERCONTRACT
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

namespace {
template <typename OpTy> class ContractLowering {
public:
  ContractLowering(OpBuilder &builder, OpTy op, ParameterReader &reader)
      : builder(builder), op(op), reader(reader) {
    nest.op = op;
    nest.resultType = cast<RankedTensorType>(op.getResult().getType());
    nest.accumulator = op.getEpilogue().front().getArgument(0).getType();
    for (Attribute map : op.getIndexingMaps())
      maps.push_back(cast<AffineMapAttr>(map).getValue());
    nest.resultMap = maps.back();
    for (Attribute type : op.getIteratorTypes())
      nest.iterators.push_back(cast<StringAttr>(type).getValue() == "reduction"
                                   ? utils::IteratorType::reduction
                                   : utils::IteratorType::parallel);
  }

  FailureOr<Value> emit() {
    auto format =
        dyn_cast<QuantizedTypeInterface>(nest.resultType.getElementType());
    if (format && format.getPack())
      return op.emitOpError()
             << "yields elements of a packed format, " << nest.resultType
             << "; leave out 'pack' and pack the result afterwards";
    if (failed(readFactor(0, op.getLhs(), op.getLhs().getType())) ||
        failed(readRhs()))
      return failure();
    readSizes();
    // The window of an empty loop ends at -1, which linalg refuses.
    if (nest.isEmpty())
      return emitEpilogue(emitEmptySums(builder, nest), {});
    bool isByte = nest.accumulator.isInteger(32);
    for (const ContractFactor &factor : nest.factors)
      isByte &= getElementTypeOrSelf(factor.value).isInteger(8);
    if (isByte)
      for (ContractFactor &factor : nest.factors)
        if (!factor.isSigned)
          makeSigned(builder, op, factor);
    // The bytes of panels are in another order.
    Value rhs;
    if constexpr (std::is_same_v<OpTy, ContractOp>)
      rhs = op.getRhs();
    if (!nest.accumulator.isF32() &&
        failed(checkSums(builder, nest, rhs, /*corrects=*/isByte, reader)))
      return failure();
    if (!isByte)
      return emitEpilogue(emitProducts(builder, nest, /*subtracts=*/true), {});
    Value sums = emitProducts(builder, nest, /*subtracts=*/false);
    return emitEpilogue(sums, emitCorrections(builder, nest));
  }

private:
  LogicalResult readRhs() {
    if constexpr (std::is_same_v<OpTy, PackedContractOp>)
      return readFactor(1, emitUnpackedPanels(builder, op), op.getRhsType());
    else
      return readFactor(1, op.getRhs(), op.getRhs().getType());
  }

  /// `type` has the format, which a packed value has lost.
  LogicalResult readFactor(unsigned side, Value value, Type type) {
    ContractFactor &factor = nest.factors[side];
    factor.map = maps[side];
    auto format = dyn_cast<QuantizedTypeInterface>(getElementTypeOrSelf(type));
    if (format && value.getType() == type)
      value = toCarrier(builder, value);
    factor.value = value;
    if (auto small = dyn_cast_or_null<SmallFloatType>(Type(format))) {
      factor.value =
          emitElementwise(
              builder, op, value, ElementInput::of(value), builder.getF32Type(),
              [&](ElementBuilder e, ValueRange args) {
                Value code = e.extend(args[0], e.b.getI32Type(), false);
                return SmallVector<Value>{
                    emitDecode(e, code, toNumerics(small))};
              })
              .front();
      return success();
    }
    // Below 8 bits the sign bit of the carrier is 0 either way.
    factor.isSigned =
        !format || isSignedFormat(format) || format.getStorageWidth() % 8 != 0;
    factor.wasUnsigned = !factor.isSigned;
    if (auto affine = dyn_cast_or_null<AffineType>(Type(format))) {
      factor.range = {affine.getMin(), affine.getMax()};
    } else {
      unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
      factor.range = {llvm::minIntN(width), llvm::maxIntN(width)};
    }
    ElementsAttr attr =
        side == 0 ? op.getLhsZeroPointAttr() : op.getRhsZeroPointAttr();
    factor.zeroPoint.dynamic =
        side == 0 ? op.getDynamicLhsZeroPoint() : op.getDynamicRhsZeroPoint();
    Type zeroType;
    if (factor.zeroPoint.dynamic)
      zeroType = factor.zeroPoint.dynamic.getType();
    if (attr) {
      zeroType = attr.getShapedType();
      auto known = readIntegers(attr);
      if (!known)
        return op.emitOpError() << (side == 0 ? "lhs" : "rhs")
                                << "_zero_point has no numbers here: its "
                                   "resource is missing or has another size";
      factor.zeroPoint.known = std::move(*known);
    }
    auto shaped = dyn_cast_or_null<RankedTensorType>(zeroType);
    if (shaped && shaped.getRank() == 1) {
      int64_t axis = *format.getGranularity().getAxis();
      factor.zeroPoint.loop =
          cast<AffineDimExpr>(factor.map.getResult(axis)).getPosition();
    }
    return success();
  }

  /// From operands that a loop is a dimension of, static sizes first.
  void readSizes() {
    Location loc = op.getLoc();
    nest.sizes.resize(nest.iterators.size());
    auto read = [&](Value value, AffineMap map) {
      for (auto [d, expr] : llvm::enumerate(map.getResults())) {
        auto dim = dyn_cast<AffineDimExpr>(expr);
        if (!dim)
          continue;
        OpFoldResult &size = nest.sizes[dim.getPosition()];
        auto type = cast<RankedTensorType>(value.getType());
        if (!type.isDynamicDim(d))
          size = builder.getIndexAttr(type.getDimSize(d));
        else if (!size)
          size = tensor::getMixedSize(builder, loc, value, d);
      }
    };
    for (const ContractFactor &factor : nest.factors)
      read(factor.value, factor.map);
    read(op.getInit(), nest.resultMap);
  }

  /// The loops of a map as dimensions of the result.
  AffineMap overResult(AffineMap map) {
    SmallVector<AffineExpr> dims;
    for (AffineExpr expr : map.getResults())
      dims.push_back(builder.getAffineDimExpr(
          nest.resultDim(cast<AffineDimExpr>(expr).getPosition())));
    return AffineMap::get(nest.resultMap.getNumResults(), 0, dims,
                          builder.getContext());
  }

  FailureOr<Value> emitEpilogue(Value sums, ArrayRef<Correction> corrections) {
    Block &block = op.getEpilogue().front();
    auto yield = cast<YieldOp>(block.getTerminator());
    Type result = nest.resultType;
    if (isa<QuantizedTypeInterface>(nest.resultType.getElementType()))
      result = carrierType(result);
    if (corrections.empty() && yield.getValue() == block.getArgument(0))
      return emitTensorCast(builder, op.getLoc(), sums, result);
    SmallVector<ElementInput> inputs{ElementInput::of(sums)};
    unsigned rank = nest.resultMap.getNumResults();
    for (const Correction &correction : corrections) {
      ElementInput input = ElementInput::single(correction.tensor, rank);
      SmallVector<AffineExpr> dims;
      for (unsigned loop : correction.loops)
        dims.push_back(builder.getAffineDimExpr(nest.resultDim(loop)));
      input.map = AffineMap::get(rank, 0, dims, builder.getContext());
      inputs.push_back(input);
    }
    for (auto [i, value] : llvm::enumerate(op.getExtra())) {
      Type element = getElementTypeOrSelf(value.getType());
      auto format = dyn_cast<QuantizedTypeInterface>(element);
      if (format && format.getPack())
        return op.emitOpError() << "reads elements of a packed format, "
                                << value.getType() << "; dequantize it before";
      ElementInput input =
          ElementInput::of(format ? toCarrier(builder, value) : Value(value));
      input.map = overResult(maps[2 + i]);
      inputs.push_back(input);
    }
    auto body = [&](ElementBuilder e, ValueRange args) -> SmallVector<Value> {
      Value sum = args[0];
      for (size_t i = 0; i < corrections.size(); ++i)
        sum = e.make<arith::AddIOp>(sum, args[1 + i]);
      IRMapping mapping;
      mapping.map(block.getArgument(0), sum);
      for (size_t i = 0; i < op.getExtra().size(); ++i) {
        BlockArgument argument = block.getArgument(1 + i);
        Value element = args[1 + corrections.size() + i];
        if (isa<QuantizedTypeInterface>(argument.getType()))
          element = fromCarrier(e.b, e.loc, element, argument.getType());
        mapping.map(argument, element);
      }
      for (Operation &each : block.without_terminator())
        e.b.clone(each, mapping);
      Value value = mapping.lookupOrDefault(yield.getValue());
      if (isa<QuantizedTypeInterface>(value.getType()))
        value = toCarrier(e.b, value);
      return {value};
    };
    Value made = emitElementwise(builder, op, sums, inputs,
                                 getElementTypeOrSelf(result), body)
                     .front();
    carryId(op, made);
    return emitTensorCast(builder, op.getLoc(), made, result);
  }

  OpBuilder &builder;
  OpTy op;
  ParameterReader &reader;
  ContractNest nest;
  SmallVector<AffineMap> maps;
};

template <typename OpTy> struct LowerOne : OpRewritePattern<OpTy> {
  LowerOne(MLIRContext *context, ParameterReader &reader)
      : OpRewritePattern<OpTy>(context), reader(reader) {}
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Value> result =
        ContractLowering<OpTy>(rewriter, op, reader).emit();
    if (failed(result))
      return failure();
    Value value = *result;
    Type type = op.getResult().getType();
    if (isa<QuantizedTypeInterface>(getElementTypeOrSelf(type)))
      value = fromCarrier(rewriter, op.getLoc(), value, type);
    rewriter.replaceOp(op, value);
    return success();
  }

  ParameterReader &reader;
};

struct LowerContract : lowbit::impl::LowerContractBase<LowerContract> {
  void runOnOperation() override {
    auto isContract = [](Operation *op) {
      return isa<ContractOp, PackedContractOp>(op);
    };
    getOperation().walk([&](Operation *op) { numContract += isContract(op); });
    ParameterReader reader(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerOne<ContractOp>, LowerOne<PackedContractOp>>(
        &getContext(), reader);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    // A pattern that fails has said why.
    if (getOperation()
            .walk([&](Operation *op) {
              return isContract(op) ? WalkResult::interrupt()
                                    : WalkResult::advance();
            })
            .wasInterrupted())
      return signalPassFailure();
    resolveCarriers(getOperation(), /*isLast=*/false);
  }
};
} // namespace
