//===- ImportTosa.cpp - TOSA models into phase 1 --------------------------===//
//
// In: a module with operators of TOSA. Out: the same in linalg, tensor and
// arith, in the forms of the float contract, every value under the name of its
// operator. Each operator carries a mark in its location through upstream's
// patterns, which give it to all that they make; the last operation of a mark
// makes the value. Refused: what lowbit-convert-from-tosa refuses.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"

#include "Tosa.h"

#include "lowbit/Import/Ids.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_IMPORTTOSA
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

static bool isTosa(Operation *op) {
  return isa_and_nonnull<tosa::TosaDialect>(op->getDialect());
}

/// The mark that a location carries: {id, kind} in the metadata.
static FusedLoc markOf(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  auto marked = fused ? dyn_cast_or_null<DictionaryAttr>(fused.getMetadata())
                      : DictionaryAttr();
  return marked && marked.contains(LowbitDialect::kIdAttr) ? fused : FusedLoc();
}

namespace {
struct ImportTosa : lowbit::impl::ImportTosaBase<ImportTosa> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    bool hasTosa = module
                       .walk([](Operation *op) {
                         return isTosa(op) ? WalkResult::interrupt()
                                           : WalkResult::advance();
                       })
                       .wasInterrupted();
    if (!hasTosa)
      return markAllAnalysesPreserved();
    IdNames names(module);
    markOperators(names);
    rewriteTosaForms(module);
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(createConvertFromTosa());
    if (failed(runPipeline(pipeline, module)))
      return signalPassFailure();
    assumeEqualSizes();
    nameValues(names);
    eraseDead();
  }

private:
  void markOperators(IdNames &names) {
    llvm::StringMap<unsigned> ordinals;
    getOperation().walk([&](Operation *op) {
      if (!isTosa(op) || op->getNumResults() == 0 ||
          isa<tosa::ConstOp, tosa::ConstShapeOp>(op))
        return;
      ++numOperators;
      StringRef kind = op->getName().stripDialect();
      unsigned ordinal = ordinals[kind]++;
      std::string id;
      if (auto given = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)) {
        id = given.str();
      } else {
        id = nameOf(op->getLoc()).str();
        if (id.empty())
          id = (kind + "_" + Twine(ordinal)).str();
        id = names.unique(id);
      }
      Builder b(&getContext());
      op->setLoc(FusedLoc::get(
          &getContext(), {op->getLoc()},
          b.getDictionaryAttr(
              {b.getNamedAttr(LowbitDialect::kIdAttr, b.getStringAttr(id)),
               b.getNamedAttr("lowbit.kind", b.getStringAttr(kind))})));
    });
  }

  /// Upstream's patterns decide in the run whether an operand of unknown size
  /// is broadcast. A model of one list of operations has it decided before:
  /// sizes that are not known are equal, which the run checks.
  void assumeEqualSizes() {
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      if (isa<scf::IfOp, arith::MaxUIOp>(op) && markOf(op->getLoc()))
        found.push_back(op);
    });
    for (Operation *op : found) {
      if (auto branch = dyn_cast<scf::IfOp>(op)) {
        if (branch.elseBlock() && branch->getNumResults() == 1)
          branch.getResult(0).replaceAllUsesWith(
              branch.elseYield().getOperand(0));
      } else if (op->getResult(0).getType().isIndex()) {
        op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      }
      if (op->use_empty())
        op->erase();
    }
  }

  /// Puts the places back that the marks were laid over.
  void nameValues(IdNames &names) {
    llvm::MapVector<Attribute, SmallVector<Operation *>> made;
    auto place = [](Location loc) {
      FusedLoc mark = markOf(loc);
      return mark ? mark.getLocations().front() : loc;
    };
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            argument.setLoc(place(argument.getLoc()));
      FusedLoc mark = markOf(op->getLoc());
      if (!mark)
        return;
      if (isa<func::FuncOp>(op->getParentOp()))
        made[mark.getMetadata()].push_back(op);
      op->setLoc(mark.getLocations().front());
    });
    for (auto &[mark, ops] : made) {
      auto words = cast<DictionaryAttr>(mark);
      startAtInfinity(words.getAs<StringAttr>("lowbit.kind"), ops);
      nameParts(words.getAs<StringAttr>(LowbitDialect::kIdAttr), ops, names);
    }
  }

  /// Maxima and minima of nothing are infinite, as padding is: upstream takes
  /// the largest finite number, which is wrong for rows of infinities.
  static void startAtInfinity(StringRef kind, ArrayRef<Operation *> ops) {
    if (kind != "max_pool2d" && kind != "reduce_max" && kind != "reduce_min")
      return;
    for (Operation *op : ops)
      if (auto constant = dyn_cast<arith::ConstantOp>(op))
        if (auto value = dyn_cast<FloatAttr>(constant.getValue());
            value && value.getValue().isLargest())
          constant.setValueAttr(FloatAttr::get(
              value.getType(), APFloat::getInf(value.getValue().getSemantics(),
                                               value.getValue().isNegative())));
  }

  /// Constants that upstream's patterns have read.
  void eraseDead() {
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>(
        [](Operation *op) {
          if (isOpTriviallyDead(op))
            op->erase();
        });
  }
};
} // namespace
