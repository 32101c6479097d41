//===- Reductions.cpp - what counts as pooling ----------------------------===//
//
// Tells pooling and reductions by maps and body. Refused, with the reason:
// inits and padding other than the neutral element, windows that lie wholly in
// the padding (their float result is that element, which no integer stands
// for), formats whose integers are not ordered or added as the values are.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Reductions.h"

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

Value Reduction::init() const {
  return linalg::LinalgOp(op).getDpsInitOperand(0)->get();
}
AffineMap Reduction::inputMap() const {
  return linalg::LinalgOp(op).getIndexingMapsArray()[operand];
}
AffineMap Reduction::resultMap() const {
  return linalg::LinalgOp(op).getIndexingMapsArray().back();
}

std::optional<int64_t> Reduction::windowSize() const {
  SmallVector<int64_t, 4> extents = linalg::LinalgOp(op).getStaticLoopRanges();
  int64_t size = 1;
  for (unsigned loop : window)
    if (ShapedType::isDynamic(extents[loop]) ||
        llvm::MulOverflow(size, extents[loop], size))
      return std::nullopt;
  return size;
}

static std::optional<ReductionKind> kindOf(Operation *op) {
  if (isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return ReductionKind::Max;
  if (isa_and_nonnull<arith::MinimumFOp, arith::MinNumFOp>(op))
    return ReductionKind::Min;
  if (isa_and_nonnull<arith::AddFOp>(op))
    return ReductionKind::Sum;
  return std::nullopt;
}

/// yield(combine(acc, x)) where x is an input and no other input is read.
static bool matchBody(Reduction &r) {
  Block *body = r.op.getBlock();
  Operation *combine = body->getTerminator()->getOperand(0).getDefiningOp();
  auto kind = kindOf(combine);
  if (!kind)
    return false;
  r.kind = *kind;
  Value acc = body->getArguments().back();
  Value x = combine->getOperand(combine->getOperand(0) == acc ? 1 : 0);
  auto element = dyn_cast<BlockArgument>(x);
  if (!llvm::is_contained(combine->getOperands(), acc) || !element ||
      element.getOwner() != body || element == acc)
    return false;
  r.operand = element.getArgNumber();
  return llvm::all_of(body->getArguments(), [&](BlockArgument argument) {
    return argument == acc || argument == element || argument.use_empty();
  });
}

/// The result has the parallel loops, each once, and no other.
static bool matchLoops(Reduction &r) {
  AffineMap result = r.resultMap();
  if (!result.isProjectedPermutation() ||
      !llvm::all_of(r.inputMap().getResults(), isSumOfLoops))
    return false;
  for (auto [loop, kind] : llvm::enumerate(r.op.getIteratorTypesArray())) {
    bool isParallel = kind == utils::IteratorType::parallel;
    if (result.isFunctionOfDim(loop) != isParallel)
      return false;
    if (!isParallel)
      r.window.push_back(loop);
  }
  return !r.window.empty();
}

std::optional<Reduction> lowbit::matchFloatReduction(Operation *op) {
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() == 0 ||
      linalgOp.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      !linalgOp.hasPureTensorSemantics())
    return std::nullopt;
  Reduction r;
  r.op = linalgOp;
  if (!matchBody(r) || !matchLoops(r) || !isF32Tensor(r.input()) ||
      !isF32Tensor(r.init()))
    return std::nullopt;
  return r;
}

//===----------------------------------------------------------------------===//
// Of dequantized values
//===----------------------------------------------------------------------===//

/// Whether combining with `value`, a number or tensor, changes nothing.
static bool isNeutral(Value value, ReductionKind kind) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs()[0];
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return false;
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  auto number = dyn_cast<FloatAttr>(attr);
  if (!number)
    return false;
  APFloat x = number.getValue();
  if (kind == ReductionKind::Sum)
    return x.isZero();
  // What is dequantized is finite (N3).
  return x.isNegative() == (kind == ReductionKind::Max) &&
         (x.isInfinity() || x.isLargest());
}

