//===- MatchContraction.cpp - which linalg operations are contractions ----===//
//
// In: a linalg operation on buffers. Out: its operands, put in roles, and its
// loops, sorted into batch, row, column and depth.
// Refused: bodies other than acc + x * y, or fma(x, y, acc), with sign-extended
// i8 or plain f32 factors; reductions whose order says otherwise; maps that are
// not linear; results that are contiguous along a batch loop when the factors
// are not.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lowbit {

bool Access::uses(unsigned loop) const {
  return llvm::any_of(coefficients,
                      [&](const auto &row) { return row[loop] != 0; });
}

int Access::positionOf(unsigned loop) const {
  int position = -1;
  for (auto [p, row] : llvm::enumerate(coefficients)) {
    if (row[loop] == 0)
      continue;
    int64_t others = llvm::count_if(row, [](int64_t c) { return c != 0; });
    if (position >= 0 || others != 1 || row[loop] != 1)
      return -1;
    position = p;
  }
  return position;
}

/// Adds factor * expr to the coefficients; false when expr is not linear.
static bool addLinear(AffineExpr expr, int64_t factor,
                      SmallVectorImpl<int64_t> &coefficients,
                      int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto c = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * c.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, coefficients, constant) &&
           addLinear(binary.getRHS(), factor, coefficients, constant);
  if (expr.getKind() != AffineExprKind::Mul)
    return false;
  AffineExpr l = binary.getLHS(), r = binary.getRHS();
  if (isa<AffineConstantExpr>(l))
    std::swap(l, r);
  auto c = dyn_cast<AffineConstantExpr>(r);
  return c && addLinear(l, factor * c.getValue(), coefficients, constant);
}

static std::optional<Access> accessOf(AffineMap map) {
  Access access;
  for (AffineExpr expr : map.getResults()) {
    SmallVector<int64_t> row(map.getNumDims(), 0);
    int64_t constant = 0;
    if (!addLinear(expr, 1, row, constant) || constant < 0 ||
        llvm::any_of(row, [](int64_t c) { return c < 0; }))
      return std::nullopt;
    access.coefficients.push_back(std::move(row));
    access.constants.push_back(constant);
  }
  return access;
}

/// The block argument behind an optional sign extension, or nothing.
static BlockArgument factorOf(Value v, Block *body, bool isFloat) {
  if (!isFloat) {
    auto extend = v.getDefiningOp<arith::ExtSIOp>();
    if (!extend || !extend.getIn().getType().isInteger(8))
      return nullptr;
    v = extend.getIn();
  }
  auto argument = dyn_cast<BlockArgument>(v);
  return argument && argument.getOwner() == body ? argument : nullptr;
}

/// Whether the body is yield acc + x * y with x, y the two inputs.
static bool isMultiplyAdd(Block *body, bool isFloat) {
  if (body->getNumArguments() != 3)
    return false;
  Operation *add = body->getTerminator()->getOperand(0).getDefiningOp();
  if (auto fma = dyn_cast_or_null<math::FmaOp>(add)) {
    BlockArgument x = factorOf(fma.getA(), body, isFloat);
    BlockArgument y = factorOf(fma.getB(), body, isFloat);
    return isFloat && fma.getC() == body->getArgument(2) && x && y &&
           x.getArgNumber() + y.getArgNumber() == 1;
  }
  if (!add || !(isFloat ? isa<arith::AddFOp>(add) : isa<arith::AddIOp>(add)))
    return false;
  Value accumulator = body->getArgument(2);
  if (!llvm::is_contained(add->getOperands(), accumulator))
    return false;
  Value product = add->getOperand(add->getOperand(0) == accumulator ? 1 : 0);
  Operation *mul = product.getDefiningOp();
  if (!mul || !(isFloat ? isa<arith::MulFOp>(mul) : isa<arith::MulIOp>(mul)))
    return false;
  BlockArgument x = factorOf(mul->getOperand(0), body, isFloat);
  BlockArgument y = factorOf(mul->getOperand(1), body, isFloat);
  return x && y && x.getArgNumber() + y.getArgNumber() == 1;
}

