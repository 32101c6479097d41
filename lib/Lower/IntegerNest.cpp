//===- IntegerNest.cpp - a generic whose body is made first ---------------===//
//
// See IntegerNest.h. The accumulator is a placeholder until all inputs are
// known, for arguments of inits come last.
//
//===----------------------------------------------------------------------===//
#include "IntegerNest.h"

#include "lowbit/Import/Contractions.h"

using namespace mlir;
using namespace lowbit;

IntegerNest::IntegerNest(OpBuilder &builder, Operation *op, unsigned numLoops)
    : outside(builder), inside(builder.getContext()), op(op),
      numLoops(numLoops), block(std::make_unique<Block>()) {
  inside.setInsertionPointToEnd(block.get());
}

IntegerNest::~IntegerNest() {
  if (isFinished)
    return;
  block->dropAllDefinedValueUses();
  block.reset();
  for (Value constant : constants)
    if (Operation *made = constant.getDefiningOp(); constant.use_empty())
      made->erase();
}

FixedBuilder IntegerNest::body() {
  return FixedBuilder(
      {inside, op->getLoc()},
      [this](ArrayRef<int32_t> values, unsigned loop, StringRef what) {
        return vector(values, loop, what);
      });
}

Value IntegerNest::input(Value tensor, AffineMap map) {
  for (auto [i, known] : llvm::enumerate(inputs))
    if (known == tensor && maps[i] == map)
      return block->getArgument(i);
  inputs.push_back(tensor);
  maps.push_back(map);
  return block->addArgument(getElementTypeOrSelf(tensor.getType()),
                            op->getLoc());
}

Value IntegerNest::vector(ArrayRef<int32_t> values, unsigned loop,
                          StringRef what) {
  auto type =
      RankedTensorType::get({int64_t(values.size())}, inside.getI32Type());
  ConstantBuilder builder(op->getParentOfType<ModuleOp>());
  constants.push_back(builder.create(outside, op->getLoc(),
                                     valueName(op->getResult(0)) + what.str(),
                                     type, values));
  return input(constants.back(),
               AffineMap::get(numLoops, 0, inside.getAffineDimExpr(loop),
                              inside.getContext()));
}

bool IntegerNest::bounds(AffineMap map) const {
  SmallVector<AffineMap> all(maps);
  all.push_back(map);
  llvm::SmallBitVector bounded(numLoops);
  for (AffineMap each : all)
    for (AffineExpr expr : each.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        bounded.set(dim.getPosition());
  return bounded.all();
}

Value IntegerNest::accumulator(Type type) {
  return block->addArgument(type, op->getLoc());
}

ValueRange IntegerNest::finish(ValueRange results, ArrayRef<Value> inits,
                               ArrayRef<AffineMap> initMaps,
                               ArrayRef<utils::IteratorType> iterators) {
  isFinished = true;
  if (block->getNumArguments() == inputs.size())
    for (Value init : inits)
      accumulator(getElementTypeOrSelf(init.getType()));
  linalg::YieldOp::create(inside, op->getLoc(), results);
  SmallVector<AffineMap> all(maps);
  all.append(initMaps.begin(), initMaps.end());
  auto generic =
      linalg::GenericOp::create(outside, op->getLoc(), TypeRange(ValueRange(inits)),
                                inputs, inits, all, iterators);
  generic.getRegion().push_back(block.release());
  return generic.getResults();
}
