//===- InsertObservers.cpp - what could be quantized ----------------------===//
//
// In: the float contract. Out: each operand of a contraction, and each look-up
// table, comes through a `lowbit.observe` at its source:
//
//   matmul(transpose(x), w), add(x, y)
//   -> matmul(transpose(observe(x)), observe(w)), add(x, y)
//
// Values that the model quantizes itself keep their parameters and get none.
// Data movement between source and contraction is cloned, so that other
// readers keep what they had. With observe=all every other f32 value that has
// an id is observed as well, with borders=operations what lowbit-place-borders
// needs; with borders=inputs every reader of an argument reads it observed.
// Refused: a module without a contraction or table that can be quantized.
//
//===----------------------------------------------------------------------===//
#include "ObservationPlan.h"
#include "Softmax.h"

#include "lowbit/Analysis/Borders.h"
#include "lowbit/Calibrate/Passes.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_INSERTOBSERVERS
#include "lowbit/Calibrate/Passes.h.inc"
} // namespace lowbit

namespace {
/// The observed twins of values, made on demand.
class ObserverBuilder {
public:
  ObserverBuilder(func::FuncOp main, const ObservationPlan &plan, bool channels)
      : builder(main.getContext()), rows(findRows(main)) {
    if (channels)
      for (const Contraction &c : plan.contractions)
        for (unsigned i : {0, 1})
          addVote(c.op->getOperand(i), c.reductionDim(i));
  }

  /// `value` with an observer at its source. `channel` is the dimension of
  /// `value` that indexes output channels, where that is known; `reader` names
  /// constants that have no name.
  Value observe(Value value, std::optional<int64_t> channel,
                std::string reader) {
    constantName = reader + ".weight";
    bool isConstant = isConstantTensor(findSource(value));
    return isConstant ? twin(value, "weight", channel)
                      : twin(value, "activation", std::nullopt);
  }

  Value observeTable(Value table, std::string reader) {
    constantName = reader + ".table";
    return insert(table, "table", 0);
  }

  /// `value` itself, for the table alone.
  void observeOnly(Value value) {
    Value source = findSource(value);
    auto observer = source.getDefiningOp<ObserveOp>();
    if (!observed.contains(value) && !isConstantTensor(source) &&
        !(observer && observer.isConstant())) {
      insert(value, "value", std::nullopt);
      observed.insert(value);
    }
  }

  /// All readers of `argument` read it as an activation.
  void observeForAll(BlockArgument argument) {
    auto isObserver = [](Operation *user) {
      auto observer = dyn_cast<ObserveOp>(user);
      return observer && observer.isActivation();
    };
    auto known = llvm::find_if(argument.getUsers(), isObserver);
    Value made = known != argument.user_end()
                     ? known->getResult(0)
                     : insert(argument, "activation", std::nullopt);
    argument.replaceUsesWithIf(made, [](OpOperand &use) {
      return !isa<ObserveOp, tensor::DimOp, func::ReturnOp>(use.getOwner());
    });
  }

  /// Erases the movements whose readers all read the clone now. The other
  /// clones give their id back: it names the original.
  void finish() {
    for (auto &[original, clone] : llvm::reverse(clones)) {
      if (original->use_empty())
        original->erase();
      else
        clone->removeAttr(LowbitDialect::kIdAttr);
    }
  }

  unsigned numActivations = 0, numWeights = 0, numTables = 0, numValues = 0;

private:
  using Key = std::tuple<Value, StringRef, int64_t>;

  static Value findSource(Value value) {
    while (OpOperand *moved = movedOperand(value.getDefiningOp()))
      value = moved->get();
    return value;
  }

  Value twin(Value value, StringRef role, std::optional<int64_t> axis) {
    Value &known = twins[Key(value, role, axis.value_or(-1))];
    if (known)
      return known;
    Operation *op = value.getDefiningOp();
    OpOperand *moved = movedOperand(op);
    Value made;
    if (!moved) {
      made = insert(value, role, axis);
    } else {
      auto before = axis ? axisBefore(op, *axis) : std::nullopt;
      Value source = twin(moved->get(), role, before);
      builder.setInsertionPointAfter(op);
      Operation *clone = builder.clone(*op);
      clone->setOperand(moved->getOperandNumber(), source);
      clones.emplace_back(op, clone);
      made = clone->getResult(0);
    }
    // `known` may have moved while the source was made.
    return twins[Key(value, role, axis.value_or(-1))] = made;
  }

  /// One reader of the source of `value` sums over dimension `dim` of it.
  void addVote(Value value, std::optional<int64_t> dim) {
    while (OpOperand *moved = movedOperand(value.getDefiningOp())) {
      dim = dim ? axisBefore(value.getDefiningOp(), *dim) : std::nullopt;
      value = moved->get();
    }
    auto type = cast<RankedTensorType>(value.getType());
    if (dim && type.isDynamicDim(*dim))
      dim = std::nullopt;
    auto [vote, isNew] = votes.try_emplace(value, dim);
    if (!isNew && vote->second != dim)
      vote->second = std::nullopt;
  }