/// Collects what `value` is made of: arguments of the body, by way of
/// operations on elements. False when it is made of anything else.
static bool collectLeaves(Value value, Block *body,
                          SmallVectorImpl<BlockArgument> &leaves) {
  if (matchPattern(value, m_Constant()))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != body)
      return false;
    if (!llvm::is_contained(leaves, argument))
      leaves.push_back(argument);
    return true;
  }
  Operation *op = value.getDefiningOp();
  return op->getBlock() == body && op->getNumResults() == 1 &&
         OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return collectLeaves(operand, body, leaves);
         });
}

/// fma(a, decoded, acc) in any order of the factors, where `decoded` is made of
/// an integer and of other inputs. Sets the numbers of `a` and of the integer.
static std::optional<Decode> matchDecode(linalg::LinalgOp op, unsigned &a,
                                         unsigned &b) {
  Block *body = op.getBlock();
  auto fma = body->getTerminator()->getOperand(0).getDefiningOp<math::FmaOp>();
  if (!fma || fma.getC() != body->getArguments().back())
    return std::nullopt;
  for (auto [plain, made] :
       {std::pair(fma.getA(), fma.getB()), std::pair(fma.getB(), fma.getA())}) {
    auto row = dyn_cast<BlockArgument>(plain);
    SmallVector<BlockArgument> leaves;
    if (!row || row.getOwner() != body || isa<BlockArgument>(made) ||
        !collectLeaves(made, body, leaves) || llvm::is_contained(leaves, row) ||
        llvm::is_contained(leaves, body->getArguments().back()))
      continue;
    Decode decode;
    decode.factor = made;
    for (BlockArgument leaf : leaves) {
      bool isElement =
          leaf.getType().isInteger(8) || leaf.getType().isInteger(16);
      if (isElement && decode.element)
        return std::nullopt;
      if (isElement) {
        decode.element = leaf;
        b = leaf.getArgNumber();
        continue;
      }
      OpOperand *operand = op.getMatchingOpOperand(leaf);
      std::optional<Access> access =
          accessOf(op.getMatchingIndexingMap(operand));
      Value buffer = operand->get();
      if (!access || !isa<MemRefType>(buffer.getType()))
        return std::nullopt;
      decode.extras.push_back({buffer, *access, leaf});
    }
    a = row.getArgNumber();
    if (decode.element)
      return decode;
  }
  return std::nullopt;
}

/// A buffer behind casts that only forget its layout.
static Value lookThroughCasts(Value v) {
  while (auto cast = v.getDefiningOp<memref::CastOp>()) {
    auto from = dyn_cast<MemRefType>(cast.getSource().getType());
    if (!from)
      break;
    v = cast.getSource();
  }
  return v;
}

/// The strides, empty when the layout is not strided.
static SmallVector<int64_t> stridesOf(Value v) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(
          cast<MemRefType>(v.getType()).getStridesAndOffset(strides, offset)))
    strides.clear();
  return strides;
}

static bool isPlainMemref(Value v) {
  auto type = dyn_cast<MemRefType>(v.getType());
  return type && !type.getMemorySpace() && type.isStrided() &&
         llvm::all_of(stridesOf(v), [](int64_t s) {
           return s >= 0 || ShapedType::isDynamic(s);
         });
}

/// The loop that C is contiguous along, best a loop of more than one step.
static std::optional<unsigned> unitStrideLoop(const Match &match) {
  SmallVector<int64_t> strides = stridesOf(match.c);
  std::optional<unsigned> found;
  for (unsigned loop = 0; loop < match.extents.size(); ++loop) {
    int p = match.accessC.positionOf(loop);
    if (p < 0 || strides[p] != 1)
      continue;
    if (!found || match.extents[*found] == 1)
      found = loop;
  }
  return found;
}

