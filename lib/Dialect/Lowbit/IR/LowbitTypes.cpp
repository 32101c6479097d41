//===- LowbitTypes.cpp - formats of quantized values ----------------------===//
//
// Text form and constraints T1 to T8 of the types.
//
//===----------------------------------------------------------------------===//
#include "LowbitFields.h"

#include "lowbit/Numerics/Codebook.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

#include "lowbit/Dialect/Lowbit/IR/LowbitTypeInterfaces.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "lowbit/Dialect/Lowbit/IR/LowbitTypes.cpp.inc"

void LowbitDialect::registerLowbitTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "lowbit/Dialect/Lowbit/IR/LowbitTypes.cpp.inc"
      >();
}

SmallVector<int64_t> lowbit::detail::storageShape(ArrayRef<int64_t> shape,
                                                  std::optional<int64_t> pack,
                                                  unsigned width) {
  SmallVector<int64_t> result(shape);
  if (pack && *pack < int64_t(shape.size()) &&
      !ShapedType::isDynamic(shape[*pack]))
    result[*pack] = shape[*pack] / 8 * width + shape[*pack] % 8 * width / 8;
  return result;
}

//===----------------------------------------------------------------------===//
// AffineType
//===----------------------------------------------------------------------===//

std::pair<int64_t, int64_t> AffineType::fullRange(IntegerType storage) {
  unsigned width = storage.getWidth();
  if (storage.isUnsigned())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

AffineType AffineType::get(IntegerType storage, int64_t min, int64_t max,
                           std::optional<int64_t> axis) {
  MLIRContext *context = storage.getContext();
  return get(context, storage, min, max, GranularityAttr::get(context, axis),
             std::nullopt);
}

AffineType AffineType::getFull(IntegerType storage) {
  auto [min, max] = fullRange(storage);
  return get(storage, min, max, std::nullopt);
}

AffineType AffineType::withBlocks(ArrayRef<int64_t> blocks) const {
  return AffineType::get(getContext(), getStorage(), getMin(), getMax(),
                         GranularityAttr::get(getContext(), std::nullopt,
                                              blocks,
                                              getGranularity().getScale()),
                         getPack());
}

AffineType AffineType::withAxis(std::optional<int64_t> axis) const {
  auto granularity = GranularityAttr::get(
      getContext(), axis, ArrayRef<int64_t>(), getGranularity().getScale());
  return get(getContext(), getStorage(), getMin(), getMax(), granularity,
             getPack());
}

unsigned AffineType::getStorageWidth() const { return getStorage().getWidth(); }
bool AffineType::hasZeroPoint() const { return true; }

Type AffineType::parse(AsmParser &parser) {
  Type storage;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseType(storage))
    return {};
  auto integer = dyn_cast<IntegerType>(storage);
  // The range of a storage type that is not legal cannot be computed.
  if (!integer || integer.getWidth() < 2 || integer.getWidth() > 16) {
    parser.emitError(loc) << "(T1) storage must be an integer of 2 to 16 bits, "
                             "found "
                          << storage;
    return {};
  }
  auto [min, max] = fullRange(integer);
  FormatFields fields;
  bool isFirst = true;
  while (succeeded(parser.parseOptionalComma())) {
    int64_t low;
    OptionalParseResult range =
        isFirst ? parser.parseOptionalInteger(low) : OptionalParseResult();
    isFirst = false;
    if (!range.has_value()) {
      if (fields.parseNext(parser, /*allowsPack=*/true))
        return {};
      continue;
    }
    min = low;
    if (*range || parser.parseColon() || parser.parseInteger(max))
      return {};
  }
  if (parser.parseGreater())
    return {};
  GranularityAttr granularity = fields.granularity(parser, loc);
  if (!granularity)
    return {};
  return parser.getChecked<AffineType>(loc, parser.getContext(), integer, min,
                                       max, granularity, fields.pack);
}

void AffineType::print(AsmPrinter &printer) const {
  printer << "<" << getStorage();
  if (fullRange(getStorage()) != std::make_pair(getMin(), getMax()))
    printer << ", " << getMin() << ":" << getMax();
  FormatFields::printRest(printer, getGranularity(), getPack());
}

LogicalResult
AffineType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   IntegerType storage, int64_t min, int64_t max,
                   GranularityAttr granularity, std::optional<int64_t> pack) {
  if (storage.getWidth() < 2 || storage.getWidth() > 16)
    return emitError()
           << "(T1) storage must be an integer of 2 to 16 bits, found "
           << storage;
  if (storage.isSigned())
    return emitError() << "(T2) storage is written i" << storage.getWidth()
                       << " (signed) or ui" << storage.getWidth()
                       << " (unsigned), found " << storage;
  auto [lowest, highest] = fullRange(storage);
  if (min >= max)
    return emitError() << "(T3) range must not be empty, found " << min << ":"
                       << max;
  if (min < lowest || max > highest)
    return emitError() << "(T4) range " << min << ":" << max
                       << " does not fit storage " << storage << " (" << lowest
                       << ":" << highest << ")";
  return verifyPack(emitError, pack, storage.getWidth());
}

