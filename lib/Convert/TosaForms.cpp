//===- TosaForms.cpp - operators that phase 1 writes in another form ------===//
//
//   tosa.avg_pool2d on f32  ->  pooling_nhwc_sum / number of elements
//   tosa.gather in one batch  ->  a look-up in a table of rank 2
//   tosa.cast of f32 to i8, i16, i32  ->  clamped before it is converted
//
// Upstream computes the number of elements of each window in the loop, and
// reads tables of rank 3. Here the numbers are constants, and the table is one
// that phase 2 knows. Upstream converts floats that are out of range and then
// selects another value; here no such conversion is made, and NaN is the least
// integer. In: images of known height and width; others are left to upstream's
// patterns.
//
//===----------------------------------------------------------------------===//
#include "Tosa.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace lowbit;

/// How many of the elements under each window along one dimension are not
/// padding.
static SmallVector<int64_t> countTaps(int64_t size, int64_t output,
                                      int64_t kernel, int64_t stride,
                                      int64_t low) {
  SmallVector<int64_t> counts;
  for (int64_t i = 0; i < output; ++i) {
    int64_t first = i * stride - low;
    counts.push_back(std::min(first + kernel, size) -
                     std::max<int64_t>(first, 0));
  }
  return counts;
}

static Value fillWith(OpBuilder &b, Location loc, Value scalar,
                      ArrayRef<OpFoldResult> sizes) {
  Value empty = tensor::EmptyOp::create(b, loc, sizes, scalar.getType());
  return linalg::FillOp::create(b, loc, scalar, empty).getResult(0);
}

static SmallVector<OpFoldResult> indexAttrs(OpBuilder &b,
                                            ArrayRef<int64_t> sizes) {
  return llvm::map_to_vector(sizes, [&](int64_t size) -> OpFoldResult {
    return b.getIndexAttr(size);
  });
}

static void rewriteAveragePool(tosa::AvgPool2dOp op) {
  auto image = dyn_cast<RankedTensorType>(op.getInput().getType());
  if (!image || !image.getElementType().isF32() || image.isDynamicDim(1) ||
      image.isDynamicDim(2))
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  ArrayRef<int64_t> pad = op.getPad(), kernel = op.getKernel(),
                    stride = op.getStride();
  SmallVector<int64_t> counts[2];
  int64_t output[2];
  for (unsigned d : {0, 1}) {
    int64_t size = image.getDimSize(d + 1),
            padded = size + pad[2 * d] + pad[2 * d + 1];
    output[d] = (padded - kernel[d]) / stride[d] + 1;
    counts[d] = countTaps(size, output[d], kernel[d], stride[d], pad[2 * d]);
  }
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  Value input = op.getInput();
  if (llvm::any_of(pad, [](int64_t size) { return size != 0; })) {
    SmallVector<int64_t> shape(image.getShape());
    shape[1] += pad[0] + pad[1];
    shape[2] += pad[2] + pad[3];
    input = tensor::PadOp::create(b, loc, image.clone(shape), input,
                                  indexAttrs(b, {0, pad[0], pad[2], 0}),
                                  indexAttrs(b, {0, pad[1], pad[3], 0}), zero);
  }
  SmallVector<OpFoldResult> sizes{
      tensor::getMixedSize(b, loc, input, 0), b.getIndexAttr(output[0]),
      b.getIndexAttr(output[1]), tensor::getMixedSize(b, loc, input, 3)};
  Value init = fillWith(b, loc, zero, sizes);
  Value window = tensor::EmptyOp::create(b, loc, kernel, b.getF32Type());
  Value sums = linalg::PoolingNhwcSumOp::create(
                   b, loc, init.getType(), ValueRange{input, window}, init,
                   b.getI64TensorAttr(stride), b.getI64TensorAttr({1, 1}))
                   .getResult(0);

  // One number, or one for each place of the image.
  SmallVector<float> numbers;
  for (int64_t y : counts[0])
    for (int64_t x : counts[1])
      numbers.push_back(float(y * x));
  MLIRContext *context = b.getContext();
  AffineMap all = b.getMultiDimIdentityMap(4);
  SmallVector<Value> inputs{sums};
  SmallVector<AffineMap> maps{all};
  Value scalar;
  if (llvm::all_equal(numbers)) {
    scalar =
        arith::ConstantOp::create(b, loc, b.getF32FloatAttr(numbers.front()));
  } else {
    auto type = RankedTensorType::get({output[0], output[1]}, b.getF32Type());
    inputs.push_back(arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, ArrayRef<float>(numbers))));
    maps.push_back(AffineMap::get(
        4, 0, {b.getAffineDimExpr(1), b.getAffineDimExpr(2)}, context));
  }
  maps.push_back(all);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  Value average =
      linalg::GenericOp::create(
          b, loc, empty.getType(), inputs, ValueRange{empty}, maps, parallel,
          [&](OpBuilder &body, Location at, ValueRange values) {
            Value quotient = arith::DivFOp::create(body, at, values[0],
                                                   scalar ? scalar : values[1]);
            linalg::YieldOp::create(body, at, quotient);
          })
          .getResult(0);
  if (average.getType() != op.getType())
    average = tensor::CastOp::create(b, loc, op.getType(), average);
  op.replaceAllUsesWith(average);
  op.erase();
}

