//===- UniformTypes.cpp - formats as upstream writes them -----------------===//
//
//   !quant.uniform<i8<-127:127>:f32:1, {0.5, 0.25:3}>
//     <->  !lowbit.affine<i8, -127:127, axis = 1>, scale = dense<[0.5, 0.25]>,
//          zero_point = dense<[0, 3]>
//
// Upstream's scales are doubles; arithmetic is in the expressed type, f32, so
// they are rounded to f32 once. Refused on the way in: other expressed types,
// storage of 1 or more than 16 bits, zero points out of range (upstream takes
// them), scales below the floor of rule N3, `quant.any` and `quant.calibrated`,
// which have no parameters. On the way out: formats that are not affine or are
// packed, scales that are not f32, blocks that do not divide.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/UniformTypes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

static std::string quote(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << "'" << type << "'";
  return text;
}

//===----------------------------------------------------------------------===//
// From upstream
//===----------------------------------------------------------------------===//

/// What is wrong with one pair of parameters; empty when nothing is.
static std::string checkParameters(double scale, int64_t zeroPoint,
                                   const quant::QuantizedType &type) {
  float single = float(scale);
  if (!std::isfinite(single) || single < 0x1p-63f)
    return llvm::formatv("scale {0} is not a finite f32 of at least 2^-63",
                         scale);
  if (zeroPoint < type.getStorageTypeMin() ||
      zeroPoint > type.getStorageTypeMax())
    return llvm::formatv("zero point {0} is not in the range {1}:{2}; real 0 "
                         "would have no integer",
                         zeroPoint, type.getStorageTypeMin(),
                         type.getStorageTypeMax());
  return "";
}

/// The type without its parameters, over the elements that `granularity` says.
static AffineType formatOf(quant::QuantizedType type,
                           GranularityAttr granularity) {
  auto storage = IntegerType::get(
      type.getContext(), type.getStorageTypeIntegralWidth(),
      type.isSigned() ? IntegerType::Signless : IntegerType::Unsigned);
  return AffineType::get(type.getContext(), storage, type.getStorageTypeMin(),
                         type.getStorageTypeMax(), granularity, std::nullopt);
}

std::optional<UniformFormat> lowbit::fromUniform(quant::QuantizedType type,
                                                 std::string &problem) {
  MLIRContext *context = type.getContext();
  if (isa<quant::AnyQuantizedType, quant::CalibratedQuantizedType>(type)) {
    problem = "it has no scale; choose one and write !quant.uniform";
    return std::nullopt;
  }
  if (!type.getExpressedType().isF32()) {
    problem = "it stands for " + quote(type.getExpressedType()) +
              "; lowbit's quantized values stand for f32";
    return std::nullopt;
  }
  unsigned width = type.getStorageTypeIntegralWidth();
  if (width < 2 || width > 16) {
    problem =
        llvm::formatv("its storage has {0} bits, lowbit's has 2 to 16; an "
                      "i32 accumulator or bias is a plain tensor of i32",
                      width);
    return std::nullopt;
  }

  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints, shape;
  auto granularity = GranularityAttr::get(context);
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type)) {
    scales.push_back(uniform.getScale());
    zeroPoints.push_back(uniform.getZeroPoint());
  } else if (auto axis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    llvm::append_range(scales, axis.getScales());
    llvm::append_range(zeroPoints, axis.getZeroPoints());
    shape.push_back(scales.size());
    granularity = GranularityAttr::get(context, axis.getQuantizedDimension());
  } else {
    auto block = cast<quant::UniformQuantizedSubChannelType>(type);
    for (APFloat scale : block.getScales().getValues<APFloat>())
      scales.push_back(scale.convertToDouble());
    for (APInt zero : block.getZeroPoints().getValues<APInt>())
      zeroPoints.push_back(type.isSigned() ? zero.getSExtValue()
                                           : int64_t(zero.getZExtValue()));
    llvm::append_range(shape, block.getScales().getType().getShape());
    SmallVector<int64_t> sizes(shape.size(), GranularityAttr::kWhole);
    for (auto [dim, size] : block.getBlockSizeInfo())
      if (size_t(dim) < sizes.size())
        sizes[dim] = size;
    granularity = GranularityAttr::get(context, std::nullopt, sizes,
                                       Float32Type::get(context));
  }

  std::vector<float> floats;
  std::vector<int32_t> integers;
  for (auto [index, scale, zero] : llvm::enumerate(scales, zeroPoints)) {
    problem = checkParameters(scale, zero, type);
    if (!problem.empty()) {
      if (scales.size() > 1)
        problem += llvm::formatv(" (index {0})", index);
      return std::nullopt;
    }
    floats.push_back(float(scale));
    integers.push_back(int32_t(zero));
  }
  return UniformFormat{formatOf(type, granularity),
                       makeElements(shape, floats, context, "scale"),
                       makeElements(shape, integers, context, "zero_point")};
}

