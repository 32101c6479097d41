//===- LowerContractions.cpp - contractions become integer ----------------===//
//
// In: contractions of dequantized values. Out: integer contractions and one
// generic each that dequantizes (rule N9 of docs/numerics.md):
//
//   matmul(dequantize(a), dequantize(b)) + init
//     ->  float(matmul(a, b) - za * sum(b) - zb * sum(a - za)) * (sa * sb)
//         + init
//
// Arithmetic is modulo 2^32; the exact sum fits 32 bits, which is checked here
// from the formats, then from the weights where they are constant, and at run
// time where the length of the sum is dynamic.
// Refused, with a reason: one operand without a format, a scale along the
// reduction, zero points that differ along a channel, a sum that may overflow.
//
//===----------------------------------------------------------------------===//
#include "Epilogue.h"
#include "QuantizedOperand.h"
#include "SumBounds.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Lower/IntegerContraction.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

/// The loop that the scales of an operand run along.
static std::optional<unsigned> scaleLoop(const Contraction &c, unsigned operand,
                                         const QuantizedOperand &q) {
  if (!q.format.isPerAxis())
    return std::nullopt;
  auto dim =
      dyn_cast<AffineDimExpr>(c.map(operand).getResult(*q.format.getAxis()));
  return dim ? dim.getPosition() : ~0u;
}

/// The loops that tell the rows of an operand apart, in the order of its
/// dimensions; none where such a dimension is summed over.
static std::optional<SmallVector<unsigned>>
rowLoops(const Contraction &c, unsigned operand, const QuantizedOperand &q) {
  SmallVector<unsigned> loops;
  for (auto [expr, block] : llvm::zip_equal(
           c.map(operand).getResults(), q.format.getGranularity().getBlock())) {
    if (block == GranularityAttr::kWhole)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || !c.resultDim(dim.getPosition()))
      return std::nullopt;
    loops.push_back(dim.getPosition());
  }
  return loops;
}

/// Sums of the parts of 16 bits, and of the integers themselves, stay in 32
/// bits for so many.
static constexpr int64_t kMostWideProducts = 32767;

/// An operand of 16 bits: what the sums of its bytes make is of 64.
static bool isWide(const QuantizedOperand &a, const QuantizedOperand &b) {
  return a.format.getStorage().getWidth() == 16 ||
         b.format.getStorage().getWidth() == 16;
}

/// Why the contraction cannot be lowered; empty when it can.
static std::string findReason(const Contraction &c, const QuantizedOperand &a,
                              const QuantizedOperand &b,
                              ParameterReader &reader) {
  unsigned perAxis = 0;
  const QuantizedOperand *operands[] = {&a, &b};
  for (auto [i, operand] : llvm::enumerate(operands)) {
    const QuantizedOperand &q = *operand;
    bool isRows = q.format.isRows() && q.scales.empty() && q.zeroPoints.empty();
    if ((q.format.isBlockwise() && !isRows) || q.format.getPack())
      return "operands with blocks or packed elements have no integer form in "
             "this version";
    unsigned width = q.format.getStorage().getWidth();
    if (width != 8 && width != 16)
      return "operands of " + std::to_string(width) +
             " bits have no integer form in this version";
    if (width == 16 && !q.format.isSigned())
      return "unsigned operands of more than 8 bits have no integer form; "
             "format=i" +
             std::to_string(width) + " has";
    if (width == 16 && q.isConstant())
      return "weights of more than 8 bits have no integer form in this "
             "version; "
             "format=i8 has";
    if (!q.format.isSigned())
      return "its unsigned operand has to become signed first: "
             "lowbit-sign-operands";
    if (isRows && !rowLoops(c, i, q))
      return "the scales of its rows run along a dimension that is summed over";
    if (!q.format.isPerAxis())
      continue;
    ++perAxis;
    auto loop = scaleLoop(c, i, q);
    if (!loop || !c.resultDim(*loop) || q.scales.empty())
      return "the scales run along a dimension that is summed over";
    if (q.zeroPoints.empty() || !llvm::all_equal(q.zeroPoints))
      return "zero points that differ along a channel have no integer form in "
             "this version";
  }
  if (perAxis == 2)
    return "both operands have a scale for each channel";
  if (isWide(a, b)) {
    auto products = c.reductionSize();
    if (products && *products > kMostWideProducts)
      return "a sum of " + std::to_string(*products) +
             " products of 16 bits; at most " +
             std::to_string(kMostWideProducts) + " fit";
    return "";
  }
  return findOverflow(c, a, b, reader);
}

