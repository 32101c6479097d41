//===- KeepFloats.cpp - operations that stay float ------------------------===//
//
// In: which rule keeps which operation float. Out: those operations read the
// values themselves, not what observers hand on, and carry the rule as
// `lowbit.float_reason`. Nothing is refused.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Settings.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

static std::string keptReason(StringRef rule) {
  return (kKeptFloat + rule).str();
}

/// Lets `reader` read the value itself, by way of its own copy of the data
/// movement.
static void bypass(ObserveOp observer, const Reader &reader,
                   llvm::MapVector<Operation *, Operation *> &copies) {
  Value source = observer.getInput();
  for (Operation *move : reader.moves) {
    Operation *&copy = copies[move];
    if (!copy) {
      OpBuilder builder(move);
      copy = builder.clone(*move);
      copy->setOperand(movedOperand(move)->getOperandNumber(), source);
      copy->removeAttr(LowbitDialect::kIdAttr);
    }
    source = copy->getResult(0);
  }
  reader.operand->set(source);
}

unsigned lowbit::keepFloats(Selection &selection) {
  llvm::MapVector<Operation *, std::string> kept;
  MutableArrayRef<ObservedValue> values = selection.values;
  for (ObservedValue &value : values)
    for (Reader &reader : value.readers)
      if (!reader.keptBy.empty())
        kept.insert({reader.op, reader.keptBy});
  for (const OtherOperation &other : selection.others)
    if (!other.keptBy.empty())
      kept.insert({other.op, other.keptBy});
  unsigned count = 0;
  for (auto &[op, rule] : kept) {
    std::string reason = keptReason(rule);
    op->setAttr(LowbitDialect::kFloatReasonAttr,
                StringAttr::get(op->getContext(), reason));
    op->emitRemark("stays float: ") << reason;
    count += isFloatContraction(op);
  }
  for (ObservedValue &value : values) {
    auto isKept = [&](const Reader &reader) { return kept.count(reader.op); };
    if (value.readers.empty() || llvm::none_of(value.readers, isKept))
      continue;
    if (llvm::all_of(value.readers, isKept)) {
      value.isQuantized = false;
      const Reader &first = value.readers.front();
      value.reason =
          first.keptBy.empty()
              ? "read only by operations that stay float: " + first.id +
                    " is " + keptReason(kept[first.op])
              : keptReason(first.keptBy);
      continue;
    }
    llvm::MapVector<Operation *, Operation *> copies;
    SmallVector<Reader> left;
    for (Reader &reader : value.readers) {
      if (isKept(reader))
        bypass(value.op, reader, copies);
      else
        left.push_back(std::move(reader));
    }
    // Movement that only they read goes; its copy is the value now.
    for (auto &[move, copy] : llvm::reverse(copies)) {
      if (!move->use_empty())
        continue;
      if (Attribute id = move->getAttr(LowbitDialect::kIdAttr))
        copy->setAttr(LowbitDialect::kIdAttr, id);
      move->erase();
    }
    value.readers = std::move(left);
  }
  return count;
}