//===----------------------------------------------------------------------===//
// To upstream
//===----------------------------------------------------------------------===//

/// What upstream cannot say of the format itself; empty when it can.
static std::string checkFormat(QuantizedTypeInterface format,
                               ArrayRef<int64_t> shape) {
  auto affine = dyn_cast<AffineType>(Type(format));
  if (!affine)
    return "only affine integers have an upstream type";
  if (affine.getPack())
    return "it is packed, and upstream has no packed types; unpack it before";
  GranularityAttr granularity = affine.getGranularity();
  if (!granularity.getScale().isF32())
    return "its scales are " + quote(granularity.getScale()) +
           ", and upstream's are those of f32";
  if (!affine.isBlockwise())
    return "";
  bool hasBlocks = false;
  for (auto [dim, size, block] :
       llvm::enumerate(shape, granularity.getBlock())) {
    if (block == GranularityAttr::kWhole)
      continue;
    hasBlocks = true;
    if (!ShapedType::isDynamic(size) && size % block)
      return llvm::formatv("dimension {0} has {1} elements, which blocks of "
                           "{2} do not divide, and upstream's must",
                           dim, size, block);
  }
  return hasBlocks ? ""
                   : "its one block is the whole tensor; leave `block` out";
}

quant::QuantizedType lowbit::toUniform(QuantizedTypeInterface format,
                                       const KnownParameters &parameters,
                                       ArrayRef<int64_t> shape,
                                       std::string &problem) {
  problem = checkFormat(format, shape);
  // An empty list of scales has no syntax there.
  if (problem.empty() && parameters.scales.empty())
    problem = "it is empty and has no scale, and upstream's types have one";
  if (!problem.empty())
    return {};
  auto affine = cast<AffineType>(Type(format));
  MLIRContext *context = affine.getContext();
  Type f32 = Float32Type::get(context);
  IntegerType storage = affine.getPlainStorage();
  unsigned flags =
      affine.isSigned() ? unsigned(quant::QuantizationFlags::Signed) : 0;
  if (affine.isPerTensor())
    return quant::UniformQuantizedType::get(
        flags, storage, f32, parameters.scales[0], parameters.zeroPoint(0),
        affine.getMin(), affine.getMax());
  if (affine.isPerAxis()) {
    SmallVector<double> scales(parameters.scales.begin(),
                               parameters.scales.end());
    SmallVector<int64_t> zeros(parameters.zeroPoints.begin(),
                               parameters.zeroPoints.end());
    return quant::UniformQuantizedPerAxisType::get(
        flags, storage, f32, scales, zeros, *affine.getAxis(), affine.getMin(),
        affine.getMax());
  }

  SmallVector<int32_t> dims;
  SmallVector<int64_t> sizes,
      spread = affine.getGranularity().parameterShape(shape);
  for (auto [dim, block] : llvm::enumerate(affine.getGranularity().getBlock()))
    if (block != GranularityAttr::kWhole) {
      dims.push_back(dim);
      sizes.push_back(block);
    }
  if (llvm::any_of(spread, ShapedType::isDynamic)) {
    problem = "it has blocks along a dimension of unknown size";
    return {};
  }
  SmallVector<APInt> zeros;
  for (int32_t zero : parameters.zeroPoints)
    zeros.push_back(APInt(storage.getWidth(), zero, /*isSigned=*/true,
                          /*implicitTrunc=*/true));
  return quant::UniformQuantizedSubChannelType::get(
      flags, storage, f32,
      DenseElementsAttr::get(RankedTensorType::get(spread, f32),
                             ArrayRef<float>(parameters.scales)),
      DenseElementsAttr::get(RankedTensorType::get(spread, storage), zeros),
      dims, sizes, affine.getMin(), affine.getMax());
}

//===----------------------------------------------------------------------===//
// Operations that any format goes through
//===----------------------------------------------------------------------===//

bool lowbit::movesQuantizedValues(Operation *op) {
  if (isa_and_nonnull<tensor::TensorDialect, scf::SCFDialect,
                      cf::ControlFlowDialect, func::FuncDialect>(
          op->getDialect()))
    return true;
  return isa<linalg::TransposeOp, linalg::BroadcastOp, linalg::CopyOp,
             linalg::YieldOp, arith::SelectOp, ModuleOp>(op);
}
