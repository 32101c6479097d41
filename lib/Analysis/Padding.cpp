//===- Padding.cpp - which elements a mask leaves out ---------------------===//
//
// In: a function on tensors, with observers, and the name of an input. Out: how
// the dimensions of each observed value run along those of the input.
//
// Dimensions that one loop of a linalg operation indexes run in step, reshapes
// join and split them. That goes forward and backward: the keys of an attention
// learn from the sum of scores and mask what they run along. Constants and
// empty tensors are shared by operations that have nothing to do with each
// other, so nothing is learnt from them.
//
// Refused: see Padding.h.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Analysis/Padding.h"

#include "DimensionClasses.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Store/NearestName.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace lowbit;

static bool isTensor(Value value) {
  return isa<RankedTensorType>(value.getType());
}

/// A value that says nothing of positions: constants, empty and filled tensors,
/// and what is moved from them.
static bool isShared(Value value) {
  while (true) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return false;
    if (isConstantTensor(value) || isa<tensor::EmptyOp, tensor::SplatOp>(op))
      return true;
    if (auto observe = dyn_cast<ObserveOp>(op))
      value = observe.getInput();
    else if (auto fill = dyn_cast<linalg::FillOp>(op))
      value = fill->getOperand(1);
    else if (OpOperand *moved = movedOperand(op))
      value = moved->get();
    else
      return false;
  }
}

/// The dimension of a tensor that an index value is the size of.
static std::pair<Value, int64_t> sizeSource(Value size) {
  while (size) {
    Operation *op = size.getDefiningOp();
    if (auto dim = dyn_cast_or_null<tensor::DimOp>(op)) {
      auto index = dim.getConstantIndex();
      return index && isTensor(dim.getSource())
                 ? std::pair(dim.getSource(), *index)
                 : std::pair(Value(), int64_t(0));
    }
    if (!isa_and_nonnull<arith::IndexCastOp>(op))
      break;
    size = op->getOperand(0);
  }
  return {Value(), 0};
}

namespace {
/// Unifies the dimensions of a function, operation by operation.
class DimensionAnalysis {
public:
  DimensionClasses classes;
  /// Operations that go on with the elements of a dimension at other positions,
  /// and those dimensions.
  llvm::DenseMap<Operation *, SmallVector<DimensionClasses::Dim>> breaks;

  void run(func::FuncOp main) {
    uniteArguments(main);
    main.walk<WalkOrder::PreOrder>([&](Operation *op) { visit(op); });
  }

private:
  using Dim = DimensionClasses::Dim;