  Value insert(Value value, StringRef role, std::optional<int64_t> axis) {
    builder.setInsertionPointAfterValue(value);
    unsigned &count = role == "activation" ? numActivations
                      : role == "weight"   ? numWeights
                      : role == "table"    ? numTables
                                           : numValues;
    ++count;
    if (role == "activation") {
      observed.insert(value);
      axis = votes.lookup(value);
    }
    bool isNameless = isConstantTensor(value) &&
                      !value.getDefiningOp<GetParameterOp>() &&
                      !isa<NameLoc>(value.getLoc());
    std::string name = isNameless ? constantName : valueName(value), id = name;
    for (unsigned i = 1; !ids.insert(id).second; ++i)
      id = name + "#" + std::to_string(i);
    auto op = ObserveOp::create(builder, value.getLoc(), value, id, role, axis);
    if (auto found = rows.find(value); found != rows.end() && !op.isConstant())
      op.setRows(found->second);
    return op;
  }

  OpBuilder builder;
  llvm::DenseMap<Value, StringRef> rows;
  /// For sources of activations: the dimension that all readers sum over.
  llvm::DenseMap<Value, std::optional<int64_t>> votes;
  llvm::DenseSet<Value> observed;
  std::map<Key, Value, bool (*)(const Key &, const Key &)> twins{
      [](const Key &a, const Key &b) {
        return std::make_tuple(std::get<0>(a).getAsOpaquePointer(),
                               std::get<1>(a), std::get<2>(a)) <
               std::make_tuple(std::get<0>(b).getAsOpaquePointer(),
                               std::get<1>(b), std::get<2>(b));
      }};
  SmallVector<std::pair<Operation *, Operation *>> clones;
  std::set<std::string> ids;
  std::string constantName;
};

struct InsertObservers : lowbit::impl::InsertObserversBase<InsertObservers> {
  using InsertObserversBase::InsertObserversBase;

  void runOnOperation() override {
    if (observe != "operands" && observe != "all") {
      getOperation().emitError("observe must be operands or all, found '")
          << observe << "'";
      return signalPassFailure();
    }
    if (borders != "none" && borders != "inputs" && borders != "operations") {
      getOperation().emitError(
          "borders must be none, inputs or operations, found '")
          << borders << "'";
      return signalPassFailure();
    }
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main))
      return signalPassFailure();
    ObservationPlan plan = planObservation(*main);
    for (auto &[op, reason] : plan.floats) {
      // Arithmetic, where that is on integers.
      if (borders == "inputs" &&
          matchFloatContraction(op)->reductionSize() == 1)
        continue;
      op->setAttr(LowbitDialect::kFloatReasonAttr,
                  StringAttr::get(&getContext(), reason));
      op->emitRemark("stays float: ") << reason;
    }
    numFloat += plan.floats.size();
    bool isQuantized =
        main->walk([](Operation *op) {
              return isa<QuantizeOp, RequantizeOp, ContractOp>(op)
                         ? WalkResult::interrupt()
                         : WalkResult::advance();
            })
            .wasInterrupted();
    if (plan.contractions.empty() && plan.tables.empty() && !isQuantized) {
      InFlightDiagnostic error =
          getOperation().emitError("nothing to quantize: ");
      if (plan.floats.empty())
        error << "the model has no f32 matmul, batch_matmul, contract, "
                 "convolution or generic that multiplies and adds, and no "
                 "look-up in a 2-D f32 constant";
      else
        error << "all " << plan.floats.size()
              << " contractions have to stay float, as the remarks say";
      return signalPassFailure();
    }

    ObserverBuilder observers(*main, plan, channels);
    for (Contraction &c : plan.contractions)
      for (unsigned i : {0, 1})
        if (!isQuantizedAlready(c.op->getOperand(i)))
          c.op->setOperand(i, observers.observe(c.op->getOperand(i),
                                                c.channelDim(i),
                                                valueName(c.op->getResult(0))));
    observers.finish();
    for (TableLookups &table : plan.tables) {
      Operation *generic = table.lookups.front()->getParentOp();
      Value observed = observers.observeTable(table.constant,
                                              valueName(generic->getResult(0)));
      for (tensor::ExtractOp lookup : table.lookups)
        lookup.getTensorMutable().set(observed);
    }
    if (borders == "inputs")
      for (BlockArgument argument : main->getArguments())
        if (isF32Tensor(argument) && !argument.use_empty())
          observers.observeForAll(argument);
    if (borders == "operations")
      for (const Border &border : planBorders(*main).borders)
        observers.observeOnly(border.value);
    if (observe == "all")
      observeAll(*main, observers);
    numActivations += observers.numActivations;
    numWeights += observers.numWeights;
    numTables += observers.numTables;
    numValues += observers.numValues;
  }

  /// Padding that a maximum passes over is not a number that a value holds.
  static bool hasInfinitePadding(Operation *op) {
    auto pad = dyn_cast<tensor::PadOp>(op);
    Value value = pad ? pad.getConstantPaddingValue() : Value();
    FloatAttr constant;
    return value && matchPattern(value, m_Constant(&constant)) &&
           constant.getValue().isInfinity();
  }

  /// Every f32 tensor with a name that is not observed yet.
  static void observeAll(func::FuncOp main, ObserverBuilder &observers) {
    SmallVector<Value> values;
    auto add = [&](Value value) {
      if (isF32Tensor(value))
        values.push_back(value);
    };
    llvm::for_each(main.getArguments(), add);
    main.walk([&](Operation *op) {
      if (op->hasAttr(LowbitDialect::kIdAttr) && !hasInfinitePadding(op))
        llvm::for_each(op->getResults(), add);
    });
    for (Value value : values)
      observers.observeOnly(value);
  }
};
} // namespace
