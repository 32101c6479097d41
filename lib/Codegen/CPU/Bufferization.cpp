//===- Bufferization.cpp - buffer forms of our operations -----------------===//
//
// lowbit.tap and lowbit.check_range only read their operand: tensor in, memref
// out, nothing else changes.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {
template <typename Model, typename OpTy>
struct ReadOnlyModel : BufferizableOpInterface::ExternalModel<Model, OpTy> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer =
        getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, *buffer); });
    return success();
  }
};
struct TapModel : ReadOnlyModel<TapModel, lowbit::TapOp> {};
struct CheckRangeModel : ReadOnlyModel<CheckRangeModel, lowbit::CheckRangeOp> {
};
} // namespace

void lowbit::registerCodegenDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<LowbitDialect>();
  registry.addExtension(+[](MLIRContext *context, LowbitDialect *) {
    TapOp::attachInterface<TapModel>(*context);
    CheckRangeOp::attachInterface<CheckRangeModel>(*context);
  });
}