  /// Dimensions of inputs with one symbol.
  void uniteArguments(func::FuncOp main) {
    llvm::StringMap<Dim> symbols;
    for (BlockArgument argument : main.getArguments()) {
      auto names = main.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                    LowbitDialect::kDimsAttr);
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!names || !type || int64_t(names.size()) != type.getRank())
        continue;
      for (auto [dim, size, name] : llvm::zip(
               classes.dims(argument), type.getShape(), names.getValue())) {
        auto symbol = dyn_cast<StringAttr>(name);
        if (!ShapedType::isDynamic(size) || !symbol || symbol.empty())
          continue;
        auto [known, isNew] = symbols.try_emplace(symbol.getValue(), dim);
        if (!isNew)
          (void)classes.unify(known->second, dim);
      }
    }
  }

  void unite(Operation *op, Dim a, Dim b) {
    if (!classes.unify(a, b))
      llvm::append_values(breaks[op], a, b);
  }

  /// Two tensors of one shape.
  void unite(Operation *op, Value a, Value b) {
    if (!isTensor(a) || !isTensor(b) || isShared(a) || isShared(b) ||
        classes.dims(a).size() != classes.dims(b).size())
      return;
    DimensionClasses::DimList left = classes.dims(a), right = classes.dims(b);
    for (auto [x, y] : llvm::zip(left, right))
      unite(op, x, y);
  }
  void unite(Operation *op, ValueRange a, ValueRange b) {
    for (auto [x, y] : llvm::zip(a, b))
      unite(op, x, y);
  }

  void breakAll(Operation *op, Value value) {
    if (isTensor(value))
      llvm::append_range(breaks[op], classes.dims(value));
  }

  void visit(Operation *op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return visitLinalg(linalgOp);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return visitExpand(expand);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      return reshape(op, collapse.getResult(), collapse.getSrc(),
                     collapse.getReassociationIndices());
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return visitSlice(op, slice.getSource(), slice.getResult(), slice,
                        slice.getDroppedDims());
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      unite(op, insert.getDest(), insert.getResult());
      return visitSlice(op, insert.getResult(), insert.getSource(), insert,
                        insert.getDroppedDims());
    }
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      DimensionClasses::DimList before = classes.dims(pad.getSource());
      for (auto [i, dim] : llvm::enumerate(before)) {
        if (pad.getStaticLow()[i] == 0 && pad.getStaticHigh()[i] == 0)
          unite(op, dim, classes.dims(pad.getResult())[i]);
        else
          breaks[op].push_back(dim);
      }
      return;
    }
    if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      return visitConcat(concat);
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return visitExtract(extract);
    if (isa<linalg::SoftmaxOp>(op))
      return unite(op, op->getOperand(0), op->getResult(0));
    if (isa<tensor::CastOp, ObserveOp, FakeQuantOp>(op) ||
        op->hasTrait<OpTrait::Elementwise>()) {
      for (Value operand : op->getOperands())
        unite(op, operand, op->getResult(0));
      return;
    }
    if (visitControlFlow(op) || isa<tensor::DimOp, CheckRangeOp>(op))
      return;
    if (llvm::any_of(op->getResults(), isTensor))
      for (Value operand : op->getOperands())
        breakAll(op, operand);
  }

  void visitLinalg(linalg::LinalgOp op) {
    SmallVector<Dim> loops;
    for (int64_t size : op.getStaticLoopRanges())
      loops.push_back(classes.create(size));
    auto along = [&](Value value, AffineMap map) {
      if (!isTensor(value) || isShared(value))
        return;
      DimensionClasses::DimList dims = classes.dims(value);
      for (auto [dim, expr] : llvm::zip_equal(dims, map.getResults())) {
        if (auto loop = dyn_cast<AffineDimExpr>(expr))
          unite(op, loops[loop.getPosition()], dim);
        else if (!isa<AffineConstantExpr>(expr))
          breaks[op].push_back(dim);
      }
    };
    for (OpOperand &operand : op->getOpOperands())
      along(operand.get(), op.getMatchingIndexingMap(&operand));
    for (auto [i, result] : llvm::enumerate(op->getResults()))
      if (!isa<linalg::FillOp>(op))
        along(result, op.getIndexingMapMatchingResult(cast<OpResult>(result)));
  }

  void reshape(Operation *op, Value narrow, Value wide,
               ArrayRef<ReassociationIndices> groups) {
    if (isShared(narrow) || isShared(wide))
      return;
    DimensionClasses::DimList narrowDims = classes.dims(narrow);
    DimensionClasses::DimList wideDims = classes.dims(wide);
    for (auto [dim, group] : llvm::zip_equal(narrowDims, groups)) {
      SmallVector<Dim> parts;
      for (int64_t i : group)
        parts.push_back(wideDims[i]);
      if (!classes.unifyProduct(dim, parts)) {
        breaks[op].push_back(dim);
        llvm::append_range(breaks[op], parts);
      }
    }
  }

  void visitExpand(tensor::ExpandShapeOp op) {
    for (auto [i, size] : llvm::enumerate(op.getMixedOutputShape())) {
      auto dynamic = dyn_cast<Value>(size);
      auto [tensor, dim] = sizeSource(dynamic);
      if (!tensor)
        continue;
      Dim other = classes.dims(tensor)[dim];
      classes.addSameSize(classes.dims(op.getResult())[i], other);
    }
    reshape(op, op.getSrc(), op.getResult(), op.getReassociationIndices());
  }

  /// `part` is the slice of `whole` that the operation names.
  void visitSlice(Operation *op, Value whole, Value part,
                  OffsetSizeAndStrideOpInterface slice,
                  const llvm::SmallBitVector &dropped) {
    if (isShared(whole) || isShared(part))
      return;
    DimensionClasses::DimList wholeDims = classes.dims(whole);
    DimensionClasses::DimList partDims = classes.dims(part);
    unsigned next = 0;
    for (auto [i, dim] : llvm::enumerate(wholeDims)) {
      std::optional<Dim> after;
      if (!dropped.test(i))
        after = partDims[next++];
      OpFoldResult size = slice.getMixedSizes()[i];
      bool isWhole = false;
      if (auto dynamic = dyn_cast<Value>(size)) {
        auto [tensor, index] = sizeSource(dynamic);
        isWhole = tensor && classes.leaves(classes.dims(tensor)[index]) ==
                                classes.leaves(dim);
      } else {
        isWhole = getConstantIntValue(size) == classes.size(dim);
      }
      if (isWhole && isConstantIntValue(slice.getMixedOffsets()[i], 0) &&
          isConstantIntValue(slice.getMixedStrides()[i], 1)) {
        if (after)
          unite(op, dim, *after);
      } else if (!isConstantIntValue(size, 1)) {
        // One position alone is no dimension any more.
        breaks[op].push_back(dim);
        if (after)
          breaks[op].push_back(*after);
      }
    }
  }

  void visitConcat(tensor::ConcatOp op) {
    for (Value input : op.getInputs()) {
      if (isShared(input))
        continue;
      DimensionClasses::DimList before = classes.dims(input);
      DimensionClasses::DimList after = classes.dims(op.getResult());
      for (auto [i, dim] : llvm::enumerate(before)) {
        if (i == op.getDim())
          breaks[op].push_back(dim);
        else
          unite(op, dim, after[i]);
      }
    }
  }

  /// A look-up in the body of a generic: the positions come from data, unless
  /// they are the loops of the generic themselves.
  void visitExtract(tensor::ExtractOp op) {
    auto generic = op->getParentOfType<linalg::GenericOp>();
    if (!generic || isShared(op.getTensor()))
      return;
    DimensionClasses::DimList dims = classes.dims(op.getTensor());
    AffineMap map =
        generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
    for (auto [dim, index] : llvm::zip_equal(dims, op.getIndices())) {
      auto loop = index.getDefiningOp<linalg::IndexOp>();
      auto position = loop ? map.getResultPosition(getAffineDimExpr(
                                 loop.getDim(), op.getContext()))
                           : std::nullopt;
      if (position)
        unite(generic, dim, classes.dims(generic->getResult(0))[*position]);
      else
        breaks[generic].push_back(dim);
    }
  }

  bool visitControlFlow(Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      unite(op, loop.getInitArgs(), loop.getRegionIterArgs());
      unite(op, loop.getYieldedValues(), loop.getRegionIterArgs());
      unite(op, loop.getResults(), loop.getRegionIterArgs());
    } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
      unite(op, loop.getInits(), loop.getBeforeArguments());
      unite(op, loop.getYieldOp()->getOperands(), loop.getBeforeArguments());
      unite(op, loop.getConditionOp().getArgs(), loop.getAfterArguments());
      unite(op, loop.getResults(), loop.getAfterArguments());
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      unite(op, branch.thenYield()->getOperands(), branch.getResults());
      if (branch.elseBlock())
        unite(op, branch.elseYield()->getOperands(), branch.getResults());
    } else {
      return op->getNumRegions() != 0 || op->hasTrait<OpTrait::IsTerminator>();
    }
    return true;
  }
};

