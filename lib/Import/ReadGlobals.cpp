//===- ReadGlobals.cpp - ml_program's globals become parameters -----------===//
//
//   ml_program.global private @w(dense<...> : tensor<8x4xf32>) : ...
//   %w = ml_program.global_load_const @w : tensor<8x4xf32>
//   ->  lowbit.parameter @w : tensor<8x4xf32> = dense<...>
//       %w = lowbit.get_parameter @w : tensor<8x4xf32>
//
// In: any module. Out: no read of a global is left, and no global that nothing
// reads. Refused: globals that are written to, values that are not in the
// module, tensors of unknown size.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_READGLOBALS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

namespace {
struct ReadGlobals : lowbit::impl::ReadGlobalsBase<ReadGlobals> {
  void runOnOperation() override {
    for (auto global : llvm::make_early_inc_range(
             getOperation().getOps<ml_program::GlobalOp>()))
      if (failed(convert(global)))
        return signalPassFailure();
  }

private:
  LogicalResult convert(ml_program::GlobalOp global) {
    auto uses = SymbolTable::getSymbolUses(global, getOperation());
    if (!uses)
      return global.emitError("it cannot be told what reads this global");
    SmallVector<Operation *> readers;
    for (const SymbolTable::SymbolUse &use : *uses) {
      if (!isa<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp>(
              use.getUser())) {
        InFlightDiagnostic error =
            global.emitError("the global @")
            << global.getSymName()
            << " is state that a run changes; make it an argument and a result "
               "of the function";
        error.attachNote(use.getUser()->getLoc())
            << "'" << use.getUser()->getName() << "' uses it here";
        return error;
      }
      readers.push_back(use.getUser());
    }
    if (readers.empty()) {
      if (!global.isPublic())
        global.erase();
      return success();
    }
    auto type = dyn_cast<RankedTensorType>(global.getType());
    auto value = dyn_cast_or_null<ElementsAttr>(global.getValueAttr());
    if (!type || !type.hasStaticShape() || !value)
      return global.emitError("the global @")
             << global.getSymName() << " of type " << global.getType()
             << " has no elements in this module; expected a tensor of known "
                "sizes with its value";
    std::string name = global.getSymName().str();
    OpBuilder builder(global);
    for (Operation *reader : readers) {
      builder.setInsertionPoint(reader);
      Value get = GetParameterOp::create(builder, reader->getLoc(), type, name);
      reader->getResult(0).replaceAllUsesWith(get);
      reader->erase();
    }
    builder.setInsertionPoint(global);
    ParameterOp::create(builder, global.getLoc(), name, type, value);
    global.erase();
    ++numConverted;
    return success();
  }
};
} // namespace
