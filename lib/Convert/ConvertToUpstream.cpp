//===- ConvertToUpstream.cpp - leaving the lowbit dialect -----------------===//
//
//   lowbit.get_parameter @w      ->  arith.constant, dense or dense_resource
//   lowbit.check_range %i        ->  a reduction to "all in range", cf.assert
//   lowbit.storage_cast there and back, observe, tap, mark  ->  nothing
//   lowbit.* attributes          ->  nothing
//
// In: a module of phase 6, whose quantization operations are lowered. Out: one
// that stock mlir-opt reads. Refused, all in one error: every operation, type
// and attribute of lowbit that is left.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Convert/Passes.h"

#include "lowbit/Import/Offenders.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CONVERTTOUPSTREAM
#include "lowbit/Convert/Passes.h.inc"
} // namespace lowbit

/// The bytes as an attribute: in the text when they are few.
static ElementsAttr makeConstant(StringRef name, const ConstantBytes &bytes) {
  Type element = bytes.type.getElementType();
  if (element.isInteger(1)) {
    SmallVector<bool> bits;
    for (char byte : bytes.data)
      bits.push_back(byte != 0);
    return DenseElementsAttr::get(bytes.type, bits);
  }
  if (bytes.type.getNumElements() <= kInlineElements)
    return DenseElementsAttr::getFromRawBuffer(bytes.type, bytes.data);
  return DenseResourceElementsAttr::get(
      bytes.type, name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes.data, /*align=*/64));
}

static bool isLowbit(Dialect &dialect) {
  return isa<lowbit::LowbitDialect>(dialect);
}