/// Reads from the classes what was asked for.
class PaddingReader {
public:
  PaddingReader(DimensionAnalysis &analysis, Value mask)
      : classes(analysis.classes), breaks(analysis.breaks) {
    DimensionClasses::DimList dims = classes.dims(mask);
    for (auto [i, dim] : llvm::enumerate(dims)) {
      // One that is a product of others is not told apart in them.
      DimensionClasses::DimList leaves = classes.leaves(dim);
      if (leaves.size() == 1)
        maskDims.try_emplace(leaves.front(), i);
    }
  }

  PaddedDimensions read(Value value) {
    PaddedDimensions result;
    DimensionClasses::DimList dims = classes.dims(value);
    for (DimensionClasses::Dim dim : dims) {
      SmallVector<DimensionPart, 1> parts = partsOf(dim);
      bool isMasked = llvm::any_of(
          parts, [](const DimensionPart &part) { return part.maskDim >= 0; });
      // The size of one other part at most can be found out in a run.
      unsigned unknown = llvm::count_if(parts, [](const DimensionPart &part) {
        return part.maskDim < 0 && ShapedType::isDynamic(part.size);
      });
      if (!isMasked || unknown > 1)
        parts.clear();
      result.push_back(std::move(parts));
    }
    return result;
  }

  /// Goes through the function in order: which dimensions of the mask were
  /// lost on the way to each value, and where.
  void followLosses(func::FuncOp main) {
    main.walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::map<int64_t, Operation *> lost;
      if (auto found = breaks.find(op); found != breaks.end())
        for (DimensionClasses::Dim dim : found->second)
          for (const DimensionPart &part : partsOf(dim))
            if (part.maskDim >= 0)
              lost.try_emplace(part.maskDim, op);
      auto take = [&](Value operand) {
        if (auto before = losses.find(operand); before != losses.end())
          lost.insert(before->second.begin(), before->second.end());
      };
      llvm::for_each(op->getOperands(), take);
      setLosses(op->getResults(), lost);
      if (isa<scf::ForOp, scf::WhileOp>(op))
        for (Region &region : op->getRegions())
          setLosses(region.getArguments(), lost);
      // What the body loses, the results lose.
      if (isa<scf::YieldOp, scf::ConditionOp>(op))
        setLosses(op->getParentOp()->getResults(), lost);
    });
  }

  std::map<int64_t, Operation *> lossesOf(Value value) {
    return losses.lookup(value);
  }

