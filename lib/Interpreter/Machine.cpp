//===- Machine.cpp - runs blocks, operation by operation ------------------===//
//
// A value is given up after the last operation that reads it, so that a real
// model needs the memory of a few activations. Refused: operations that no
// family knows, and results that do not fit their type.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"
#include "Kernels.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
/// Deeper calls are taken for endless ones.
constexpr unsigned kMaxDepth = 100;

const HandlerTable &handlerTable() {
  static const HandlerTable table = [] {
    HandlerTable made;
    addTensorHandlers(made);
    addSliceHandlers(made);
    addLowbitHandlers(made);
    addQuantizationHandlers(made);
    addContractHandlers(made);
    addControlFlowHandlers(made);
    return made;
  }();
  return table;
}
} // namespace

SmallVector<int64_t> Machine::getInts(ArrayRef<OpFoldResult> mixed) const {
  SmallVector<int64_t> result;
  for (OpFoldResult entry : mixed)
    if (auto attribute = dyn_cast<Attribute>(entry))
      result.push_back(cast<IntegerAttr>(attribute).getInt());
    else
      result.push_back(getInt(cast<Value>(entry)));
  return result;
}

LogicalResult Machine::set(Value value, Tensor tensor) {
  Type type = value.getType();
  Type element = getElementTypeOrSelf(type);
  ArrayRef<int64_t> shape;
  if (auto ranked = dyn_cast<RankedTensorType>(type))
    shape = ranked.getShape();
  bool fits =
      element == tensor.elementType() && shape.size() == tensor.shape().size();
  for (size_t dim = 0; fits && dim < shape.size(); ++dim)
    fits =
        ShapedType::isDynamic(shape[dim]) || shape[dim] == tensor.shape()[dim];
  if (!fits) {
    InFlightDiagnostic error = emitError(value.getLoc());
    if (Operation *op = value.getDefiningOp())
      error << "'" << op->getName() << "' op result";
    else
      error << "argument " << cast<BlockArgument>(value).getArgNumber();
    return error << " has type " << type << ", but its value has element type "
                 << tensor.elementType() << " and shape "
                 << sizesString(tensor.shape());
  }
  values[value] = std::move(tensor);
  return success();
}

FailureOr<Tensor> Machine::allocate(Operation *op, Type elementType,
                                    ArrayRef<int64_t> shape) {
  if (!elementFormat(elementType))
    return op->emitOpError("has elements of type ")
           << elementType << ", which the interpreter does not know";
  if (llvm::any_of(shape, [](int64_t size) { return size < 0; }))
    return op->emitOpError("has the negative size in ") << sizesString(shape);
  if (std::optional<Tensor> result = Tensor::tryCreate(elementType, shape))
    return *result;
  return op->emitOpError("needs more memory than there is for shape ")
         << sizesString(shape);
}

FailureOr<Tensor> Machine::clone(Operation *op, const Tensor &tensor) {
  if (std::optional<Tensor> result = tensor.tryClone())
    return *result;
  return op->emitOpError("needs more memory than there is for shape ")
         << sizesString(tensor.shape());
}