/// The table without its batch dimension of one.
static Value findTable(OpBuilder &b, Location loc, Value values) {
  auto type = cast<RankedTensorType>(values.getType());
  auto flat = type.clone(type.getShape().drop_front());
  if (auto reshape = values.getDefiningOp<tosa::ReshapeOp>();
      reshape && reshape.getInput1().getType() == flat)
    return reshape.getInput1();
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constantElements(values));
  if (elements)
    return tosa::ConstOp::create(b, values.getLoc(), flat,
                                 elements.reshape(flat));
  SmallVector<ReassociationIndices> groups{{0, 1}, {2}};
  return tensor::CollapseShapeOp::create(b, loc, flat, values, groups);
}

static void rewriteGather(tosa::GatherOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getValues().getType());
  auto indexType = dyn_cast<RankedTensorType>(op.getIndices().getType());
  if (!type || !indexType || type.getDimSize(0) != 1 || !type.hasStaticShape())
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value table = findTable(b, loc, op.getValues());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, op.getIndices());
  sizes.push_back(b.getIndexAttr(type.getDimSize(2)));
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  AffineMap all = b.getMultiDimIdentityMap(3);
  SmallVector<AffineMap> maps{
      AffineMap::get(3, 0, {b.getAffineDimExpr(0), b.getAffineDimExpr(1)},
                     b.getContext()),
      all};
  SmallVector<utils::IteratorType> parallel(3, utils::IteratorType::parallel);
  Value rows = linalg::GenericOp::create(
                   b, loc, empty.getType(), ValueRange{op.getIndices()},
                   ValueRange{empty}, maps, parallel,
                   [&](OpBuilder &body, Location at, ValueRange values) {
                     Value row = arith::IndexCastOp::create(
                         body, at, body.getIndexType(), values[0]);
                     Value column = linalg::IndexOp::create(body, at, 2);
                     Value element = tensor::ExtractOp::create(
                         body, at, table, ValueRange{row, column});
                     linalg::YieldOp::create(body, at, element);
                   })
                   .getResult(0);
  if (rows.getType() != op.getType())
    rows = tensor::CastOp::create(b, loc, op.getType(), rows);
  op.replaceAllUsesWith(rows);
  op.erase();
}

/// Rounds half to even and saturates.
static Value castToInteger(OpBuilder &b, Location loc, Value x,
                           IntegerType type) {
  auto number = [&](double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  };
  double limit = std::ldexp(1.0, int(type.getWidth()) - 1);
  // The largest float that fits: 2^31 - 1 is none.
  double most = type.getWidth() < 25 ? limit - 1 : limit - std::ldexp(1.0, 7);
  Value rounded = math::RoundEvenOp::create(b, loc, x);
  Value clamped = arith::MaxNumFOp::create(b, loc, rounded, number(-limit));
  clamped = arith::MinNumFOp::create(b, loc, clamped, number(most));
  Value integer = arith::FPToSIOp::create(b, loc, type, clamped);
  if (most == limit - 1)
    return integer;
  Value isAbove = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE,
                                        rounded, number(limit));
  Value greatest = arith::ConstantOp::create(
      b, loc,
      b.getIntegerAttr(type, APInt::getSignedMaxValue(type.getWidth())));
  return arith::SelectOp::create(b, loc, isAbove, greatest, integer);
}

static void rewriteCast(tosa::CastOp op) {
  auto from = dyn_cast<RankedTensorType>(op.getInput().getType());
  auto to = dyn_cast<RankedTensorType>(op.getType());
  if (!from || !to || !from.getElementType().isF32() ||
      !(to.getElementType().isInteger(8) || to.getElementType().isInteger(16) ||
        to.getElementType().isInteger(32)))
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, op.getInput()),
      to.getElementType());
  AffineMap all = b.getMultiDimIdentityMap(from.getRank());
  SmallVector<utils::IteratorType> parallel(from.getRank(),
                                            utils::IteratorType::parallel);
  Value integers =
      linalg::GenericOp::create(
          b, loc, empty.getType(), ValueRange{op.getInput()}, ValueRange{empty},
          ArrayRef<AffineMap>{all, all}, parallel,
          [&](OpBuilder &body, Location at, ValueRange values) {
            linalg::YieldOp::create(
                body, at,
                castToInteger(body, at, values[0],
                              cast<IntegerType>(to.getElementType())));
          })
          .getResult(0);
  if (integers.getType() != to)
    integers = tensor::CastOp::create(b, loc, to, integers);
  op.replaceAllUsesWith(integers);
  op.erase();
}

void lowbit::rewriteTosaForms(ModuleOp module) {
  SmallVector<Operation *> found;
  module.walk([&](Operation *op) {
    if (isa<tosa::AvgPool2dOp, tosa::GatherOp, tosa::CastOp>(op))
      found.push_back(op);
  });
  for (Operation *op : found) {
    if (auto pool = dyn_cast<tosa::AvgPool2dOp>(op))
      rewriteAveragePool(pool);
    else if (auto conversion = dyn_cast<tosa::CastOp>(op))
      rewriteCast(conversion);
    else
      rewriteGather(cast<tosa::GatherOp>(op));
  }
}
