//===- TosaExportContractions.cpp - contractions as TOSA says them --------===//
//
//   lowbit.contract of rows and columns, one batch loop or none  -> tosa.matmul
//   lowbit.contract of an NHWC image                             -> tosa.conv2d
//
// In: i8 operands with constant zero points, an epilogue that yields the
// accumulator, plus a bias by column or channel, requantized in fixed point.
// Out: operands transposed and reshaped to TOSA's layout where they are not in
// it, the operator, tosa.add, tosa.rescale. A tensor.pad with the zero point
// becomes the `pad` of the convolution. The reason is returned for all others.
//
//===----------------------------------------------------------------------===//
#include "TosaExport.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace {
/// What the region does with the accumulator, in this order.
struct Epilogue {
  std::optional<unsigned> bias; // index of the extra operand
  RequantizeOp requantize;
};

/// A contraction in TOSA's terms. Loops are positions in the maps.
struct Form {
  bool isConvolution = false;
  std::optional<unsigned> batch;
  unsigned row = 0, column = 0, depth = 0;               // matmul
  unsigned outY = 0, outX = 0, kernelY = 0, kernelX = 0; // and column, depth
  int64_t stride[2], dilation[2];
};
} // namespace

static std::optional<Epilogue> matchEpilogue(ContractOp op) {
  Block &block = op.getEpilogue().front();
  Value value = cast<YieldOp>(block.getTerminator()).getValue();
  Epilogue result;
  if (auto requantize = value.getDefiningOp<RequantizeOp>()) {
    result.requantize = requantize;
    value = requantize.getInput();
  }
  if (auto add = value.getDefiningOp<arith::AddIOp>()) {
    Value left = add.getLhs(), right = add.getRhs();
    if (right == block.getArgument(0))
      std::swap(left, right);
    auto bias = dyn_cast<BlockArgument>(right);
    if (!bias || bias.getOwner() != &block || bias.getArgNumber() == 0)
      return std::nullopt;
    result.bias = bias.getArgNumber() - 1;
    value = left;
  }
  if (value != block.getArgument(0))
    return std::nullopt;
  return result;
}

/// The loop of a map's result; none when it is a sum.
static std::optional<unsigned> loopOf(AffineMap map, unsigned d) {
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(d));
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

/// out * stride + kernel * dilation, out being the parallel loop.
static bool matchWindow(AffineExpr expr, ContractOp op, unsigned &out,
                        unsigned &kernel, int64_t &stride, int64_t &dilation) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return false;
  bool hasOut = false, hasKernel = false;
  for (AffineExpr term : {sum.getLHS(), sum.getRHS()}) {
    int64_t factor = 1;
    if (auto product = dyn_cast<AffineBinaryOpExpr>(term)) {
      auto constant = dyn_cast<AffineConstantExpr>(product.getRHS());
      if (product.getKind() != AffineExprKind::Mul || !constant)
        return false;
      factor = constant.getValue();
      term = product.getLHS();
    }
    auto dim = dyn_cast<AffineDimExpr>(term);
    if (!dim || factor < 1)
      return false;
    auto iterator =
        cast<StringAttr>(op.getIteratorTypes()[dim.getPosition()]).getValue();
    bool isOut = iterator == "parallel";
    (isOut ? out : kernel) = dim.getPosition();
    (isOut ? stride : dilation) = factor;
    (isOut ? hasOut : hasKernel) = true;
  }
  return hasOut && hasKernel;
}

static std::optional<Form> matchForm(ContractOp op, AffineMap lhs,
                                     AffineMap rhs, AffineMap result) {
  auto reads = [](AffineMap map, unsigned loop) {
    return llvm::any_of(map.getResults(), [&](AffineExpr expr) {
      return expr == getAffineDimExpr(loop, map.getContext());
    });
  };
  Form form;
  unsigned loops = lhs.getNumDims();
  if (lhs.isProjectedPermutation()) {
    if (!rhs.isProjectedPermutation())
      return std::nullopt;
    std::optional<unsigned> row, column, depth;
    for (unsigned loop = 0; loop < loops; ++loop) {
      bool inLhs = reads(lhs, loop), inRhs = reads(rhs, loop),
           inResult = reads(result, loop);
      std::optional<unsigned> &place = inLhs && inRhs && inResult ? form.batch
                                       : inLhs && inResult        ? row
                                       : inRhs && inResult        ? column
                                                                  : depth;
      if (place || (&place == &depth && !(inLhs && inRhs)))
        return std::nullopt;
      place = loop;
    }
    if (!row || !column || !depth)
      return std::nullopt;
    form.row = *row;
    form.column = *column;
    form.depth = *depth;
    return form;
  }
  if (lhs.getNumResults() != 4 || loops != 7 || rhs.getNumResults() != 4 ||
      result.getNumResults() != 4 || !rhs.isProjectedPermutation())
    return std::nullopt;
  form.isConvolution = true;
  auto batch = loopOf(lhs, 0), depth = loopOf(lhs, 3);
  if (!batch || !depth ||
      !matchWindow(lhs.getResult(1), op, form.outY, form.kernelY,
                   form.stride[0], form.dilation[0]) ||
      !matchWindow(lhs.getResult(2), op, form.outX, form.kernelX,
                   form.stride[1], form.dilation[1]))
    return std::nullopt;
  form.batch = batch;
  form.depth = *depth;
  if (!reads(rhs, form.kernelY) || !reads(rhs, form.kernelX) ||
      !reads(rhs, form.depth) || reads(result, form.depth) ||
      reads(rhs, *batch))
    return std::nullopt;
  for (unsigned loop = 0; loop < loops; ++loop)
    if (reads(rhs, loop) && reads(result, loop))
      form.column = loop;
  if (!reads(rhs, form.column) || !reads(result, form.column))
    return std::nullopt;
  return form;
}

