//===- GuardLookups.cpp - look-ups that stay in their tables --------------===//
//
//   ^bb0(%i: i64, %out: f32):
//     %row = arith.index_cast %i : i64 to index
//     %v = tensor.extract %table[%row, %c] : tensor<10x8xf32>
//   ->
//   lowbit.check_range %indices in [0, 10) "index outside ..."
//     %v = tensor.extract %table[clamp(%row, 0, 9), %c]
//
// In: generics that read a tensor at an index from data. Out: the run fails
// with the index that is outside, and no read leaves the table. An index that
// is computed in the body gets a generic of its own, which is then checked.
// Indices that cannot be outside, such as clamped ones, stay. Refused: look-ups
// along dimensions of unknown size.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_GUARDLOOKUPS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

static Value stripCasts(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<arith::IndexCastOp, arith::ExtSIOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

static std::optional<int64_t> constantOf(Value value) {
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)) ||
      number.getSignificantBits() > 64)
    return std::nullopt;
  return number.getSExtValue();
}

namespace {
/// What an integer can be.
struct Interval {
  int64_t least = std::numeric_limits<int64_t>::min(),
          most = std::numeric_limits<int64_t>::max();

  bool isWithin(int64_t lower, int64_t upper) const {
    return least >= lower && most < upper;
  }
};
} // namespace

static Interval ofType(Type type) {
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  if (width >= 64)
    return {};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

/// The sum or difference, where no bound of it overflows.
static Interval addOrAll(Interval a, Interval b, Type type) {
  Interval sum, all = ofType(type);
  bool overflows = llvm::AddOverflow(a.least, b.least, sum.least) ||
                   llvm::AddOverflow(a.most, b.most, sum.most);
  return overflows || sum.least < all.least || sum.most > all.most ? all : sum;
}

/// From constants, types and clamps; deep chains are not followed to the end.
static Interval intervalOf(Value value, unsigned depth = 16) {
  if (auto number = constantOf(value))
    return {*number, *number};
  Interval all = ofType(value.getType());
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return all;
  auto operand = [&](unsigned i) {
    return intervalOf(op->getOperand(i), depth - 1);
  };
  if (isa<arith::MaxSIOp>(op)) {
    Interval a = operand(0), b = operand(1);
    return {std::max(a.least, b.least), std::max(a.most, b.most)};
  }
  if (isa<arith::MinSIOp>(op)) {
    Interval a = operand(0), b = operand(1);
    return {std::min(a.least, b.least), std::min(a.most, b.most)};
  }
  if (isa<arith::SelectOp>(op)) {
    Interval a = operand(1), b = operand(2);
    return {std::min(a.least, b.least), std::max(a.most, b.most)};
  }
  if (isa<arith::AddIOp>(op))
    return addOrAll(operand(0), operand(1), value.getType());
  if (auto sub = dyn_cast<arith::SubIOp>(op)) {
    Interval b = operand(1);
    if (b.least == std::numeric_limits<int64_t>::min())
      return all;
    return addOrAll(operand(0), {-b.most, -b.least}, value.getType());
  }
  if (isa<arith::ExtSIOp>(op))
    return operand(0);
  if (isa<arith::IndexCastOp, arith::TruncIOp>(op)) {
    Interval in = operand(0);
    return in.least >= all.least && in.most <= all.most ? in : all;
  }
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op)) {
    Interval in = operand(0), from = ofType(op->getOperand(0).getType());
    if (in.least >= 0)
      return in;
    return from.most == all.most ? all : Interval{0, 2 * from.most + 1};
  }
  return all;
}

/// Whether a number is computed from elements of tensors.
static bool readsElements(Value value, llvm::DenseSet<Operation *> &seen) {
  Operation *op = value.getDefiningOp();
  if (!op || !seen.insert(op).second || isa<tensor::DimOp>(op))
    return false;
  return isa<tensor::ExtractOp>(op) ||
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return readsElements(operand, seen);
         });
}

/// The operations of the body that `value` is computed by, in order, and
/// whether an element of a tensor is among what they read.
static bool collectSlice(Value value, Block *body,
                         llvm::SetVector<Operation *> &slice) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == body;
  Operation *op = value.getDefiningOp();
  if (op->getBlock() != body) {
    llvm::DenseSet<Operation *> seen;
    return readsElements(value, seen);
  }
  bool isFromData = isa<tensor::ExtractOp>(op);
  for (Value operand : op->getOperands())
    isFromData |= collectSlice(operand, body, slice);
  slice.insert(op);
  return isFromData;
}

/// Whether a comparison of a checked index with a constant always holds.
static bool isImplied(arith::CmpIOp cmp, Value index, int64_t size) {
  if (stripCasts(cmp.getLhs()) != index)
    return false;
  auto bound = constantOf(cmp.getRhs());
  if (!bound)
    return false;
  switch (cmp.getPredicate()) {
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return *bound >= size;
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return *bound >= size - 1;
  case arith::CmpIPredicate::sge:
    return *bound <= 0;
  case arith::CmpIPredicate::sgt:
    return *bound < 0;
  default:
    return false;
  }
}