FailureOr<Match> matchContraction(linalg::LinalgOp op, std::string &reason) {
  auto refuse = [&](const char *why) {
    reason = why;
    return failure();
  };
  if (!op.hasPureBufferSemantics() || op.getNumDpsInputs() < 2 ||
      op.getNumDpsInits() != 1)
    return refuse("expected two inputs and one result, all buffers");
  Match match;
  match.op = op;
  unsigned first = 0, second = 1;
  std::optional<Decode> decode = matchDecode(op, first, second);
  if (decode)
    match.decode = *decode;
  else if (op.getNumDpsInputs() != 2)
    return refuse("expected two inputs and one result, all buffers");
  OpOperand *operandA = op.getDpsInputOperand(first),
            *operandB = op.getDpsInputOperand(second);
  match.a = lookThroughCasts(operandA->get());
  match.b = lookThroughCasts(operandB->get());
  match.c = lookThroughCasts(op.getDpsInitOperand(0)->get());
  if (!isPlainMemref(match.a) || !isPlainMemref(match.b) ||
      !isPlainMemref(match.c))
    return refuse("expected strided buffers in the default memory space");
  auto element = [](Value v) {
    return cast<MemRefType>(v.getType()).getElementType();
  };
  match.isFloat = element(match.c).isF32();
  bool typesFit =
      match.isFloat
          ? element(match.a).isF32() && (decode || element(match.b).isF32())
          : element(match.c).isInteger(32) && element(match.a).isInteger(8) &&
                element(match.b).isInteger(8);
  if (!typesFit)
    return refuse("expected i8 x i8 -> i32 or f32 x f32 -> f32");
  if (match.isFloat && op->hasAttr(kReductionOrderAttr))
    return refuse("the order of the sum is not that of a contraction");
  if (!decode && !isMultiplyAdd(op.getBlock(), match.isFloat))
    return refuse("expected the body acc + x * y, i8 factors sign-extended");

  std::optional<Access> a = accessOf(op.getMatchingIndexingMap(operandA));
  std::optional<Access> b = accessOf(op.getMatchingIndexingMap(operandB));
  AffineMap mapC = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!a || !b || !mapC.isProjectedPermutation(/*allowZeroInResults=*/true))
    return refuse("expected linear indexing maps and a permuted result");
  match.accessA = *a;
  match.accessB = *b;
  match.accessC = *accessOf(mapC);
  match.extents = op.getStaticLoopRanges();

  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool inA = a->uses(loop), inB = b->uses(loop);
    bool inC = match.accessC.uses(loop);
    if (inC != (kind == utils::IteratorType::parallel))
      return refuse(
          "expected every parallel loop, and no other, in the result");
    if (match.extents[loop] == ShapedType::kDynamic &&
        a->positionOf(loop) < 0 && b->positionOf(loop) < 0 &&
        match.accessC.positionOf(loop) < 0)
      return refuse("a loop whose size no operand gives");
    auto &list = !inC         ? match.depth
                 : inA && inB ? match.batch
                 : inB        ? match.columns
                              : match.rows;
    list.push_back(loop);
  }
  if (match.depth.empty())
    return refuse("expected a reduction");

  std::optional<unsigned> unit = unitStrideLoop(match);
  for (const Decode::Extra &extra : match.decode.extras)
    for (unsigned loop : match.rows)
      if (extra.access.uses(loop))
        return refuse("a parameter of the columns that differs between rows");
  if (unit && llvm::is_contained(match.batch, *unit) &&
      match.extents[*unit] != 1) {
    if (decode)
      return refuse("expected columns of its own for what is decoded");
    // Depthwise: the lanes are to be contiguous in all operands.
    match.alongBatch = true;
    for (auto [v, access] : {std::pair(match.a, &match.accessA),
                             std::pair(match.b, &match.accessB)}) {
      int p = access->positionOf(*unit);
      if (p < 0 || stridesOf(v)[p] != 1)
        return refuse("expected factors that are contiguous along the batch "
                      "loop that the result is contiguous along");
    }
    return match;
  }
  // Columns are what C is contiguous along: else the operands change roles.
  bool change =
      match.columns.empty() || (unit && llvm::is_contained(match.rows, *unit));
  if (change && decode)
    return refuse("expected what is decoded as columns");
  if (change) {
    std::swap(match.a, match.b);
    std::swap(match.accessA, match.accessB);
    std::swap(match.rows, match.columns);
  }
  if (match.columns.empty())
    return refuse("expected a result with rows or columns");
  return match;
}

} // namespace lowbit