private:
  SmallVector<DimensionPart, 1> partsOf(DimensionClasses::Dim dim) {
    SmallVector<DimensionPart, 1> parts;
    for (DimensionClasses::Dim leaf : classes.leaves(dim)) {
      DimensionPart part;
      if (auto found = maskDims.find(leaf); found != maskDims.end())
        part.maskDim = found->second;
      else
        part.size = classes.size(leaf);
      // Neighbours that run along nothing are one.
      if (part.maskDim < 0 && !parts.empty() && parts.back().maskDim < 0) {
        int64_t before = parts.back().size;
        bool isDynamic =
            ShapedType::isDynamic(before) || ShapedType::isDynamic(part.size);
        parts.back().size =
            isDynamic ? ShapedType::kDynamic : before * part.size;
      } else {
        parts.push_back(part);
      }
    }
    return parts;
  }

  void setLosses(ValueRange values,
                 const std::map<int64_t, Operation *> &lost) {
    for (Value value : values) {
      if (!isTensor(value))
        continue;
      std::map<int64_t, Operation *> &mine = losses[value];
      mine.insert(lost.begin(), lost.end());
      for (const auto &parts : read(value))
        for (const DimensionPart &part : parts)
          mine.erase(part.maskDim);
    }
  }

  DimensionClasses &classes;
  llvm::DenseMap<Operation *, SmallVector<DimensionClasses::Dim>> &breaks;
  llvm::DenseMap<DimensionClasses::Dim, int64_t> maskDims;
  llvm::DenseMap<Value, std::map<int64_t, Operation *>> losses;
};
} // namespace

/// A contraction that multiplies the float input, moved or not, with weights;
/// null without one. Such an input is data. (A mask may be contracted with
/// other activations, to take their mean.)
static Operation *findWeighting(Value value) {
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
    return nullptr;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    unsigned index = use.getOperandNumber();
    if (isFloatContraction(user) && index < 2 &&
        isShared(user->getOperand(1 - index)))
      return user;
    if (isa<ObserveOp>(user) || movedOperand(user) == &use)
      if (Operation *found = findWeighting(user->getResult(0)))
        return found;
  }
  return nullptr;
}

