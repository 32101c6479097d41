//===- SpecializeShapes.cpp - sizes for dynamic dimensions ----------------===//
//
// In: a function whose arguments name their dynamic dimensions; the one of arg0
// that has no name is `arg0.1`. Out: the same function on tensors of the given
// sizes; the sizes travel by canonicalization from a tensor.cast at each
// argument. Refused: a malformed list, a symbol that no argument has, a size
// that is not positive.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Store/NearestName.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <set>

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SPECIALIZESHAPES
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

using SizeMap = std::map<std::string, int64_t>;

/// Reads "batch=1,seq=128".
static FailureOr<SizeMap> parseSizes(StringRef text, ModuleOp module) {
  SizeMap sizes;
  SmallVector<StringRef> items;
  text.split(items, ',', -1, /*KeepEmpty=*/false);
  for (StringRef item : items) {
    auto [symbol, number] = item.split('=');
    int64_t size;
    if (symbol.trim().empty() || number.trim().getAsInteger(10, size) ||
        size <= 0)
      return module.emitError("shape must be <symbol>=<positive size>[,...], "
                              "found '")
             << item << "'";
    if (!sizes.emplace(symbol.trim().str(), size).second)
      return module.emitError("shape gives '") << symbol.trim() << "' twice";
  }
  return sizes;
}

/// Moves a cast of the indices into the check.
struct FoldCastIntoCheckRange : OpRewritePattern<CheckRangeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CheckRangeOp op,
                                PatternRewriter &rewriter) const override {
    auto cast = op.getIndices().getDefiningOp<tensor::CastOp>();
    if (!cast || !tensor::preservesStaticInformation(
                     cast.getType(), cast.getSource().getType()))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.setOperand(cast.getSource()); });
    return success();
  }
};

/// Makes a slice that drops unit dimensions keep them, and drops them by a
/// reshape. Once a size becomes 1, which of the unit dimensions a slice drops
/// could no longer be told from its types.
static void keepSliceRank(tensor::ExtractSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  if (dropped.none())
    return;
  OpBuilder builder(op);
  auto slice = tensor::ExtractSliceOp::create(
      builder, op.getLoc(), op.getSource(), op.getMixedOffsets(),
      op.getMixedSizes(), op.getMixedStrides());
  // Dropped dimensions join the kept one before them, or the first after.
  SmallVector<ReassociationIndices> groups;
  for (unsigned dim = 0; dim < dropped.size(); ++dim) {
    bool startsGroup = groups.empty() || !dropped[dim];
    bool onlyDroppedYet =
        groups.size() == 1 && llvm::all_of(groups.front(), [&](int64_t other) {
          return dropped[other];
        });
    if (startsGroup && !onlyDroppedYet)
      groups.emplace_back();
    groups.back().push_back(dim);
  }
  if (op.getType().getRank() == 0)
    groups.clear();
  auto reshape = tensor::CollapseShapeOp::create(builder, op.getLoc(),
                                                 op.getType(), slice, groups);
  reshape->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  op.getResult().replaceAllUsesWith(reshape);
  op.erase();
}

/// The dims of an argument or result; empty when it names none.
static SmallVector<Attribute> dimsOf(ArrayAttr dims, ShapedType type) {
  if (!dims || !type.hasRank() || int64_t(dims.size()) != type.getRank())
    return {};
  return llvm::to_vector(dims.getValue());
}

/// The names of the dynamic dimensions of an argument, by dimension: their
/// symbols, and `arg0.1` where they have none. Others are empty.
static SmallVector<std::string> symbolsOf(func::FuncOp main, unsigned index) {
  auto type = dyn_cast<RankedTensorType>(main.getArgumentTypes()[index]);
  if (!type)
    return {};
  auto name =
      main.getArgAttrOfType<StringAttr>(index, LowbitDialect::kNameAttr);
  std::string stem = name ? name.str() : "arg" + std::to_string(index);
  SmallVector<Attribute> dims = dimsOf(
      main.getArgAttrOfType<ArrayAttr>(index, LowbitDialect::kDimsAttr), type);
  SmallVector<std::string> symbols(type.getRank());
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (!type.isDynamicDim(i))
      continue;
    auto symbol = dims.empty() ? StringAttr() : dyn_cast<StringAttr>(dims[i]);
    symbols[i] = symbol ? symbol.str() : stem + "." + std::to_string(i);
  }
  return symbols;
}

