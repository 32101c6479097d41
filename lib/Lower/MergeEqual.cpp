//===- MergeEqual.cpp - what is computed twice is computed once -----------===//
//
// In: any module. Out: of operations that compute the same from the same
// values, under other names, the first; `lowbit.same` has the names of the
// others. CSE takes names for a difference. Left as they are: operations with
// effects, and those in different blocks.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Lower/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_MERGEEQUAL
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

/// Names, ranges and the like are discardable; what an operation does is not.
static constexpr auto kFlags = OperationEquivalence::IgnoreLocations |
                               OperationEquivalence::IgnoreDiscardableAttrs;

static void addTo(Operation *op, StringRef name, ArrayRef<Attribute> added) {
  SmallVector<Attribute> all;
  if (auto known = op->getAttrOfType<ArrayAttr>(name))
    llvm::append_range(all, known);
  for (Attribute attr : added)
    if (!llvm::is_contained(all, attr))
      all.push_back(attr);
  if (!all.empty())
    op->setAttr(name, ArrayAttr::get(op->getContext(), all));
}

namespace {
struct MergeEqual : lowbit::impl::MergeEqualBase<MergeEqual> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      for (Block &block : function.getBody())
        merge(block);
    });
  }

  void merge(Block &block) {
    llvm::DenseMap<unsigned, SmallVector<Operation *, 1>> known;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (!isa<linalg::LinalgOp>(op) &&
          !isa_and_nonnull<tensor::TensorDialect>(op.getDialect()))
        continue;
      if (isa<tensor::EmptyOp>(op) || !isMemoryEffectFree(&op))
        continue;
      unsigned hash = OperationEquivalence::computeHash(
          &op, OperationEquivalence::directHashValue,
          OperationEquivalence::ignoreHashValue, kFlags);
      auto &alike = known[hash];
      auto same = llvm::find_if(alike, [&](Operation *other) {
        return OperationEquivalence::isEquivalentTo(other, &op, kFlags);
      });
      if (same == alike.end()) {
        alike.push_back(&op);
        continue;
      }
      account(*same, &op);
      op.replaceAllUsesWith(*same);
      op.erase();
      ++numMerged;
    }
  }

  static void account(Operation *kept, Operation *gone) {
    for (StringRef name :
         {LowbitDialect::kIntegersAttr, LowbitDialect::kTablesAttr,
          LowbitDialect::kSameAttr})
      if (auto ids = gone->getAttrOfType<ArrayAttr>(name))
        addTo(kept, name, ids.getValue());
    if (Attribute id = gone->getAttr(LowbitDialect::kIdAttr))
      addTo(kept, LowbitDialect::kSameAttr, id);
  }
};
} // namespace
