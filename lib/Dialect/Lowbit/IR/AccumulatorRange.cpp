//===- AccumulatorRange.cpp - what an accumulator can hold ----------------===//
//
// Reads, writes and checks `lowbit.accumulator`. Refused: other keys, ends that
// are no i64, do not fit 32 bits or are in the wrong order, an operation whose
// last operand (the accumulator, on tensors and on buffers) is not of i32.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace lowbit;

static constexpr StringLiteral kMin = "min", kMax = "max",
                               kPairs = "pair_sums_fit_i16";

static std::optional<int64_t> endOf(DictionaryAttr fields, StringRef name) {
  auto end = fields.getAs<IntegerAttr>(name);
  if (!end || !end.getType().isSignlessInteger(64))
    return std::nullopt;
  return end.getInt();
}

std::optional<AccumulatorRange> AccumulatorRange::get(Operation *op) {
  auto fields = op->getAttrOfType<DictionaryAttr>(kAttrName);
  if (!fields)
    return std::nullopt;
  auto min = endOf(fields, kMin), max = endOf(fields, kMax);
  if (!min || !max)
    return std::nullopt;
  return AccumulatorRange{*min, *max, fields.contains(kPairs)};
}

void AccumulatorRange::attachTo(Operation *op) const {
  Builder builder(op->getContext());
  SmallVector<NamedAttribute> fields{
      builder.getNamedAttr(kMin, builder.getI64IntegerAttr(min)),
      builder.getNamedAttr(kMax, builder.getI64IntegerAttr(max))};
  if (pairSumsFitI16)
    fields.push_back(builder.getNamedAttr(kPairs, builder.getUnitAttr()));
  op->setAttr(kAttrName, builder.getDictionaryAttr(fields));
}

LogicalResult AccumulatorRange::verify(Operation *op, Attribute attr) {
  auto fail = [&]() {
    return op->emitOpError() << "attribute '" << kAttrName << "' ";
  };
  auto fields = dyn_cast<DictionaryAttr>(attr);
  if (!fields)
    return fail() << "must be a dictionary of '" << kMin << "', '" << kMax
                  << "' and '" << kPairs << "', found " << attr;
  for (NamedAttribute field : fields) {
    StringRef name = field.getName();
    if (name != kMin && name != kMax && name != kPairs)
      return fail() << "has no field '" << name << "'; it has '" << kMin
                    << "', '" << kMax << "' and '" << kPairs << "'";
    if (name == kPairs ? !isa<UnitAttr>(field.getValue())
                       : !endOf(fields, name))
      return fail() << "field '" << name << "' must be "
                    << (name == kPairs ? "a unit attribute" : "an i64 integer")
                    << ", found " << field.getValue();
  }
  auto min = endOf(fields, kMin), max = endOf(fields, kMax);
  if (!min || !max)
    return fail() << "lacks field '" << (min ? kMax : kMin) << "'";
  if (*min > *max || !llvm::isInt<32>(*min) || !llvm::isInt<32>(*max))
    return fail() << "must be a range of 32-bit integers, found " << *min
                  << " to " << *max;
  if (op->getNumOperands() == 0 ||
      !getElementTypeOrSelf(op->getOperands().back()).isSignlessInteger(32))
    return fail() << "belongs on an operation that accumulates in i32";
  return success();
}
