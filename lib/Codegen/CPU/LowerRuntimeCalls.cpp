//===- LowerRuntimeCalls.cpp - taps and range checks as calls -------------===//
//
// In:  lowbit.tap %m "id" : memref<...xT>
//      lowbit.check_range %m in [lo, hi) "message" : memref<...xT>
//      lowbit.check_size %found, %expected "message"
//      lowbit.mark "name"
// Out: call @lowbit_tap_T(site, memref<*xT>)
//      call @lowbit_check_range_T(site, memref<*xT>, lo, hi)
//      call @lowbit_check_size(site, found, expected)
//      call @lowbit_mark(site)
//      module attribute lowbit.sites = ["id", "message", ...]
// The runtime gives these functions to the JIT (lib/Run/Callbacks.cpp).
// Refused: element types that the runtime has no function for.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_LOWERRUNTIMECALLS
#include "lowbit/Codegen/Passes.h.inc"

/// The message of a check after its place: "x.mlir:3:8: ", or the name that
/// import gave it. When it fails, the code is long without locations.
static StringAttr withPlace(StringAttr message, Location location) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto place = location->findInstanceOf<FileLineColLoc>())
    os << place.getFilename().getValue() << ":" << place.getLine() << ":"
       << place.getColumn() << ": ";
  else if (auto named = location->findInstanceOf<NameLoc>())
    os << "'" << named.getName().getValue() << "': ";
  os << message.getValue();
  return StringAttr::get(message.getContext(), text);
}

namespace {
struct LowerRuntimeCalls : impl::LowerRuntimeCallsBase<LowerRuntimeCalls> {
  void runOnOperation() override {
    SmallVector<Operation *> calls;
    getOperation().walk([&](Operation *op) {
      if (isa<TapOp, CheckRangeOp, CheckSizeOp, MarkOp>(op))
        calls.push_back(op);
    });
    SmallVector<Attribute> sites;
    for (Operation *op : calls)
      if (failed(lower(op, sites)))
        return signalPassFailure();
    Builder builder(&getContext());
    getOperation()->setAttr("lowbit.sites", builder.getArrayAttr(sites));
  }

  LogicalResult lower(Operation *op, SmallVectorImpl<Attribute> &sites) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    Value site = arith::ConstantIntOp::create(builder, loc, sites.size(), 64);
    if (auto mark = dyn_cast<MarkOp>(op)) {
      sites.push_back(mark.getIdAttr());
      func::CallOp::create(builder, loc, declare("lowbit_mark", site), site);
      op->erase();
      return success();
    }
    if (auto check = dyn_cast<CheckSizeOp>(op)) {
      sites.push_back(withPlace(check.getMessageAttr(), loc));
      SmallVector<Value> operands{site};
      for (Value size : check.getOperands())
        operands.push_back(arith::IndexCastOp::create(
            builder, loc, builder.getI64Type(), size));
      func::CallOp::create(builder, loc, declare("lowbit_check_size", operands),
                           operands);
      op->erase();
      return success();
    }
    Value buffer = op->getOperand(0);
    auto type = cast<MemRefType>(buffer.getType());
    Type element = type.getElementType();
    auto check = dyn_cast<CheckRangeOp>(op);
    bool known = check ? element.isInteger(32) || element.isInteger(64)
                       : element.isF32() || element.isInteger(8) ||
                             element.isInteger(32);
    if (!known)
      return op->emitOpError() << "has no runtime function for " << element;

    std::string name = check ? "lowbit_check_range_" : "lowbit_tap_";
    llvm::raw_string_ostream(name) << element;
    Type unranked = UnrankedMemRefType::get(element, type.getMemorySpace());
    Value cast = memref::CastOp::create(builder, loc, unranked, buffer);
    SmallVector<Value> operands{site, cast};
    if (check) {
      sites.push_back(withPlace(check.getMessageAttr(), loc));
      for (IntegerAttr bound : {check.getLowerAttr(), check.getUpperAttr()})
        operands.push_back(arith::ConstantOp::create(builder, loc, bound));
    } else {
      sites.push_back(mlir::cast<TapOp>(op).getIdAttr());
    }
    func::CallOp::create(builder, loc, declare(name, operands), operands);
    op->erase();
    return success();
  }

  func::FuncOp declare(StringRef name, ValueRange operands) {
    if (auto found = getOperation().lookupSymbol<func::FuncOp>(name))
      return found;
    auto builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto func = func::FuncOp::create(
        builder, getOperation().getLoc(), name,
        builder.getFunctionType(operands.getTypes(), TypeRange()));
    func.setPrivate();
    func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                  builder.getUnitAttr());
    return func;
  }
};
} // namespace
} // namespace lowbit