namespace {
struct ConvertToUpstream
    : lowbit::impl::ConvertToUpstreamBase<ConvertToUpstream> {
  void runOnOperation() override {
    if (failed(inlineParameters()))
      return signalPassFailure();
    SmallVector<CheckRangeOp> checks;
    SmallVector<Operation *> dead;
    getOperation().walk([&](Operation *op) {
      if (auto check = dyn_cast<CheckRangeOp>(op)) {
        checks.push_back(check);
      } else if (auto observe = dyn_cast<ObserveOp>(op)) {
        observe.replaceAllUsesWith(observe.getInput());
        dead.push_back(op);
      } else if (auto cast = dyn_cast<StorageCastOp>(op)) {
        auto source = cast.getInput().getDefiningOp<StorageCastOp>();
        if (source && source.getInput().getType() == cast.getType())
          cast.replaceAllUsesWith(source.getInput());
        dead.push_back(op);
      } else if (isa<TapOp, MarkOp>(op)) {
        dead.push_back(op);
      }
    });
    for (Operation *op : llvm::reverse(dead))
      if (op->use_empty())
        op->erase();
    for (CheckRangeOp check : checks)
      if (isa<RankedTensorType>(check.getIndices().getType()))
        convertCheck(check);
    removeAttributes();
    if (failed(verify()))
      signalPassFailure();
  }

private:
  LogicalResult inlineParameters() {
    ModuleOp module = getOperation();
    SmallVector<GetParameterOp> readers;
    module.walk([&](GetParameterOp op) { readers.push_back(op); });
    ParameterReader reader(module);
    SymbolTable symbols(module);
    // One blob a parameter, however many read it.
    DenseMap<Operation *, ElementsAttr> constants;
    for (GetParameterOp op : readers) {
      auto parameter = symbols.lookup<ParameterOp>(op.getParameter());
      if (!parameter)
        return op.emitError() << "reads @" << op.getParameter()
                              << ", which is no parameter of the module";
      ElementsAttr &value = constants[parameter];
      if (!value) {
        FailureOr<ConstantBytes> bytes = reader.read(parameter);
        if (failed(bytes))
          return failure();
        value = makeConstant(parameter.getSymName(), *bytes);
      }
      OpBuilder builder(op);
      auto constant = arith::ConstantOp::create(
          builder, op.getLoc(), op.getType(), cast<TypedAttr>(value));
      op.replaceAllUsesWith(constant.getResult());
      op.erase();
      ++numParameters;
    }
    eraseDeadParameters(module);
    return success();
  }

  /// cf.assert takes one truth value, so all elements are reduced to one.
  void convertCheck(CheckRangeOp op) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getIndices().getType());
    unsigned rank = type.getRank();
    Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    Value init = tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, b.getI1Type()), yes);
    SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(rank),
                                AffineMap::get(rank, 0, b.getContext())};
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::reduction);
    auto reduced = linalg::GenericOp::create(
        b, loc, init.getType(), op.getIndices(), init, maps, iterators,
        [&](OpBuilder &body, Location l, ValueRange arguments) {
          // A narrow type may not hold the bounds.
          Value index = arguments[0];
          Type wide = body.getI64Type();
          if (index.getType().isIndex())
            index = arith::IndexCastOp::create(body, l, wide, index);
          else if (index.getType().getIntOrFloatBitWidth() < 64)
            index = arith::ExtSIOp::create(body, l, wide, index);
          auto compare = [&](arith::CmpIPredicate predicate, int64_t bound) {
            Value limit = arith::ConstantOp::create(
                body, l, body.getI64IntegerAttr(bound));
            return arith::CmpIOp::create(body, l, predicate, index, limit);
          };
          Value above = compare(arith::CmpIPredicate::sge, op.getLower());
          Value below = compare(arith::CmpIPredicate::slt, op.getUpper());
          Value inside = arith::AndIOp::create(body, l, above, below);
          Value all = arith::AndIOp::create(body, l, arguments[1], inside);
          linalg::YieldOp::create(body, l, all);
        });
    Value all =
        tensor::ExtractOp::create(b, loc, reduced.getResult(0), ValueRange{});
    std::string message = (op.getMessage() + ": an index is not in [" +
                           Twine(int64_t(op.getLower())) + ", " +
                           Twine(int64_t(op.getUpper())) + ")")
                              .str();
    cf::AssertOp::create(b, loc, all, message);
    op.erase();
    ++numChecks;
  }

  void removeAttributes() {
    auto isOurs = [](NamedAttribute attr) {
      return attr.getName().getValue().starts_with("lowbit.");
    };
    getOperation().walk([&](Operation *op) {
      for (NamedAttribute attr : llvm::to_vector(op->getDiscardableAttrs()))
        if (isOurs(attr))
          op->removeDiscardableAttr(attr.getName());
      auto function = dyn_cast<FunctionOpInterface>(op);
      if (!function)
        return;
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        for (NamedAttribute attr : function.getArgAttrs(i))
          if (isOurs(attr))
            function.removeArgAttr(i, attr.getName());
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        for (NamedAttribute attr : function.getResultAttrs(i))
          if (isOurs(attr))
            function.removeResultAttr(i, attr.getName());
    });
  }

  LogicalResult verify() {
    Offenders offenders;
    getOperation().walk([&](Operation *op) {
      std::string name = ("'" + op->getName().getStringRef() + "' ").str();
      if (op->getDialect() && isLowbit(*op->getDialect()))
        return offenders.add(op->getLoc(),
                             name + "is left over: run lowbit-lower-contract "
                                    "and lowbit-lower-qdq before");
      bool hasOurs = false;
      AttrTypeWalker walker;
      walker.addWalk(
          [&](Type type) { hasOurs |= isLowbit(type.getDialect()); });
      walker.addWalk(
          [&](Attribute attr) { hasOurs |= isLowbit(attr.getDialect()); });
      walker.walk(op->getAttrDictionary());
      for (Type type : op->getResultTypes())
        walker.walk(type);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (Type type : block.getArgumentTypes())
            walker.walk(type);
      if (hasOurs)
        offenders.add(op->getLoc(),
                      name + "has a lowbit type or attribute; quantized values "
                             "end at function borders and at operations that "
                             "lowbit does not know");
    });
    return offenders.report(getOperation(), "upstream");
  }
};
} // namespace