std::optional<QuantizedReduction>
lowbit::matchQuantizedReduction(Operation *op) {
  auto reduction = matchFloatReduction(op);
  if (!reduction)
    return std::nullopt;
  QuantizedReduction r{*reduction, {}, {}};
  Value source = r.input();
  r.pad = source.getDefiningOp<tensor::PadOp>();
  if (r.pad)
    source = r.pad.getSource();
  r.dequantize = source.getDefiningOp<DequantizeOp>();
  if (!r.dequantize || !isa<RankedTensorType>(source.getType()) ||
      !isa<AffineType>(Type(r.dequantize.getQuantizedFormat())))
    return std::nullopt;
  return r;
}

AffineType QuantizedReduction::format() const {
  return cast<AffineType>(Type(DequantizeOp(dequantize).getQuantizedFormat()));
}

std::optional<int64_t> QuantizedReduction::resultAxis() const {
  AffineExpr expr = inputMap().getResult(*format().getAxis());
  if (auto dim = resultMap().getResultPosition(expr))
    return *dim;
  return std::nullopt;
}

/// What the loops of `expr` that are (not) in the window add up to.
static std::vector<int64_t> sumsOf(AffineExpr expr, const Reduction &r,
                                   bool ofWindow) {
  SmallVector<int64_t, 4> extents =
      linalg::LinalgOp(r.op).getStaticLoopRanges();
  std::vector<int64_t> sums{0};
  SmallVector<AffineExpr> zeros(extents.size(),
                                getAffineConstantExpr(0, expr.getContext()));
  for (unsigned loop = 0; loop < extents.size(); ++loop) {
    if (!expr.isFunctionOfDim(loop) ||
        llvm::is_contained(r.window, loop) != ofWindow)
      continue;
    SmallVector<AffineExpr> one = zeros;
    one[loop] = getAffineConstantExpr(1, expr.getContext());
    int64_t step = cast<AffineConstantExpr>(expr.replaceDims(one)).getValue();
    std::vector<int64_t> next;
    for (int64_t i = 0; i < extents[loop]; ++i)
      for (int64_t sum : sums)
        next.push_back(sum + i * step);
    sums = std::move(next);
  }
  llvm::sort(sums);
  return sums;
}

static bool hasDynamicLoop(AffineExpr expr, const Reduction &r, bool ofWindow) {
  for (auto [loop, extent] :
       llvm::enumerate(linalg::LinalgOp(r.op).getStaticLoopRanges()))
    if (ShapedType::isDynamic(extent) && expr.isFunctionOfDim(loop) &&
        llvm::is_contained(r.window, loop) == ofWindow)
      return true;
  return false;
}

/// Why some window may lie wholly in the padding along dimension `dim`.
static std::string findEmptyWindow(const QuantizedReduction &r, int64_t dim) {
  tensor::PadOp pad = r.pad;
  int64_t low = pad.getStaticLow()[dim], high = pad.getStaticHigh()[dim];
  if (low == 0 && high == 0)
    return "";
  AffineExpr expr = r.inputMap().getResult(dim);
  auto loop = dyn_cast<AffineDimExpr>(expr);
  if (loop && llvm::is_contained(r.window, loop.getPosition()))
    return ""; // The window is the whole dimension.
  if (ShapedType::isDynamic(low) || ShapedType::isDynamic(high) ||
      hasDynamicLoop(expr, r, /*ofWindow=*/true))
    return "how much of a window is padding is found at run time";
  const char *empty = "a window may lie wholly in the padding";
  std::vector<int64_t> taps = sumsOf(expr, r, /*ofWindow=*/true);
  int64_t size = pad.getSourceType().getDimSize(dim);
  if (ShapedType::isDynamic(size) ||
      hasDynamicLoop(expr, r, /*ofWindow=*/false)) {
    // A window without gaps that reaches over either border meets the image.
    bool hasGaps = false;
    for (size_t i = 1; i < taps.size(); ++i)
      hasGaps |= taps[i] - taps[i - 1] > 1;
    int64_t reach = taps.empty() ? 0 : taps.back() + 1;
    return hasGaps || low >= reach || high >= reach ? empty : "";
  }
  for (int64_t start : sumsOf(expr, r, /*ofWindow=*/false)) {
    auto tap = llvm::lower_bound(taps, low - start);
    if (tap == taps.end() || start + *tap >= low + size)
      return empty;
  }
  return "";
}