namespace {
struct GuardLookups : lowbit::impl::GuardLookupsBase<GuardLookups> {
  void runOnOperation() override {
    SmallVector<tensor::ExtractOp> lookups;
    getOperation().walk([&](tensor::ExtractOp op) {
      if (isa<linalg::GenericOp>(op->getParentOp()))
        lookups.push_back(op);
    });
    for (tensor::ExtractOp lookup : lookups)
      for (unsigned dim = 0; dim < lookup.getIndices().size(); ++dim)
        if (failed(guard(lookup, dim)))
          return signalPassFailure();
  }

private:
  LogicalResult guard(tensor::ExtractOp lookup, unsigned dim) {
    auto generic = cast<linalg::GenericOp>(lookup->getParentOp());
    if (!generic.hasPureTensorSemantics())
      return success();
    Value index = lookup.getIndices()[dim];
    llvm::SetVector<Operation *> slice;
    if (!collectSlice(index, generic.getBody(), slice))
      return success();
    int64_t size = lookup.getTensor().getType().getDimSize(dim);
    if (ShapedType::isDynamic(size))
      return lookup.emitError("looks up data along dimension ")
             << dim << " of " << lookup.getTensor().getType()
             << ", whose size is not known before the run; give that dimension "
                "a "
                "size in the module";
    if (intervalOf(index).isWithin(0, size))
      return success();
    OpBuilder builder(generic);
    Location loc = lookup.getLoc();
    Value indices = findOperand(generic, index);
    if (!indices && readsInit(generic, index, slice))
      return lookup.emitError("looks up at an index that the loop itself adds "
                              "up, which cannot be checked before the loop; "
                              "compute the indices in an operation before");
    if (!indices)
      indices = computeIndices(builder, generic, index, slice);
    Value table = lookup.getTensor();
    bool isNameless = table.getDefiningOp<arith::ConstantOp>() &&
                      !isa<NameLoc>(table.getLoc());
    std::string message = valueName(generic->getResult(0)) +
                          ": index outside the " + std::to_string(size) +
                          " entries of " +
                          (isNameless ? "its table" : valueName(table));
    if (size == 0)
      return lookup.emitError("looks up data in ")
             << lookup.getTensor().getType() << ", which has no elements";
    CheckRangeOp::create(builder, loc, indices, 0, size, message);
    dropAsserts(generic, stripCasts(index), size);

    builder.setInsertionPoint(lookup);
    auto constant = [&](int64_t value) {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    Value clamped = arith::MaxSIOp::create(builder, loc, index, constant(0));
    clamped = arith::MinSIOp::create(builder, loc, clamped, constant(size - 1));
    lookup.getIndicesMutable()[dim].set(clamped);
    ++numGuarded;
    return success();
  }

  /// The tensor whose elements are the indices.
  static Value findOperand(linalg::GenericOp generic, Value index) {
    auto argument = dyn_cast<BlockArgument>(stripCasts(index));
    if (!argument || argument.getOwner() != generic.getBody() ||
        argument.getArgNumber() >= generic.getNumDpsInputs())
      return nullptr;
    // Those are the types that checks of a run take.
    if (!argument.getType().isInteger(32) && !argument.getType().isInteger(64))
      return nullptr;
    return generic.getDpsInputs()[argument.getArgNumber()];
  }

  static bool readsInit(linalg::GenericOp generic, Value index,
                        const llvm::SetVector<Operation *> &slice) {
    auto isInit = [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return argument && argument.getOwner() == generic.getBody() &&
             argument.getArgNumber() >= generic.getNumDpsInputs();
    };
    return isInit(index) || llvm::any_of(slice, [&](Operation *op) {
             return llvm::any_of(op->getOperands(), isInit);
           });
  }

  /// The indices of all iterations.
  static Value computeIndices(OpBuilder &builder, linalg::GenericOp generic,
                              Value index,
                              const llvm::SetVector<Operation *> &slice) {
    Location loc = generic.getLoc();
    SmallVector<OpFoldResult> sizes;
    for (Range range : cast<linalg::LinalgOp>(generic.getOperation())
                           .createLoopRanges(builder, loc))
      sizes.push_back(range.size);
    Value init =
        tensor::EmptyOp::create(builder, loc, sizes, builder.getI64Type());
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    unsigned numInputs = generic.getNumDpsInputs(), rank = sizes.size();
    SmallVector<Value> inputs(generic.getDpsInputs());
    maps.resize(numInputs);
    maps.push_back(builder.getMultiDimIdentityMap(rank));
    SmallVector<utils::IteratorType> parallel(rank,
                                              utils::IteratorType::parallel);
    auto made = linalg::GenericOp::create(
        builder, loc, init.getType(), inputs, ValueRange{init}, maps, parallel,
        [&](OpBuilder &b, Location at, ValueRange values) {
          IRMapping mapping;
          for (unsigned i = 0; i < numInputs; ++i)
            mapping.map(generic.getBody()->getArgument(i), values[i]);
          for (Operation *op : slice)
            b.clone(*op, mapping);
          linalg::YieldOp::create(
              b, at,
              arith::IndexCastOp::create(b, at, b.getI64Type(),
                                         mapping.lookupOrDefault(index))
                  .getResult());
        });
    return made.getResult(0);
  }

  /// Assertions that the check says already: torch-mlir has them in the body.
  static void dropAsserts(linalg::GenericOp generic, Value index,
                          int64_t size) {
    for (auto op :
         llvm::make_early_inc_range(generic.getBody()->getOps<cf::AssertOp>()))
      if (auto cmp = op.getArg().getDefiningOp<arith::CmpIOp>();
          cmp && isImplied(cmp, index, size))
        op.erase();
  }
};
} // namespace