/// Transposes `value`, whose dimensions are `map`'s loops, to the order
/// `wanted`.
static Value arrange(OpBuilder &b, Location loc, Value value, AffineMap map,
                     ArrayRef<unsigned> wanted) {
  SmallVector<int32_t> permutation;
  SmallVector<int64_t> shape;
  auto type = cast<RankedTensorType>(value.getType());
  for (unsigned loop : wanted)
    for (unsigned d = 0; d < map.getNumResults(); ++d)
      if (loopOf(map, d) == loop) {
        permutation.push_back(d);
        shape.push_back(type.getDimSize(d));
      }
  if (llvm::equal(permutation, llvm::seq<int32_t>(0, permutation.size())))
    return value;
  return tosa::TransposeOp::create(b, loc, type.clone(shape), value,
                                   permutation);
}

static Value plainIntegers(OpBuilder &b, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  auto affine = dyn_cast<AffineType>(type.getElementType());
  if (!affine)
    return value;
  return StorageCastOp::create(b, loc, type.clone(affine.getPlainStorage()),
                               value);
}

/// Undoes a padding with the zero point; the sizes are {top, bottom, left,
/// right}.
static Value dropPadding(Value image, int64_t zeroPoint,
                         SmallVector<int64_t> &pad) {
  pad.assign(4, 0);
  auto op = image.getDefiningOp<tensor::PadOp>();
  if (!op || !op.getLow().empty() || !op.getHigh().empty())
    return image;
  ArrayRef<int64_t> low = op.getStaticLow(), high = op.getStaticHigh();
  Value filling = op.getConstantPaddingValue();
  APInt number;
  if (!filling || !matchPattern(filling, m_ConstantInt(&number)) ||
      number.getSExtValue() != zeroPoint || low[0] || low[3] || high[0] ||
      high[3])
    return image;
  pad = {low[1], high[1], low[2], high[2]};
  return op.getSource();
}

static std::optional<int64_t> zeroPoint(ElementsAttr attr) {
  if (!attr)
    return 0;
  auto numbers = readIntegers(attr);
  if (!numbers || numbers->empty() || !llvm::all_equal(*numbers))
    return std::nullopt;
  return numbers->front();
}

/// Why the operands do not fit TOSA; empty when they do.
static std::string checkOperands(ContractOp op) {
  for (Value value : {op.getLhs(), op.getRhs()}) {
    auto type = cast<RankedTensorType>(value.getType());
    Type element = type.getElementType();
    auto affine = dyn_cast<AffineType>(element);
    if (!element.isInteger(8) &&
        !(affine && affine.isSigned() && affine.getStorageWidth() == 8))
      return "its operands are not signed integers of 8 bits";
    if (!type.hasStaticShape())
      return "its operands have dynamic dimensions";
  }
  if (op.getDynamicLhsZeroPoint() || op.getDynamicRhsZeroPoint())
    return "its zero points are those of the run";
  if (!zeroPoint(op.getLhsZeroPointAttr()) ||
      !zeroPoint(op.getRhsZeroPointAttr()))
    return "it has a zero point for each channel";
  if (!op.getEpilogue().front().getArgument(0).getType().isInteger(32))
    return "its accumulator is not i32";
  return "";
}

/// The convolution, in TOSA's order [n, y, x, o]. Null when its sizes do not
/// divide as TOSA demands.
static Value emitConvolution(OpBuilder &b, ContractOp op, const Form &form,
                             ArrayRef<AffineMap> maps, Value bias) {
  Location loc = op.getLoc();
  Type i8 = b.getI8Type(), i32 = b.getI32Type();
  int64_t za = *zeroPoint(op.getLhsZeroPointAttr()),
          zb = *zeroPoint(op.getRhsZeroPointAttr());
  SmallVector<int64_t> pad;
  Value image = dropPadding(op.getLhs(), za, pad);
  auto imageType = cast<RankedTensorType>(image.getType());
  auto weightSize = [&](unsigned loop) {
    for (unsigned d = 0; d < maps[1].getNumResults(); ++d)
      if (loopOf(maps[1], d) == loop)
        return cast<RankedTensorType>(op.getRhs().getType()).getDimSize(d);
    return int64_t(0);
  };
  SmallVector<int64_t> shape{imageType.getDimSize(0), 0, 0,
                             weightSize(form.column)};
  for (unsigned d : {0, 1}) {
    int64_t kernel = weightSize(d ? form.kernelX : form.kernelY);
    int64_t rest = imageType.getDimSize(1 + d) - 1 + pad[2 * d] +
                   pad[2 * d + 1] - (kernel - 1) * form.dilation[d];
    if (rest % form.stride[d])
      return {};
    shape[1 + d] = rest / form.stride[d] + 1;
  }
  if (!llvm::equal(shape, cast<RankedTensorType>(op.getType()).getShape()))
    return {};
  Value weights =
      arrange(b, loc, plainIntegers(b, loc, op.getRhs()), maps[1],
              {form.column, form.kernelY, form.kernelX, form.depth});
  if (!bias)
    bias = tosaScalar(b, loc, i32, 0);
  return tosa::Conv2DOp::create(
      b, loc, RankedTensorType::get(shape, i32), plainIntegers(b, loc, image),
      weights, bias, tosaScalar(b, loc, i8, za), tosaScalar(b, loc, i8, zb),
      pad, form.stride, form.dilation, i32);
}

