//===- Body.cpp - a region of scalar operations ---------------------------===//
//
// In: a block of arith, math, linalg.index, tensor.extract, tensor.dim and
// quantization of scalars, with values from outside and constants, which may be
// tensors. Out: kernels in order, over numbered slots. Refused: other
// operations.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace lowbit::interpreter {

/// Constants are all that a body may make of tensors.
static bool isTensorConstant(Operation *op) {
  return isa<arith::ConstantOp>(op) &&
         isa<TensorType>(op->getResult(0).getType());
}

/// A tensor from outside or a constant in the body.
static FailureOr<Tensor> tensorOf(Machine &machine, Block *body, Value value) {
  if (value.getParentBlock() == body && isTensorConstant(value.getDefiningOp()))
    return readConstant(machine, value.getDefiningOp());
  // Another one made in the body has been refused where it is made.
  return machine.get(value);
}

/// Reads one element of a tensor.
static Kernel lookUp(const Tensor &table) {
  return [table](const Scalar *x, Context &c) {
    SmallVector<int64_t> strides = computeStrides(table.shape());
    SmallVector<int64_t> indices;
    int64_t offset = 0;
    bool inside = true;
    for (auto [dim, size] : llvm::enumerate(table.shape())) {
      indices.push_back(x[dim].i);
      inside &= x[dim].i >= 0 && x[dim].i < size;
      offset += x[dim].i * strides[dim];
    }
    if (!inside)
      return c.fail("reads element " + indexString(indices) +
                    " of a tensor of shape " + sizesString(table.shape()));
    if (table.isUndefined())
      return c.fail("reads elements of tensor.empty, which are undefined");
    return table.get(offset);
  };
}

static FailureOr<Kernel> kernelOf(Machine &machine, Operation *op) {
  auto onScalars = [](Operation *op) {
    return llvm::none_of(op->getResultTypes(),
                         [](Type type) { return isa<ShapedType>(type); });
  };
  if (const KernelFactory *factory = kernelTable().find(op);
      factory && onScalars(op))
    return (*factory)(op);
  if (auto constant = dyn_cast<arith::ConstantOp>(op);
      constant && onScalars(op)) {
    FailureOr<Tensor> value = readConstant(machine, constant);
    if (failed(value))
      return failure();
    return Kernel([element = value->value()](const Scalar *, Context &) {
      return element;
    });
  }
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return Kernel([dim = index.getDim()](const Scalar *, Context &c) {
      return Scalar::ofInt(c.indices[dim]);
    });
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    auto table = tensorOf(machine, op->getBlock(), extract.getTensor());
    return failed(table) ? FailureOr<Kernel>() : lookUp(*table);
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto source = tensorOf(machine, op->getBlock(), dim.getSource());
    if (failed(source))
      return failure();
    return Kernel([table = *source](const Scalar *x, Context &c) {
      if (x[0].i < 0 || x[0].i >= table.rank())
        return c.fail("asks for dimension " + std::to_string(x[0].i) +
                      " of a tensor of rank " + std::to_string(table.rank()));
      return Scalar::ofInt(table.shape()[x[0].i]);
    });
  }
  InFlightDiagnostic error = op->emitError("the interpreter does not know '")
                             << op->getName() << "' in a body";
  error.attachNote() << "bodies have operations of arith and math, "
                        "linalg.index, tensor.extract, tensor.dim and "
                        "quantization of scalars";
  return error;
}

FailureOr<Body> Body::prepare(Machine &machine, Block &block,
                              ValueRange wanted) {
  Body body;
  body.slots.resize(block.getNumArguments());
  body.read.resize(block.getNumArguments(), false);
  DenseMap<Value, unsigned> slotOf;
  for (BlockArgument argument : block.getArguments())
    slotOf[argument] = argument.getArgNumber();

  // What is needed, from the last operation to the first.
  DenseSet<Value> needed(wanted.begin(), wanted.end());
  SmallVector<Operation *> order;
  for (Operation &op : llvm::reverse(block))
    if (llvm::any_of(op.getResults(),
                     [&](Value result) { return needed.contains(result); })) {
      needed.insert(op.operand_begin(), op.operand_end());
      order.push_back(&op);
    }
  for (BlockArgument argument : block.getArguments())
    body.read[argument.getArgNumber()] = needed.contains(argument);

  // Values from outside are in slots of their own, which never change.
  auto addSlot = [&](Value value, Scalar content) {
    slotOf[value] = body.slots.size();
    body.slots.push_back(content);
  };
  for (Value value : needed)
    if (value.getParentBlock() != &block && !isa<TensorType>(value.getType()))
      addSlot(value, machine.get(value).value());

  for (Operation *op : llvm::reverse(order)) {
    if (isTensorConstant(op))
      continue; // Its users read it.
    FailureOr<Kernel> kernel = kernelOf(machine, op);
    if (failed(kernel))
      return failure();
    Step step{std::move(*kernel), {}, 0, op};
    for (Value operand : op->getOperands())
      if (!isa<TensorType>(operand.getType())) // Otherwise the kernel has it.
        step.operands.push_back(slotOf.at(operand));
    addSlot(op->getResult(0), {});
    step.result = slotOf.at(op->getResult(0));
    body.steps.push_back(std::move(step));
  }
  for (Value value : wanted)
    body.wanted.push_back(slotOf.at(value));
  return body;
}

LogicalResult Body::evaluate(ArrayRef<int64_t> indices) {
  Context context;
  context.indices = indices;
  SmallVector<Scalar, 4> operands;
  for (const Step &step : steps) {
    operands.clear();
    for (unsigned slot : step.operands)
      operands.push_back(slots[slot]);
    slots[step.result] = step.kernel(operands.data(), context);
    if (!context.fault.empty())
      return step.op->emitOpError(context.fault)
             << " at iteration " << indexString(indices) << " of '"
             << step.op->getParentOp()->getName() << "'";
  }
  return success();
}

} // namespace lowbit::interpreter
