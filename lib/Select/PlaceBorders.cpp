//===- PlaceBorders.cpp - integers between operations ---------------------===//
//
//   observe(x) "value", add(x, y)  ->  add(observe(x) "border", y)
//
// In: observers, those of activations among them, and statistics. Out: what
// works on integers reads its operands through borders; an activation that is
// observed already is the border of readers that 8 bits are enough for. Other
// operations get `lowbit.float_reason`. A value without statistics (a table
// made elsewhere) has the range that its operations give for that of a border;
// where it has none it is no border, with one warning for all.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Passes.h"

#include "FlatEnds.h"
#include "lowbit/Analysis/Borders.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/MainFunction.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_PLACEBORDERS
#include "lowbit/Select/Passes.h.inc"
} // namespace lowbit

/// The observer of `value` with that role.
static ObserveOp findObserver(Value value, StringRef role) {
  for (Operation *user : value.getUsers())
    if (auto observer = dyn_cast<ObserveOp>(user))
      if (observer.getRole() == role)
        return observer;
  return {};
}

namespace {
struct PlaceBorders : lowbit::impl::PlaceBordersBase<PlaceBorders> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main))
      return signalPassFailure();
    main->walk([&](ObserveOp op) { ids.insert(op.getId()); });
    BorderPlan plan = planBorders(*main);
    SmallVector<std::string> unknown;
    for (Border &border : plan.borders) {
      ObserveOp observer = findBorder(border);
      if (!observer) {
        unknown.push_back(valueName(border.value));
        continue;
      }
      for (OpOperand *reader : border.readers)
        reader->set(observer.getOutput());
      made.push_back(observer);
      ++numBorders;
    }
    ids.clear();
    made.clear();
    for (auto &[op, reason] : plan.floats)
      if (!op->hasAttr(LowbitDialect::kFloatReasonAttr))
        op->setAttr(LowbitDialect::kFloatReasonAttr,
                    StringAttr::get(&getContext(), reason));
    numFloat += plan.floats.size();
    if (!unknown.empty())
      warn(*main, unknown);
  }

  /// What `border`'s readers are to read; null without statistics.
  ObserveOp findBorder(const Border &border) {
    ObserveOp activation = findObserver(border.value, "activation");
    if (activation && !border.isWide)
      return activation;
    ObserveOp known = findObserver(border.value, "value");
    if (known && known.getMinAttr()) {
      known.setRole("border");
      known.setWide(border.isWide);
      known.removeAxisAttr();
      return known;
    }
    known = activation ? activation : findObserver(border.value, "border");
    std::optional<std::pair<float, float>> image;
    if (!known || !known.getMinAttr())
      for (ObserveOp source : made)
        if (!image)
          image = findImage(source, border.value);
    if (!image && (!known || !known.getMinAttr()))
      return {};
    std::string id = valueName(border.value);
    for (unsigned i = 1; !ids.insert(id).second; ++i)
      id = valueName(border.value) + "#" + std::to_string(i);
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(border.value);
    auto op = ObserveOp::create(builder, border.value.getLoc(), border.value,
                                id, "border", std::nullopt);
    op.setWide(border.isWide);
    if (image) {
      op.setMinAttr(builder.getF32FloatAttr(image->first));
      op.setMaxAttr(builder.getF32FloatAttr(image->second));
    } else {
      op.setCountAttr(known.getCountAttr());
      op.setMinAttr(known.getMinAttr());
      op.setMaxAttr(known.getMaxAttr());
    }
    return op;
  }

  static void warn(func::FuncOp main, ArrayRef<std::string> unknown) {
    constexpr size_t mostNames = 8;
    InFlightDiagnostic warning = main.emitWarning();
    warning << "the calibration table has no statistics of " << unknown.size()
            << " values between operations, which stay float there; calibrate "
               "this model anew for them: ";
    for (auto [i, name] : llvm::enumerate(unknown.take_front(mostNames)))
      warning << (i ? ", '" : "'") << name << "'";
    if (unknown.size() > mostNames)
      warning << " and " << unknown.size() - mostNames << " more";
  }

  llvm::StringSet<> ids;
  SmallVector<ObserveOp> made;
};
} // namespace