const DenseMap<Operation *, SmallVector<Value, 2>> &
Machine::lastUses(Block &block) {
  if (auto found = uses.find(&block); found != uses.end())
    return found->second;
  auto &dead = uses[&block];
  auto note = [&](Value value) {
    Operation *last = value.getDefiningOp();
    for (Operation *user : value.getUsers()) {
      Operation *here = block.findAncestorOpInBlock(*user);
      if (!last || last->isBeforeInBlock(here))
        last = here;
    }
    if (last)
      dead[last].push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    note(argument);
  for (Operation &op : block)
    for (Value result : op.getResults())
      note(result);
  return dead;
}

FailureOr<std::vector<Tensor>>
Machine::runBlock(Block &block, std::vector<Tensor> arguments) {
  for (auto [argument, tensor] :
       llvm::zip_equal(block.getArguments(), arguments))
    if (failed(set(argument, std::move(tensor))))
      return failure();
  arguments.clear();
  lastUses(block);
  for (Operation &op : block) {
    if (isa<func::ReturnOp>(op) || op.getName().getStringRef() == "scf.yield") {
      std::vector<Tensor> results;
      for (Value operand : op.getOperands())
        results.push_back(get(operand));
      for (Value value : uses[&block].lookup(&op))
        values.erase(value);
      return results;
    }
    if (failed(runOperation(&op)))
      return failure();
    for (Value value : uses[&block].lookup(&op))
      values.erase(value);
  }
  return block.getParentOp()->emitOpError("has a block without a terminator");
}

LogicalResult Machine::runOperation(Operation *op) {
  const Handler *handler = handlerTable().find(op);
  LogicalResult done = failure();
  if (handler)
    done = (*handler)(*this, op);
  else if (kernelTable().find(op))
    done = runElementwise(op);
  else if (isa<linalg::LinalgOp>(op))
    done = runLinalg(*this, op);
  else {
    InFlightDiagnostic error = op->emitError("the interpreter does not know '")
                               << op->getName() << "'";
    error.attachNote() << "it takes the modules of phases 1 to 6 (see "
                          "docs/pipeline.md); lower the operation to linalg, "
                          "tensor, arith and math first";
    return error;
  }
  if (succeeded(done) && hooks.onValue && op->getNumResults() == 1)
    if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
      hooks.onValue(id, get(op->getResult(0)));
  return done;
}

LogicalResult Machine::runElementwise(Operation *op) {
  FailureOr<Kernel> kernel = (*kernelTable().find(op))(op);
  if (failed(kernel))
    return failure();
  SmallVector<Tensor> operands;
  for (Value operand : op->getOperands())
    operands.push_back(get(operand));
  // A select of tensors may have one condition for all.
  ArrayRef<int64_t> shape = operands.back().shape();
  for (const Tensor &operand : operands)
    if (operand.isUndefined())
      return op->emitOpError("reads elements of tensor.empty, which are "
                             "undefined");
    else if (operand.shape() != shape && operand.rank() != 0)
      return op->emitOpError("needs operands of one shape, found ")
             << sizesString(operand.shape()) << " and " << sizesString(shape);
  FailureOr<Tensor> allocated =
      allocate(op, getElementTypeOrSelf(op->getResult(0).getType()), shape);
  if (failed(allocated))
    return failure();
  Tensor result = *allocated;
  Context context;
  SmallVector<Scalar> elements(operands.size());
  for (int64_t i = 0; i < result.size(); ++i) {
    for (auto [element, operand] : llvm::zip_equal(elements, operands))
      element = operand.get(operand.rank() == 0 ? 0 : i);
    result.set(i, (*kernel)(elements.data(), context));
    if (!context.fault.empty()) {
      InFlightDiagnostic error = op->emitOpError(context.fault);
      if (!shape.empty())
        error << " at element " << indexString(shape, i);
      return error;
    }
  }
  return set(op->getResult(0), std::move(result));
}

FailureOr<std::vector<Tensor>> Machine::call(Operation *user,
                                             StringRef function,
                                             std::vector<Tensor> arguments) {
  auto callee = module.lookupSymbol<func::FuncOp>(function);
  if (!callee || callee.isExternal())
    return user->emitError("calls @")
           << function << ", which has no body in this module";
  if (!llvm::hasSingleElement(callee.getBody()))
    return callee.emitOpError("has ")
           << callee.getBody().getBlocks().size()
           << " blocks; the interpreter takes structured control flow (scf)";
  if (callee.getNumArguments() != arguments.size())
    return user->emitError("gives ")
           << arguments.size() << " arguments to @" << function
           << ", which takes " << callee.getNumArguments();
  if (depth == kMaxDepth)
    return user->emitError("calls are nested more than ")
           << kMaxDepth << " deep; is @" << function << " recursive?";
  // A frame of its own, for a function may be active more than once.
  DenseMap<Value, Tensor> callers;
  std::swap(values, callers);
  ++depth;
  auto results = runBlock(callee.getBody().front(), std::move(arguments));
  --depth;
  std::swap(values, callers);
  return results;
}

/// Softmax is what its decomposition is.
static void decomposeSoftmax(ModuleOp module) {
  SmallVector<linalg::SoftmaxOp> ops;
  module.walk([&](linalg::SoftmaxOp op) { ops.push_back(op); });
  for (linalg::SoftmaxOp op : ops) {
    OpBuilder builder(op);
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(builder);
    if (failed(results))
      continue; // It is refused when it is reached.
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      results->front().getDefiningOp()->setAttr(LowbitDialect::kIdAttr, id);
    op->replaceAllUsesWith(*results);
    op.erase();
  }
}

Interpreter::Interpreter(ModuleOp module) : module(module.clone()) {
  decomposeSoftmax(*this->module);
}
Interpreter::~Interpreter() = default;

FailureOr<std::vector<Tensor>> Interpreter::run(StringRef function,
                                                ArrayRef<Tensor> inputs,
                                                const Hooks &hooks) {
  Machine machine(*module, hooks);
  return machine.call(*module, function,
                      std::vector<Tensor>(inputs.begin(), inputs.end()));
}
} // namespace lowbit::interpreter