static FailureOr<BlockArgument> findMask(func::FuncOp main, StringRef mask) {
  std::vector<std::string> names;
  for (BlockArgument argument : main.getArguments()) {
    names.push_back(valueName(argument));
    if (names.back() != mask)
      continue;
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() == 0)
      return main.emitError("the mask '")
             << mask << "' has type " << argument.getType()
             << "; a mask has one element for each position, as "
                "attention_mask[batch, seq] has";
    if (Operation *op = findWeighting(argument)) {
      InFlightDiagnostic error =
          main.emitError("the input '")
          << mask << "' cannot be the mask: it is data, which "
          << op->getName().getStringRef() << " multiplies with weights";
      error.attachNote() << "a mask is 0 where the other inputs are padding, "
                            "and 1 elsewhere; leave the option mask out where "
                            "nothing is padded";
      return error;
    }
    return argument;
  }
  return main.emitError("no input is called '")
         << mask << "', which the option mask names"
         << suggestNames(mask, names, "the inputs are");
}

/// Adds a value to the plan; says where its padding was lost.
static void addValue(PaddingPlan &plan, PaddingReader &reader, Value value,
                     const std::string &key, Operation *op,
                     const Twine &isWhole) {
  auto lost = reader.lossesOf(value);
  if (!lost.empty()) {
    Operation *where = lost.begin()->second;
    InFlightDiagnostic remark = op->emitRemark(isWhole)
                                << ": where it is padded cannot be followed "
                                   "through "
                                << where->getName().getStringRef();
    remark.attachNote(where->getLoc()) << "here";
  }
  PaddedDimensions dims = reader.read(value);
  if (llvm::any_of(dims, [](const auto &parts) { return !parts.empty(); }))
    plan.values[key] = std::move(dims);
}

/// The plan of the values that `add` adds to it.
static FailureOr<PaddingPlan>
makePlan(func::FuncOp main, StringRef mask,
         llvm::function_ref<void(PaddingPlan &, PaddingReader &)> add) {
  FailureOr<BlockArgument> argument = findMask(main, mask);
  if (failed(argument))
    return failure();
  DimensionAnalysis analysis;
  analysis.run(main);
  PaddingReader reader(analysis, *argument);
  reader.followLosses(main);
  PaddingPlan plan;
  plan.argument = argument->getArgNumber();
  plan.name = mask.str();
  add(plan, reader);
  return plan;
}

FailureOr<PaddingPlan> lowbit::analyzePadding(func::FuncOp main,
                                              StringRef mask) {
  auto plan =
      makePlan(main, mask, [&](PaddingPlan &plan, PaddingReader &reader) {
        main.walk([&](ObserveOp op) {
          if (!op.isConstant())
            addValue(plan, reader, op.getInput(), op.getId().str(), op,
                     "the value '" + op.getId() +
                         "' is observed with its padding");
        });
      });
  if (succeeded(plan) && plan->values.empty())
    return main.emitError("no observed value runs along the dimensions of the "
                          "mask '")
           << mask << "', so it leaves nothing out; leave the option mask out "
           << "or name another input";
  return plan;
}

FailureOr<PaddingPlan> lowbit::analyzeOutputPadding(func::FuncOp main,
                                                    StringRef mask) {
  return makePlan(main, mask, [&](PaddingPlan &plan, PaddingReader &reader) {
    main.walk([&](func::ReturnOp op) {
      for (auto [i, value] : llvm::enumerate(op.getOperands())) {
        if (!isTensor(value))
          continue;
        std::string number = std::to_string(i);
        auto name =
            main.getResultAttrOfType<StringAttr>(i, LowbitDialect::kNameAttr);
        addValue(plan, reader, value, number, op,
                 "the output '" + (name ? name.getValue() : StringRef(number)) +
                     "' is compared with its padding");
      }
    });
  });
}