//===----------------------------------------------------------------------===//
// SmallFloatType
//===----------------------------------------------------------------------===//

/// The fields after the first one, to the closing bracket; null after an error.
static GranularityAttr parseRest(AsmParser &parser, FormatFields &fields,
                                 SMLoc loc) {
  while (succeeded(parser.parseOptionalComma()))
    if (fields.parseNext(parser, /*allowsPack=*/true))
      return {};
  if (parser.parseGreater())
    return {};
  return fields.granularity(parser, loc);
}

unsigned SmallFloatType::getStorageWidth() const {
  return getElement().getWidth();
}
bool SmallFloatType::hasZeroPoint() const { return false; }

Type SmallFloatType::parse(AsmParser &parser) {
  Type element;
  FormatFields fields;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseType(element))
    return {};
  auto floating = dyn_cast<FloatType>(element);
  if (!floating) {
    parser.emitError(loc) << "(T6) element must be f8E4M3FN, f8E5M2, f6E3M2FN, "
                             "f6E2M3FN or f4E2M1FN, found "
                          << element;
    return {};
  }
  GranularityAttr granularity = parseRest(parser, fields, loc);
  if (!granularity)
    return {};
  return parser.getChecked<SmallFloatType>(loc, parser.getContext(), floating,
                                           granularity, fields.pack);
}

void SmallFloatType::print(AsmPrinter &printer) const {
  printer << "<" << getElement();
  FormatFields::printRest(printer, getGranularity(), getPack());
}

LogicalResult
SmallFloatType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                       FloatType element, GranularityAttr granularity,
                       std::optional<int64_t> pack) {
  if (!isa<Float8E4M3FNType, Float8E5M2Type, Float6E3M2FNType, Float6E2M3FNType,
           Float4E2M1FNType>(element))
    return emitError() << "(T6) element must be f8E4M3FN, f8E5M2, f6E3M2FN, "
                          "f6E2M3FN or f4E2M1FN, found "
                       << element;
  return verifyPack(emitError, pack, element.getWidth());
}

//===----------------------------------------------------------------------===//
// CodebookType
//===----------------------------------------------------------------------===//

unsigned CodebookType::getStorageWidth() const {
  return llvm::Log2_64(getValues().size());
}
bool CodebookType::hasZeroPoint() const { return false; }

static ArrayRef<float> nf4Values() { return {kNF4.entries, kNF4.size()}; }

Type CodebookType::parse(AsmParser &parser) {
  FormatFields fields;
  SmallVector<float> values;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  if (succeeded(parser.parseOptionalKeyword("nf4"))) {
    llvm::append_range(values, nf4Values());
  } else if (parser.parseCommaSeparatedList(
                 AsmParser::Delimiter::Square, [&]() -> ParseResult {
                   double value;
                   if (parser.parseFloat(value))
                     return failure();
                   values.push_back(static_cast<float>(value));
                   return success();
                 })) {
    return {};
  }
  GranularityAttr granularity = parseRest(parser, fields, loc);
  if (!granularity)
    return {};
  return parser.getChecked<CodebookType>(
      loc, parser.getContext(),
      DenseF32ArrayAttr::get(parser.getContext(), values), granularity,
      fields.pack);
}

void CodebookType::print(AsmPrinter &printer) const {
  printer << "<";
  ArrayRef<float> values = getValues().asArrayRef();
  if (values == nf4Values()) {
    printer << "nf4";
  } else {
    printer << "[";
    // Through the attribute: it prints digits that read back as the same float.
    Type f32 = Float32Type::get(getContext());
    llvm::interleaveComma(values, printer, [&](float value) {
      printer.printAttributeWithoutType(FloatAttr::get(f32, value));
    });
    printer << "]";
  }
  FormatFields::printRest(printer, getGranularity(), getPack());
}

LogicalResult
CodebookType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     DenseF32ArrayAttr values, GranularityAttr granularity,
                     std::optional<int64_t> pack) {
  int64_t size = values.size();
  if (size < 4 || size > 256 || !llvm::isPowerOf2_64(size))
    return emitError() << "(T7) a codebook has 4, 8, 16, ..., 256 values, "
                          "found "
                       << size;
  unsigned bits = llvm::Log2_64(size);
  if (isLegalCodebook({values.asArrayRef().data(), bits}))
    return verifyPack(emitError, pack, bits);
  // The first that does not follow, to be named.
  int64_t i = 0;
  while (i + 1 < size && std::isfinite(values[i]) &&
         (i == 0 || values[i] > values[i - 1]))
    ++i;
  return emitError() << "(T8) the values of a codebook are finite and ascend, "
                        "found "
                     << values[i] << " at index " << i;
}
