//===- InsertMarks.cpp - a mark before each step --------------------------===//
//
// In:  linalg operations on buffers.
// Out: the same, each after a lowbit.mark that names it; one more before the
//      function returns ends the last step.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Location.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_INSERTMARKS
#include "lowbit/Codegen/Passes.h.inc"

static std::string describe(Operation *op) {
  std::string name = op->getName().getStringRef().str() + " ";
  if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
    return name + id.str();
  if (auto loc = op->getLoc()->findInstanceOf<NameLoc>())
    return name + loc.getName().str();
  return name + "(unnamed)";
}

namespace {
struct InsertMarks : impl::InsertMarksBase<InsertMarks> {
  void runOnOperation() override {
    for (Block &block : getOperation())
      for (Operation &op : block)
        if (isa<linalg::LinalgOp>(op))
          // A fill belongs to the operation that it is the init of: code
          // generation merges the two.
          mark(&op, describe(&op));
        else if (isa<func::ReturnOp>(op))
          mark(&op, "return");
  }

  void mark(Operation *op, StringRef name) {
    OpBuilder builder(op);
    MarkOp::create(builder, op->getLoc(), name);
  }
};
} // namespace
} // namespace lowbit