/// Writes the sizes that `type` knows over the symbols.
static ArrayAttr updateDims(ArrayAttr dims, ShapedType type) {
  SmallVector<Attribute> entries = dimsOf(dims, type);
  if (entries.empty())
    return dims;
  for (auto [entry, size] : llvm::zip(entries, type.getShape()))
    if (!ShapedType::isDynamic(size))
      entry = StringAttr::get(dims.getContext(), std::to_string(size));
  return ArrayAttr::get(dims.getContext(), entries);
}

namespace {
struct SpecializeShapes : lowbit::impl::SpecializeShapesBase<SpecializeShapes> {
  using SpecializeShapesBase::SpecializeShapesBase;

  void runOnOperation() override {
    FailureOr<SizeMap> sizes = parseSizes(shape, getOperation());
    if (failed(sizes))
      return signalPassFailure();
    if (sizes->empty())
      return;
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main) || failed(checkSymbols(*main, *sizes)))
      return signalPassFailure();
    main->walk(keepSliceRank);
    setArgumentTypes(*main, *sizes);
    if (failed(propagate(*main)))
      return signalPassFailure();
    setResultTypes(*main);
  }

  /// Every symbol is that of a dynamic dimension.
  LogicalResult checkSymbols(func::FuncOp main, const SizeMap &sizes) {
    std::set<std::string> known;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      for (std::string &symbol : symbolsOf(main, i))
        if (!symbol.empty())
          known.insert(symbol);
    std::vector<std::string> names(known.begin(), known.end());
    for (const auto &[symbol, size] : sizes)
      if (!known.count(symbol))
        return main.emitError("no dynamic dimension is named '")
               << symbol << "'; the model has " << quotedList(names);
    return success();
  }

  void setArgumentTypes(func::FuncOp main, const SizeMap &sizes) {
    OpBuilder builder = OpBuilder::atBlockBegin(&main.front());
    for (BlockArgument argument : main.getArguments()) {
      unsigned index = argument.getArgNumber();
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      auto dims =
          main.getArgAttrOfType<ArrayAttr>(index, LowbitDialect::kDimsAttr);
      if (!type)
        continue;
      SmallVector<int64_t> newShape(type.getShape());
      for (auto [i, symbol] : llvm::enumerate(symbolsOf(main, index)))
        if (auto it = sizes.find(symbol); it != sizes.end())
          newShape[i] = it->second;
      if (ArrayRef<int64_t>(newShape) == type.getShape())
        continue;
      auto newType = type.clone(newShape);
      argument.setType(newType);
      auto cast =
          tensor::CastOp::create(builder, argument.getLoc(), type, argument);
      argument.replaceAllUsesExcept(cast, cast);
      if (dims)
        main.setArgAttr(index, LowbitDialect::kDimsAttr,
                        updateDims(dims, newType));
    }
    updateFunctionType(main);
  }

  LogicalResult propagate(func::FuncOp main) {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    for (StringRef name : {"tensor", "linalg", "arith", "affine"})
      if (Dialect *dialect = context->getLoadedDialect(name))
        dialect->getCanonicalizationPatterns(patterns);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (StringRef name = op.getDialectNamespace();
          name == "tensor" || name == "linalg" || name == "arith" ||
          name == "affine")
        op.getCanonicalizationPatterns(patterns, context);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    patterns.add<FoldCastIntoCheckRange>(context);
    if (failed(applyPatternsGreedily(main, std::move(patterns))))
      return main.emitError("the sizes could not be carried through");
    return success();
  }

  void setResultTypes(func::FuncOp main) {
    for (auto result : main.getOps<func::ReturnOp>())
      for (OpOperand &operand : result->getOpOperands())
        if (auto cast = operand.get().getDefiningOp<tensor::CastOp>();
            cast && tensor::preservesStaticInformation(
                        cast.getType(), cast.getSource().getType())) {
          operand.set(cast.getSource());
          if (cast->use_empty())
            cast.erase();
        }
    updateFunctionType(main);
    for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
      if (auto dims =
              main.getResultAttrOfType<ArrayAttr>(i, LowbitDialect::kDimsAttr))
        main.setResultAttr(i, LowbitDialect::kDimsAttr,
                           updateDims(dims, cast<ShapedType>(type)));
  }

  static void updateFunctionType(func::FuncOp main) {
    SmallVector<Type> results(main.getResultTypes());
    for (auto result : main.getOps<func::ReturnOp>())
      results = llvm::to_vector(result.getOperandTypes());
    main.setFunctionType(FunctionType::get(
        main.getContext(), main.front().getArgumentTypes(), results));
  }
};
} // namespace
