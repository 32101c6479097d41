//===- Resources.cpp - whether blobs have their types' size ---------------===//
//
// In: a module as it was read. Out: nothing, or one error with the actual and
// the expected number of bytes. Each attribute is looked at once, and no byte
// of a blob is read, so a large model costs what its operations cost.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Resources.h"
#include "lowbit/Import/Passes.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_VERIFYRESOURCES
#include "lowbit/Import/Passes.h.inc"

/// None for an element whose size in a blob is not settled.
static std::optional<int64_t> elementBytes(Type type) {
  if (isa<IndexType>(type))
    return 8;
  if (auto complex = dyn_cast<ComplexType>(type)) {
    std::optional<int64_t> part = elementBytes(complex.getElementType());
    return part ? std::optional(2 * *part) : std::nullopt;
  }
  if (!type.isIntOrFloat())
    return std::nullopt;
  int64_t bytes = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  bool isSettled = bytes <= 8 && llvm::isPowerOf2_64(bytes);
  return isSettled ? std::optional(bytes) : std::nullopt;
}

FailureOr<ArrayRef<char>> readResource(DenseResourceElementsAttr resource,
                                       Operation *user, bool mustExist) {
  ShapedType type = resource.getType();
  StringRef key = resource.getRawHandle().getKey();
  int64_t expected = 0;
  std::optional<int64_t> element = elementBytes(type.getElementType());
  if (element) {
    expected = *element;
    for (int64_t size : type.getShape())
      if (llvm::MulOverflow(expected, size, expected))
        return user->emitError("resource '")
               << key << "' would have more than 2^63 bytes for " << type;
  }
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob && !mustExist)
    return ArrayRef<char>();
  if (!blob || (element && int64_t(blob->getData().size()) != expected)) {
    InFlightDiagnostic error = user->emitError("resource '") << key << "'";
    if (!blob)
      return error << " of type " << type
                   << " is not in the module; was it written with elided "
                      "resources?";
    error << " should hold " << expected << " bytes for " << type << ", found "
          << blob->getData().size();
    return error;
  }
  return blob->getData();
}

LogicalResult verifyResources(Operation *root, bool mustExist) {
  Operation *user = root;
  // The walker remembers what it has seen, across operations.
  AttrTypeWalker walker;
  walker.addWalk([&](DenseResourceElementsAttr resource) {
    return failed(readResource(resource, user, mustExist))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    user = op;
    return walker.walk(op->getAttrDictionary());
  });
  return failure(result.wasInterrupted());
}

namespace {
struct VerifyResources : impl::VerifyResourcesBase<VerifyResources> {
  void runOnOperation() override {
    if (failed(verifyResources(getOperation(), /*mustExist=*/false)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace lowbit
