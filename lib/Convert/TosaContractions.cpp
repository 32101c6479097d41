//===- TosaContractions.cpp - TOSA's quantized contractions ---------------===//
//
//   tosa.matmul %a, %b, %a_zp, %b_zp
//     ->  lowbit.contract {lhs_zero_point, rhs_zero_point}, acc yielded
//   tosa.conv2d, tosa.depthwise_conv2d %x, %w, %bias, %x_zp, %w_zp
//     ->  the input padded with its zero point (rule N21), lowbit.contract with
//         strides and dilations in the map of the input, acc + bias yielded
//
// TOSA 1.0: sum of (a - a_zp)(b - b_zp) in i32, exact, which is rule N9. A
// depthwise result is [n, y, x, c, m] in the contraction and collapsed after.
// Refused: zero points that are not constants, images of unknown height or
// width.
//
//===----------------------------------------------------------------------===//
#include "Tosa.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace lowbit;

bool lowbit::isQuantizedContraction(Operation *op) {
  if (!isa<tosa::MatMulOp, tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(op))
    return false;
  auto holds = [](Value value, unsigned width) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getElementType().isInteger(width);
  };
  return holds(op->getOperand(0), 8) && holds(op->getOperand(1), 8) &&
         holds(op->getResult(0), 32);
}

namespace {
/// A contraction about to be built.
struct Contraction {
  Value lhs, rhs, bias;
  int64_t lhsZeroPoint, rhsZeroPoint;
  AffineMap lhsMap, rhsMap, biasMap, resultMap;
  unsigned numParallel;
  SmallVector<OpFoldResult> sizes;
};
} // namespace

static Value build(OpBuilder &b, Location loc, const Contraction &c) {
  Type i32 = b.getI32Type();
  Value init = tensor::EmptyOp::create(b, loc, c.sizes, i32);
  SmallVector<AffineMap> maps{c.lhsMap, c.rhsMap};
  SmallVector<Value> extra;
  if (c.bias) {
    extra.push_back(c.bias);
    maps.push_back(c.biasMap);
  }
  maps.push_back(c.resultMap);
  SmallVector<Attribute> iterators;
  for (unsigned i = 0; i < c.lhsMap.getNumDims(); ++i)
    iterators.push_back(
        b.getStringAttr(i < c.numParallel ? "parallel" : "reduction"));
  auto zeroPoint = [&](int64_t value) -> ElementsAttr {
    if (value == 0)
      return {};
    return DenseElementsAttr::get(RankedTensorType::get({}, i32),
                                  int32_t(value));
  };
  auto contract = ContractOp::create(
      b, loc, init.getType(), c.lhs, c.rhs, /*dynamic_lhs_zero_point=*/Value(),
      /*dynamic_rhs_zero_point=*/Value(), extra, init,
      zeroPoint(c.lhsZeroPoint), zeroPoint(c.rhsZeroPoint),
      b.getAffineMapArrayAttr(maps), b.getArrayAttr(iterators));
  Block &block = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&block);
  Value value = block.addArgument(i32, loc);
  if (c.bias)
    value = arith::AddIOp::create(b, loc, value, block.addArgument(i32, loc));
  YieldOp::create(b, loc, value);
  return contract.getResult();
}

static void convertMatmul(OpBuilder &b, tosa::MatMulOp op, Contraction c) {
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  AffineExpr n, h, w, k;
  bindDims(context, n, h, w, k);
  c.lhsMap = AffineMap::get(4, 0, {n, h, k}, context);
  c.rhsMap = AffineMap::get(4, 0, {n, k, w}, context);
  c.resultMap = AffineMap::get(4, 0, {n, h, w}, context);
  c.numParallel = 3;
  c.sizes = {tensor::getMixedSize(b, loc, c.lhs, 0),
             tensor::getMixedSize(b, loc, c.lhs, 1),
             tensor::getMixedSize(b, loc, c.rhs, 2)};
  Value result = build(b, loc, c);
  if (result.getType() != op.getType())
    result = tensor::CastOp::create(b, loc, op.getType(), result);
  op.replaceAllUsesWith(result);
  op.erase();
}

/// The image with its borders, all of them the zero point.
static Value padImage(OpBuilder &b, Location loc, Value image,
                      ArrayRef<int64_t> pad, int64_t zeroPoint) {
  if (llvm::all_of(pad, [](int64_t size) { return size == 0; }))
    return image;
  auto type = cast<RankedTensorType>(image.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[1] += pad[0] + pad[1];
  shape[2] += pad[2] + pad[3];
  auto sizes = [&](int64_t y, int64_t x) {
    return SmallVector<OpFoldResult>{b.getIndexAttr(0), b.getIndexAttr(y),
                                     b.getIndexAttr(x), b.getIndexAttr(0)};
  };
  Value zero = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type.getElementType(), zeroPoint));
  return tensor::PadOp::create(b, loc, type.clone(shape), image,
                               sizes(pad[0], pad[2]), sizes(pad[1], pad[3]),
                               zero);
}

/// The bias by output channel: one for all has rank 0.
static Value splitBias(OpBuilder &b, Location loc, Value bias,
                       ArrayRef<int64_t> channels) {
  auto type = cast<RankedTensorType>(bias.getType());
  if (type.getDimSize(0) == 1)
    return tensor::CollapseShapeOp::create(
        b, loc, RankedTensorType::get({}, type.getElementType()), bias,
        ArrayRef<ReassociationIndices>{});
  if (channels.size() == 1)
    return bias;
  return tensor::ExpandShapeOp::create(
      b, loc, type.clone(channels), bias,
      ArrayRef<ReassociationIndices>{ReassociationIndices{0, 1}});
}