std::string lowbit::findFloatReason(const QuantizedReduction &r) {
  AffineType format = r.format();
  bool isSum = r.kind == ReductionKind::Sum;
  if (format.isBlockwise() || format.getPack())
    return "operands with blocks or packed elements have no integer form in "
           "this version";
  unsigned width = format.getStorage().getWidth();
  if (width != 8 && width != 16)
    return "operands of " + std::to_string(width) +
           " bits have no integer form in this version";
  if (format.isPerAxis() && (isSum || !r.resultAxis()))
    return "its operand has a scale for each channel";
  if (!isNeutral(r.init(), r.kind))
    return std::string("its init is not ") + (isSum ? "0"
                                              : r.kind == ReductionKind::Max
                                                  ? "-inf"
                                                  : "inf");
  // Padding with 0 is that of the integers already (phase 5).
  Value padding =
      r.pad ? tensor::PadOp(r.pad).getConstantPaddingValue() : Value();
  if (r.pad && (isSum || !padding || !isNeutral(padding, r.kind)))
    return "its operand is padded with other values than it ignores";
  if (isSum)
    return "";
  // Products with these scales keep the order of the integers; those of the run
  // are taken to be such.
  auto known = QuantParameters::of(r.dequantize).withConstants();
  auto scales = known.scale ? readFloats(known.scale) : std::nullopt;
  if (known.tensorScale || known.dynamicTensorScale ||
      (scales && llvm::any_of(*scales, [](float scale) {
         return !(scale > 0) || !std::isfinite(scale);
       })))
    return "its scale is not a positive finite number";
  if (r.windowSize() == 0)
    return "its window has no elements";
  for (int64_t dim = 0; r.pad && dim < r.inputMap().getNumResults(); ++dim)
    if (std::string reason = findEmptyWindow(r, dim); !reason.empty())
      return reason;
  return "";
}

//===----------------------------------------------------------------------===//
// On integers
//===----------------------------------------------------------------------===//

Value lowbit::emitReduction(
    OpBuilder &builder, const Reduction &r, Value ints, IntegerAttr start,
    ValueRange extra,
    llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> combine) {
  linalg::LinalgOp op = r.op;
  Location loc = op.getLoc();
  Type element = getElementTypeOrSelf(ints.getType());
  unsigned loops = op.getNumLoops();
  SmallVector<AffineMap> given = op.getIndexingMapsArray(), maps;
  SmallVector<Value> inputs{ints};
  maps.push_back(r.inputMap());
  for (Value value : extra) {
    inputs.push_back(value);
    maps.push_back(AffineMap::get(loops, 0, builder.getContext()));
  }
  // The sizes of the window, in a tensor that is not read.
  for (auto [i, operand] : llvm::enumerate(op.getDpsInputs())) {
    if (i == r.operand || !isa<RankedTensorType>(operand.getType()))
      continue;
    inputs.push_back(tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, operand), element));
    maps.push_back(given[i]);
  }
  maps.push_back(r.resultMap());
  auto type =
      cast<RankedTensorType>(op->getResult(0).getType()).clone(start.getType());
  Value init = r.init();
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getOutputs()[0];
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, init), start.getType());
  Value constant = arith::ConstantOp::create(builder, loc, start);
  Value first =
      linalg::FillOp::create(builder, loc, constant, empty).getResult(0);
  if (first.getType() != type)
    first = tensor::CastOp::create(builder, loc, type, first);
  return linalg::GenericOp::create(
             builder, loc, type, inputs, first, maps,
             op.getIteratorTypesArray(),
             [&](OpBuilder &b, Location l, ValueRange args) {
               linalg::YieldOp::create(b, l, combine(b, l, args));
             })
      .getResult(0);
}
