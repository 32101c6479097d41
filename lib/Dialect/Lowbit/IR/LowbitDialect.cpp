//===- LowbitDialect.cpp - registration and dialect attributes ------------===//
//
// Registers types and operations, and checks the discardable `lowbit.*`
// attributes that modules and operations carry.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace lowbit;

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.cpp.inc"

void LowbitDialect::initialize() {
  registerLowbitAttributes();
  registerLowbitTypes();
  addOperations<
#define GET_OP_LIST
#include "lowbit/Dialect/Lowbit/IR/LowbitOps.cpp.inc"
      >();
}

LogicalResult LowbitDialect::verifyOperationAttribute(Operation *op,
                                                      NamedAttribute attr) {
  StringRef name = attr.getName();
  bool wantsString =
      name == kStoreAttr || name == kIdAttr || name == kFloatReasonAttr;
  if (wantsString && !isa<StringAttr>(attr.getValue()))
    return op->emitOpError() << "attribute '" << name
                             << "' must be a string, found " << attr.getValue();
  if (name == kStoreAttr && !isa<ModuleOp>(op))
    return op->emitOpError()
           << "attribute '" << name << "' belongs on the module";
  if (name == AccumulatorRange::kAttrName)
    return AccumulatorRange::verify(op, attr.getValue());
  return success();
}