/// conv2d has weights [o, ky, kx, i], depthwise_conv2d [ky, kx, c, m].
template <typename OpTy>
static LogicalResult convertConvolution(OpBuilder &b, OpTy op, Contraction c) {
  constexpr bool isDepthwise = std::is_same_v<OpTy, tosa::DepthwiseConv2DOp>;
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  auto result = dyn_cast<RankedTensorType>(op.getType());
  auto image = dyn_cast<RankedTensorType>(c.lhs.getType());
  auto weight = dyn_cast<RankedTensorType>(c.rhs.getType());
  auto bias = dyn_cast<RankedTensorType>(op.getBias().getType());
  if (!result || !image || !weight || !bias || !weight.hasStaticShape() ||
      !bias.hasStaticShape() || image.isDynamicDim(1) || image.isDynamicDim(2))
    return op.emitError()
           << "'" << op->getName()
           << "' needs known sizes, of all but the batch; found an image of "
           << c.lhs.getType() << " and weights of " << c.rhs.getType();

  c.lhs = padImage(b, loc, c.lhs, op.getPad(), c.lhsZeroPoint);
  // The contraction's own extents: the operator's type may not say them.
  auto extent = [&](unsigned d, int64_t kernel) {
    int64_t size = cast<RankedTensorType>(c.lhs.getType()).getDimSize(d + 1);
    return (size - 1 - (kernel - 1) * op.getDilation()[d]) / op.getStride()[d] +
           1;
  };
  unsigned kernelAt = isDepthwise ? 0 : 1;
  int64_t height = extent(0, weight.getDimSize(kernelAt)),
          width = extent(1, weight.getDimSize(kernelAt + 1));
  OpFoldResult batch = tensor::getMixedSize(b, loc, c.lhs, 0);
  auto at = [&](AffineExpr out, AffineExpr kernel, unsigned d) {
    return out * op.getStride()[d] + kernel * op.getDilation()[d];
  };
  SmallVector<int64_t> channels;
  if constexpr (isDepthwise) {
    AffineExpr n, y, x, ch, m, ky, kx;
    bindDims(context, n, y, x, ch, m, ky, kx);
    channels = {weight.getDimSize(2), weight.getDimSize(3)};
    c.lhsMap =
        AffineMap::get(7, 0, {n, at(y, ky, 0), at(x, kx, 1), ch}, context);
    c.rhsMap = AffineMap::get(7, 0, {ky, kx, ch, m}, context);
    c.biasMap = AffineMap::get(7, 0, {ch, m}, context);
    c.resultMap = AffineMap::get(7, 0, {n, y, x, ch, m}, context);
    c.numParallel = 5;
  } else {
    AffineExpr n, y, x, o, ky, kx, ch;
    bindDims(context, n, y, x, o, ky, kx, ch);
    channels = {weight.getDimSize(0)};
    c.lhsMap =
        AffineMap::get(7, 0, {n, at(y, ky, 0), at(x, kx, 1), ch}, context);
    c.rhsMap = AffineMap::get(7, 0, {o, ky, kx, ch}, context);
    c.biasMap = AffineMap::get(7, 0, {o}, context);
    c.resultMap = AffineMap::get(7, 0, {n, y, x, o}, context);
    c.numParallel = 4;
  }
  c.sizes = {batch, b.getIndexAttr(height), b.getIndexAttr(width)};
  for (int64_t size : channels)
    c.sizes.push_back(b.getIndexAttr(size));
  // A bias of zeros is none.
  ElementsAttr known = constantElements(op.getBias());
  auto numbers = known ? readIntegers(known) : std::nullopt;
  if (!numbers ||
      llvm::any_of(*numbers, [](int32_t number) { return number != 0; })) {
    c.bias = splitBias(b, loc, op.getBias(), channels);
    if (cast<RankedTensorType>(c.bias.getType()).getRank() == 0)
      c.biasMap = AffineMap::get(7, 0, context);
  }
  Value value = build(b, loc, c);
  if (isDepthwise) {
    SmallVector<ReassociationIndices> groups{{0}, {1}, {2}, {3, 4}};
    value = tensor::CollapseShapeOp::create(b, loc, value, groups);
  }
  if (value.getType() != result)
    value = tensor::CastOp::create(b, loc, result, value);
  op.replaceAllUsesWith(value);
  op.erase();
  return success();
}

LogicalResult lowbit::convertContraction(Operation *op) {
  bool isMatmul = isa<tosa::MatMulOp>(op);
  // Zero points follow the operands, and the bias where there is one.
  std::optional<int64_t> zero[2];
  for (unsigned side : {0, 1}) {
    zero[side] = constantScalar(op->getOperand((isMatmul ? 2 : 3) + side),
                                /*isUnsigned=*/false);
    if (!zero[side])
      return op->emitError()
             << "'" << op->getName() << "' has "
             << (side ? "a second" : "a first")
             << " zero point that is not a constant; only constants convert";
  }
  Contraction c{};
  c.lhs = op->getOperand(0);
  c.rhs = op->getOperand(1);
  c.lhsZeroPoint = *zero[0];
  c.rhsZeroPoint = *zero[1];
  OpBuilder b(op);
  if (isMatmul) {
    convertMatmul(b, cast<tosa::MatMulOp>(op), c);
    return success();
  }
  if (auto conv = dyn_cast<tosa::Conv2DOp>(op))
    return convertConvolution(b, conv, c);
  return convertConvolution(b, cast<tosa::DepthwiseConv2DOp>(op), c);
}
