//===- LowbitTypes.cpp - formats of quantized values ----------------------===//
//
// Parser, printer and verifier of `!lowbit.affine`.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lowbit;

#define GET_TYPEDEF_CLASSES
#include "lowbit/Dialect/Lowbit/IR/LowbitTypes.cpp.inc"

void LowbitDialect::registerLowbitTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "lowbit/Dialect/Lowbit/IR/LowbitTypes.cpp.inc"
      >();
}

std::pair<int64_t, int64_t> AffineType::fullRange(IntegerType storage) {
  unsigned width = storage.getWidth();
  if (storage.isUnsigned())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

AffineType AffineType::getFull(IntegerType storage) {
  auto [min, max] = fullRange(storage);
  return get(storage.getContext(), storage, min, max, std::nullopt);
}

IntegerType AffineType::getPlainStorage() const {
  return IntegerType::get(getContext(), getStorage().getWidth());
}

AffineType AffineType::withAxis(std::optional<int64_t> axis) const {
  return get(getContext(), getStorage(), getMin(), getMax(), axis);
}

Type AffineType::parse(AsmParser &parser) {
  Type storage;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseType(storage))
    return {};
  auto integer = dyn_cast<IntegerType>(storage);
  // The range of a storage type that is not legal cannot be computed.
  if (!integer || integer.getWidth() < 2 || integer.getWidth() > 16) {
    parser.emitError(loc) << "storage must be an integer of 2 to 16 bits, "
                             "found "
                          << storage;
    return {};
  }
  auto [min, max] = fullRange(integer);
  std::optional<int64_t> axis;
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("axis"))) {
      int64_t value;
      if (parser.parseEqual() || parser.parseInteger(value))
        return {};
      axis = value;
      break;
    }
    if (parser.parseInteger(min) || parser.parseColon() ||
        parser.parseInteger(max))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<AffineType>(loc, parser.getContext(), integer, min,
                                       max, axis);
}

void AffineType::print(AsmPrinter &printer) const {
  printer << "<" << getStorage();
  if (fullRange(getStorage()) != std::make_pair(getMin(), getMax()))
    printer << ", " << getMin() << ":" << getMax();
  if (getAxis())
    printer << ", axis = " << *getAxis();
  printer << ">";
}

LogicalResult
AffineType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   IntegerType storage, int64_t min, int64_t max,
                   std::optional<int64_t> axis) {
  if (storage.getWidth() < 2 || storage.getWidth() > 16)
    return emitError() << "storage must be an integer of 2 to 16 bits, found "
                       << storage;
  if (storage.isSigned())
    return emitError() << "storage is written i" << storage.getWidth()
                       << " (signed) or ui" << storage.getWidth()
                       << " (unsigned), found " << storage;
  auto [lowest, highest] = fullRange(storage);
  if (min >= max)
    return emitError() << "range must not be empty, found " << min << ":"
                       << max;
  if (min < lowest || max > highest)
    return emitError() << "range " << min << ":" << max
                       << " does not fit storage " << storage << " (" << lowest
                       << ":" << highest << ")";
  if (axis && *axis < 0)
    return emitError() << "axis must not be negative, found " << *axis;
  return success();
}
