//===- LowbitAttrs.cpp - granularity and layouts --------------------------===//
//
// Text form and constraints G1 to G4 and L1 of the attributes, and the
// enumerations.
//
//===----------------------------------------------------------------------===//
#include "LowbitFields.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lowbit;

#include "lowbit/Dialect/Lowbit/IR/LowbitEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "lowbit/Dialect/Lowbit/IR/LowbitAttrs.cpp.inc"

void LowbitDialect::registerLowbitAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "lowbit/Dialect/Lowbit/IR/LowbitAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Fields after the first one of a type
//===----------------------------------------------------------------------===//

static ParseResult parseBlock(AsmParser &parser, SmallVector<int64_t> &block) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        if (succeeded(parser.parseOptionalStar())) {
          block.push_back(GranularityAttr::kWhole);
          return success();
        }
        SMLoc loc = parser.getCurrentLocation();
        int64_t size;
        if (parser.parseInteger(size))
          return failure();
        if (size < 1)
          return parser.emitError(loc) << "(G3) a block has one element or "
                                          "more in each dimension, found "
                                       << size << "; * is a whole dimension";
        block.push_back(size);
        return success();
      });
}

ParseResult FormatFields::parseNext(AsmParser &parser, bool allowsPack) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef key;
  if (parser.parseKeyword(&key) || parser.parseEqual())
    return failure();
  if (!seen.insert(key).second)
    return parser.emitError(loc) << "'" << key << "' is given twice";
  int64_t number;
  if (key == "axis") {
    if (parser.parseInteger(number))
      return failure();
    axis = number;
    return success();
  }
  if (key == "block")
    return parseBlock(parser, block);
  if (key == "scale") {
    Type type;
    if (parser.parseType(type))
      return failure();
    scale = dyn_cast<FloatType>(type);
    if (!scale)
      return parser.emitError(loc)
             << "(G4) scales are f32, f8E8M0FNU or f8E4M3FN, found " << type;
    return success();
  }
  if (key == "pack" && allowsPack) {
    if (parser.parseInteger(number))
      return failure();
    pack = number;
    return success();
  }
  return parser.emitError(loc)
         << "expected axis, block, scale" << (allowsPack ? " or pack" : "")
         << ", found '" << key << "'";
}

GranularityAttr FormatFields::granularity(AsmParser &parser, SMLoc loc) const {
  MLIRContext *context = parser.getContext();
  return parser.getChecked<GranularityAttr>(
      loc, context, axis, ArrayRef(block),
      scale ? scale : FloatType(Float32Type::get(context)));
}

void FormatFields::printRest(AsmPrinter &printer, GranularityAttr granularity,
                             std::optional<int64_t> pack) {
  granularity.printFields(printer);
  if (pack)
    printer << ", pack = " << *pack;
  printer << ">";
}

LogicalResult
lowbit::verifyPack(llvm::function_ref<InFlightDiagnostic()> emitError,
                   std::optional<int64_t> pack, unsigned width) {
  if (!pack)
    return success();
  if (*pack < 0)
    return emitError() << "(T5) pack must not be negative, found " << *pack;
  if (width >= 8)
    return emitError() << "(T5) elements narrower than a byte are packed, "
                          "found "
                       << width << " bits";
  return success();
}

//===----------------------------------------------------------------------===//
// GranularityAttr
//===----------------------------------------------------------------------===//

GranularityAttr GranularityAttr::get(MLIRContext *context,
                                     std::optional<int64_t> axis) {
  return get(context, axis, ArrayRef<int64_t>(), Float32Type::get(context));
}

bool GranularityAttr::isRows() const {
  return isBlockwise() && llvm::all_of(getBlock(), [](int64_t block) {
           return block == 1 || block == kWhole;
         });
}

SmallVector<int64_t>
GranularityAttr::parameterShape(ArrayRef<int64_t> shape) const {
  if (isPerAxis())
    return {shape[*getAxis()]};
  SmallVector<int64_t> result;
  for (auto [size, block] : llvm::zip(shape, getBlock())) {
    if (block == kWhole)
      result.push_back(1);
    else if (ShapedType::isDynamic(size))
      result.push_back(size);
    else
      result.push_back(llvm::divideCeil(uint64_t(size), uint64_t(block)));
  }
  return isBlockwise() ? result : SmallVector<int64_t>{};
}

/// Prints the fields, `lead` before the first and ", " before the others.
static void printFieldsAfter(GranularityAttr attr, AsmPrinter &printer,
                             StringRef lead) {
  auto separate = [&] {
    printer << lead;
    lead = ", ";
  };
  if (attr.getAxis()) {
    separate();
    printer << "axis = " << *attr.getAxis();
  }
  if (attr.isBlockwise()) {
    separate();
    printer << "block = [";
    llvm::interleaveComma(attr.getBlock(), printer, [&](int64_t size) {
      if (size == GranularityAttr::kWhole)
        printer << "*";
      else
        printer << size;
    });
    printer << "]";
  }
  if (!attr.getScale().isF32()) {
    separate();
    printer << "scale = " << attr.getScale();
  }
}

void GranularityAttr::printFields(AsmPrinter &printer) const {
  printFieldsAfter(*this, printer, ", ");
}

Attribute GranularityAttr::parse(AsmParser &parser, Type) {
  FormatFields fields;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        return fields.parseNext(parser, /*allowsPack=*/false);
      }))
    return {};
  return fields.granularity(parser, loc);
}

void GranularityAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printFieldsAfter(*this, printer, "");
  printer << ">";
}

LogicalResult
GranularityAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                        std::optional<int64_t> axis, ArrayRef<int64_t> block,
                        FloatType scale) {
  if (axis && *axis < 0)
    return emitError() << "(G1) axis must not be negative, found " << *axis;
  if (axis && !block.empty())
    return emitError() << "(G2) axis and block exclude each other; a block of "
                          "1 in one dimension and * in the others is an axis";
  for (int64_t size : block)
    if (size < 1 && size != kWhole)
      return emitError() << "(G3) a block has one element or more in each "
                            "dimension, found "
                         << size << "; * is a whole dimension";
  if (!isa<Float32Type, Float8E8M0FNUType, Float8E4M3FNType>(scale))
    return emitError() << "(G4) scales are f32, f8E8M0FNU or f8E4M3FN, found "
                       << scale;
  return success();
}

//===----------------------------------------------------------------------===//
// PanelsAttr
//===----------------------------------------------------------------------===//

LogicalResult
PanelsAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   int64_t columns, int64_t group) {
  if (columns < 1 || group < 1)
    return emitError() << "(L1) columns and group must be positive, found "
                       << columns << " and " << group;
  return success();
}