/// The product, [batch, row, column].
static Value emitMatmul(OpBuilder &b, ContractOp op, const Form &form,
                        ArrayRef<AffineMap> maps) {
  Location loc = op.getLoc();
  auto operand = [&](Value value, AffineMap map, unsigned first,
                     unsigned second) -> Value {
    SmallVector<unsigned> order;
    if (form.batch)
      order.push_back(*form.batch);
    order.append({first, second});
    value = arrange(b, loc, plainIntegers(b, loc, value), map, order);
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(value.getType()).getShape();
    return form.batch ? value
                      : tosaReshape(b, loc, value, {1, shape[0], shape[1]});
  };
  Value a = operand(op.getLhs(), maps[0], form.row, form.depth),
        w = operand(op.getRhs(), maps[1], form.depth, form.column);
  auto aType = cast<RankedTensorType>(a.getType()),
       wType = cast<RankedTensorType>(w.getType());
  Type i8 = b.getI8Type();
  auto zero = [&](ElementsAttr attr) {
    return tosaScalar(b, loc, i8, *zeroPoint(attr));
  };
  return tosa::MatMulOp::create(
      b, loc,
      RankedTensorType::get(
          {aType.getDimSize(0), aType.getDimSize(1), wType.getDimSize(2)},
          b.getI32Type()),
      a, w, zero(op.getLhsZeroPointAttr()), zero(op.getRhsZeroPointAttr()));
}

std::string lowbit::exportContraction(ContractOp op, bool assumeDefined) {
  if (std::string reason = checkOperands(op); !reason.empty())
    return reason;
  SmallVector<AffineMap> maps =
      llvm::to_vector(op.getIndexingMaps().getAsValueRange<AffineMapAttr>());
  std::optional<Form> form = matchForm(op, maps[0], maps[1], maps.back());
  if (!form)
    return "its loops are those of no matmul with one batch and no NHWC "
           "convolution";
  auto resultType = cast<RankedTensorType>(op.getType());
  std::optional<Epilogue> epilogue = matchEpilogue(op);
  if (!epilogue)
    return "its region does more than to add a bias and to requantize";
  if (epilogue->requantize)
    if (std::string reason = whyNoRescale(epilogue->requantize,
                                          resultType.getRank(), assumeDefined);
        !reason.empty())
      return reason;
  Value bias;
  if (epilogue->bias) {
    AffineMap map = maps[2 + *epilogue->bias];
    bias = op.getExtra()[*epilogue->bias];
    if (map.getNumResults() != 1 || loopOf(map, 0) != form->column)
      return "its bias is not one for each column or output channel";
    if (!getElementTypeOrSelf(bias.getType()).isInteger(32))
      return "its bias is not i32";
  }
  SmallVector<unsigned> order;
  if (form->batch)
    order.push_back(*form->batch);
  if (form->isConvolution)
    order.append({form->outY, form->outX, form->column});
  else
    order.append({form->row, form->column});
  for (auto [d, loop] : llvm::enumerate(order))
    if (loopOf(maps.back(), d) != loop)
      return "its result is transposed";

  OpBuilder b(op);
  Location loc = op.getLoc();
  Value value;
  if (form->isConvolution) {
    value = emitConvolution(b, op, *form, maps, bias);
    if (!value)
      return "its windows leave a part of the image unread, which TOSA "
             "excludes";
  } else {
    value = emitMatmul(b, op, *form, maps);
    if (bias) {
      Value row = tosaReshape(
          b, loc, bias,
          {1, 1, cast<RankedTensorType>(bias.getType()).getDimSize(0)});
      value = tosa::AddOp::create(b, loc, value.getType(), value, row);
    }
    if (!form->batch)
      value = tosaReshape(b, loc, value, resultType.getShape());
  }
  if (epilogue->requantize)
    value = emitRescale(b, epilogue->requantize, value);
  op.replaceAllUsesWith(value);
  Operation *init = op.getInit().getDefiningOp();
  op.erase();
  // A tensor.empty of a format, which readers of TOSA do not know.
  if (init && isOpTriviallyDead(init))
    init->erase();
  return "";
}
