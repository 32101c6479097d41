//===- Contractions.cpp - what counts as a contraction --------------------===//
//
// Tells contractions by maps and body, convolutions by a map with sums of
// loops. Refused: operands that are not tensors, bodies that do more than
// multiply and add, loops that index only one operand, reductions that have
// neither rows nor columns (a sum of products, not a product of matrices), and
// sums of loops in both operands or with factors below 1.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Contractions.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

/// Looks through the widening of an integer operand.
static Value skipExtension(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<arith::ExtSIOp>(op) ? op->getOperand(0) : value;
}

/// yield(acc + a * b), in any order of operands.
static bool multipliesAndAdds(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  if (!body || body->getNumArguments() != 3)
    return false;
  Value a = body->getArgument(0), b = body->getArgument(1),
        acc = body->getArgument(2);
  Operation *add = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return false;
  Value product;
  if (add->getOperand(0) == acc)
    product = add->getOperand(1);
  else if (add->getOperand(1) == acc)
    product = add->getOperand(0);
  else
    return false;
  Operation *mul = product.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(mul))
    return false;
  Value x = skipExtension(mul->getOperand(0)),
        y = skipExtension(mul->getOperand(1));
  return (x == a && y == b) || (x == b && y == a);
}

/// Sorts the loops into batch, rows, columns and reduction. False when a loop
/// has another part.
static bool classifyLoops(Contraction &c) {
  SmallVector<AffineMap> maps = c.op.getIndexingMapsArray();
  auto iterators = c.op.getIteratorTypesArray();
  for (auto [loop, iterator] : llvm::enumerate(iterators)) {
    bool a = maps[0].isFunctionOfDim(loop), b = maps[1].isFunctionOfDim(loop),
         r = maps[2].isFunctionOfDim(loop);
    bool isParallel = iterator == utils::IteratorType::parallel;
    if (r != isParallel)
      return false;
    if (a && b && r)
      c.batch.push_back(loop);
    else if (a && r)
      c.rows.push_back(loop);
    else if (b && r)
      c.columns.push_back(loop);
    else if (a && b)
      c.reduction.push_back(loop);
    else
      return false;
  }
  return !c.reduction.empty() && (!c.rows.empty() || !c.columns.empty());
}

bool lowbit::isSumOfLoops(AffineExpr expr) {
  if (isa<AffineDimExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return isSumOfLoops(binary.getLHS()) && isSumOfLoops(binary.getRHS());
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && factor &&
         factor.getValue() > 0 && isa<AffineDimExpr>(binary.getLHS());
}

/// Finds the image. False when the maps are not those of a contraction.
static bool classifyMaps(Contraction &c) {
  SmallVector<AffineMap> maps = c.op.getIndexingMapsArray();
  for (auto [operand, map] : llvm::enumerate(maps)) {
    if (map.isProjectedPermutation())
      continue;
    if (operand == 2 || c.isConvolution ||
        !llvm::all_of(map.getResults(), isSumOfLoops))
      return false;
    c.isConvolution = true;
    c.image = operand;
  }
  return true;
}

std::optional<Contraction> lowbit::matchContraction(Operation *op) {
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 2 ||
      linalgOp.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      !linalgOp.hasPureTensorSemantics() || !multipliesAndAdds(linalgOp))
    return std::nullopt;
  Contraction c;
  c.op = linalgOp;
  if (!classifyMaps(c) || !classifyLoops(c))
    return std::nullopt;
  return c;
}

static bool hasFloatOperands(Operation *op) {
  return llvm::all_of(op->getOperandTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getElementType().isF32();
  });
}

std::optional<Contraction> lowbit::matchFloatContraction(Operation *op) {
  auto c = matchContraction(op);
  return c && hasFloatOperands(op) ? c : std::nullopt;
}

bool lowbit::isFloatContraction(Operation *op) {
  return matchFloatContraction(op).has_value();
}

SmallVector<int64_t, 4> Contraction::loopExtents() const {
  linalg::LinalgOp linalgOp = op;
  return SmallVector<int64_t, 4>(linalgOp.getStaticLoopRanges());
}

std::optional<int64_t> Contraction::reductionSize() const {
  int64_t size = 1;
  SmallVector<int64_t, 4> extents = loopExtents();
  for (unsigned loop : reduction)
    if (ShapedType::isDynamic(extents[loop]) ||
        llvm::MulOverflow(size, extents[loop], size))
      return std::nullopt;
  return size;
}

bool Contraction::isWindow(unsigned loop) const {
  return isConvolution && llvm::is_contained(reduction, loop) &&
         !map(image).getResultPosition(
             getAffineDimExpr(loop, op->getContext()));
}

std::optional<int64_t> Contraction::channelDim(unsigned operand) const {
  SmallVector<int64_t, 4> extents = loopExtents();
  bool isFilter = isConvolution && operand != image;
  SmallVector<unsigned> loops(ArrayRef(operand == 0 ? rows : columns));
  if (isFilter)
    loops.append(batch);
  llvm::erase_if(loops, [&](unsigned loop) { return extents[loop] == 1; });
  if (loops.empty() || (loops.size() > 1 && !isFilter))
    return std::nullopt;
  unsigned longest = *llvm::max_element(
      loops, [&](unsigned a, unsigned b) { return extents[a] < extents[b]; });
  auto dim = map(operand).getResultPosition(
      getAffineDimExpr(longest, op->getContext()));
  if (!dim)
    return std::nullopt; // Part of the image of a convolution.
  return *dim;
}

std::optional<int64_t> Contraction::reductionDim(unsigned operand) const {
  SmallVector<int64_t, 4> extents = loopExtents();
  std::optional<int64_t> found;
  for (auto [dim, expr] : llvm::enumerate(map(operand).getResults())) {
    // The image of a convolution is indexed by sums of loops.
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop || !llvm::is_contained(reduction, loop.getPosition()) ||
        extents[loop.getPosition()] == 1)
      continue;
    if (found)
      return std::nullopt;
    found = dim;
  }
  return found;
}

std::optional<unsigned> Contraction::resultDim(unsigned loop) const {
  return map(2).getResultPosition(getAffineDimExpr(loop, op->getContext()));
}

bool lowbit::isF32Tensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

bool lowbit::isKeptFloat(Operation *op) {
  auto reason = op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr);
  return reason && reason.getValue().starts_with(kKeptFloat);
}

bool lowbit::isZeroFilled(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  if (auto fill = value.getDefiningOp<linalg::FillOp>()) {
    Value scalar = fill.getInputs()[0];
    return matchPattern(scalar, m_AnyZeroFloat()) ||
           matchPattern(scalar, m_Zero());
  }
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

std::string lowbit::valueName(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned index = argument.getArgNumber();
    auto function =
        dyn_cast_or_null<func::FuncOp>(argument.getOwner()->getParentOp());
    if (function)
      if (auto name = function.getArgAttrOfType<StringAttr>(
              index, LowbitDialect::kNameAttr))
        return name.str();
    return "arg" + std::to_string(index);
  }
  Operation *op = value.getDefiningOp();
  if (auto get = dyn_cast<GetParameterOp>(op))
    return get.getParameter().str();
  std::string name;
  if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
    name = id.str();
  else if (auto loc = dyn_cast<NameLoc>(op->getLoc()))
    name = loc.getName().str();
  else
    name = op->getName().stripDialect().str();
  unsigned number = cast<OpResult>(value).getResultNumber();
  return number == 0 ? name : name + "#" + std::to_string(number);
}