namespace {
struct LowerContractions
    : lowbit::impl::LowerContractionsBase<LowerContractions> {
  void runOnOperation() override {
    SmallVector<Contraction> contractions;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (auto c = matchFloatContraction(op))
        contractions.push_back(*c);
    });
    ParameterReader reader(getOperation());
    for (Contraction &c : contractions) {
      Operation *op = c.op;
      std::string reason = lower(c, reader);
      if (reason.empty()) {
        ++numInteger;
        continue;
      }
      ++numFloat;
      if (op->hasAttr(LowbitDialect::kFloatReasonAttr))
        continue; // Phase 2 has said it.
      op->setAttr(LowbitDialect::kFloatReasonAttr,
                  StringAttr::get(&getContext(), reason));
      // A single product is arithmetic: integer-only mode has it on integers.
      if (c.reductionSize() != 1)
        op->emitRemark("stays float: ") << reason;
    }
  }

  /// Returns the reason when the contraction stays float.
  std::string lower(Contraction &c, ParameterReader &reader) {
    auto a = matchQuantizedOperand(c.lhs()), b = matchQuantizedOperand(c.rhs());
    if (!a && !b)
      return "its operands are not quantized";
    if (!a || !b) {
      const QuantizedOperand &quantized = a ? *a : *b;
      std::string reason = std::string("its ") + (a ? "right" : "left") +
                           " operand is not quantized";
      return quantized.isConstant()
                 ? reason + ": weights " + textOf(quantized.format) +
                       ", computed in f32"
                 : reason;
    }
    if (std::string reason = findReason(c, *a, *b, reader); !reason.empty())
      return reason;

    OpBuilder builder(c.op);
    Value lhs = a->emitIntegers(builder), rhs = b->emitIntegers(builder);
    if (!c.reductionSize())
      checkLength(builder, c, lhs, rhs,
                  isWide(*a, *b) ? kMostWideProducts : maxProducts(*a, *b));
    int32_t offsetA, offsetB;
    auto partsA = emitByteParts(builder, c.op->getLoc(), lhs, offsetA);
    auto partsB = emitByteParts(builder, c.op->getLoc(), rhs, offsetB);
    SmallVector<BytePart> sums;
    for (const BytePart &x : partsA)
      for (const BytePart &y : partsB)
        sums.push_back({emitIntegerContraction(builder, c, x.bytes, y.bytes),
                        x.factor * y.factor});
    EpilogueBuilder epilogue(builder, getOperation(), reader, c);
    if (isWide(*a, *b))
      epilogue.useWideSums();
    ZeroPoint za = zeroPointOf(builder, c, 0, *a),
              zb = zeroPointOf(builder, c, 1, *b);
    // za * sum(b), then zb * sum(a - za), where bytes lack their offsets.
    epilogue.subtractSum(1, rhs, ZeroPoint{offsetB, {}, {}},
                         less(builder, za, offsetA));
    epilogue.subtractSum(0, lhs, za, less(builder, zb, offsetB));
    if (a->format.isRows() || b->format.isRows()) {
      auto scales = [&](unsigned operand, const QuantizedOperand &q) {
        if (q.format.isRows())
          return LoopTensor{rowsOf(builder, q, q.dynamicScale()),
                            *rowLoops(c, operand, q)};
        return epilogue.scalesOf(q, scaleLoop(c, operand, q));
      };
      epilogue.setRowScales(scales(0, *a), scales(1, *b));
    } else {
      epilogue.setScales(*a, scaleLoop(c, 0, *a), *b, scaleLoop(c, 1, *b));
    }
    Value result = epilogue.finish(sums);
    c.op->getResult(0).replaceAllUsesWith(result);
    c.op->erase();
    return "";
  }

  /// `i4 per channel`
  static std::string textOf(AffineType format) {
    int64_t most = std::max(format.getMax(), -format.getMin() - 1);
    bool isSigned = format.getMin() < 0;
    std::string text =
        (isSigned ? "i" : "u") +
        std::to_string(llvm::bit_width(uint64_t(most)) + (isSigned ? 1 : 0));
    if (format.isBlockwise())
      return text + " in groups";
    return text + (format.isPerAxis() ? " per channel" : " per tensor");
  }

  static ZeroPoint zeroPointOf(OpBuilder &builder, const Contraction &c,
                               unsigned operand, const QuantizedOperand &q) {
    if (!q.zeroPoints.empty())
      return {q.zeroPoints.front(), {}, {}};
    if (!q.format.isRows())
      return {0, q.dynamicZeroPoint(), {}};
    return {0, rowsOf(builder, q, q.dynamicZeroPoint()),
            *rowLoops(c, operand, q)};
  }

  /// The zero point minus `offset`.
  static ZeroPoint less(OpBuilder &builder, ZeroPoint z, int32_t offset) {
    if (!z.dynamic || offset == 0)
      return {z.known - offset, z.dynamic, z.loops};
    Location loc = z.dynamic.getLoc();
    Value by = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(RankedTensorType::get({}, builder.getI32Type()),
                               offset));
    auto type = cast<RankedTensorType>(z.dynamic.getType());
    Value empty = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, z.dynamic),
        type.getElementType());
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    AffineMap maps[] = {identity,
                        AffineMap::get(type.getRank(), 0, builder.getContext()),
                        identity};
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        builder, loc, empty.getType(), ValueRange{z.dynamic, by}, empty, maps,
        iterators, [](OpBuilder &b, Location l, ValueRange args) {
          linalg::YieldOp::create(
              b, l, ValueRange{arith::SubIOp::create(b, l, args[0], args[1])});
        });
    return {0, generic.getResult(0), z.loops};
  }

  /// The parameters of rows without their dimensions of one index.
  static Value rowsOf(OpBuilder &builder, const QuantizedOperand &q,
                      Value parameters) {
    SmallVector<ReassociationIndices> groups;
    for (auto [dim, block] :
         llvm::enumerate(q.format.getGranularity().getBlock())) {
      if (block == 1) {
        groups.emplace_back();
        // The whole ones that no row was before.
        for (int64_t first = groups.size() == 1 ? 0 : dim;
             first <= int64_t(dim); ++first)
          groups.back().push_back(first);
      } else if (!groups.empty()) {
        groups.back().push_back(dim);
      }
    }
    return builder.createOrFold<tensor::CollapseShapeOp>(parameters.getLoc(),
                                                         parameters, groups);
  }

  /// Fails the run when a sum is longer than `limit`.
  static void checkLength(OpBuilder &builder, const Contraction &c, Value lhs,
                          Value rhs, int64_t limit) {
    Location loc = c.op->getLoc();
    Value length;
    // The operand without sums of loops has all that are reduced.
    unsigned plain = c.isConvolution ? 1 - c.image : 0;
    Value ints = plain == 0 ? lhs : rhs;
    for (unsigned loop : c.reduction) {
      auto dim = c.map(plain).getResultPosition(builder.getAffineDimExpr(loop));
      Value size = tensor::DimOp::create(builder, loc, ints, *dim);
      length = length ? Value(arith::MulIOp::create(builder, loc, length, size))
                      : size;
    }
    emitLengthCheck(builder, loc, length, limit, c.op->getResult(0),
                    /*width=*/32);
  }
};
} // namespace
