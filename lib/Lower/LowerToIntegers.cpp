//===- LowerToIntegers.cpp - float operations between integers ------------===//
//
// In: a module whose contractions are integers, with QDQ on the values between
// operations. Out: what is between a dequantize and a quantize on integers
// (IntegerProgram.h, IntegerBody.h):
//
//   quantize(f(dequantize(q), ..., constants))  ->  F(q, ...)
//
// Operations are taken in order, each with all its operands or not at all. The
// float operation stays for readers that are float, and is erased where none
// is left. Refused, with a reason: what emitIntegerBody refuses, values from
// the caller that nothing quantizes.
//
//===----------------------------------------------------------------------===//
#include "IntegerForms.h"
#include "IntegerProgram.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"
#include "lowbit/Import/Offenders.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <map>

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERTOINTEGERS
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static bool isReal(Type type) { return getElementTypeOrSelf(type).isF32(); }

/// Why an operation breaks the contract: it computes with floats and is none
/// of those at the borders.
static std::string findProblem(Operation *op) {
  if (isa<func::FuncOp, func::ReturnOp, ParameterOp, ModuleOp>(op) ||
      (llvm::none_of(op->getOperandTypes(), isReal) &&
       llvm::none_of(op->getResultTypes(), isReal) && !hasFloatBody(op)))
    return "";
  auto fromCaller = [](Value value) {
    while (OpOperand *moved = movedOperand(value.getDefiningOp()))
      value = moved->get();
    return isa<BlockArgument>(value);
  };
  if (isa<QuantizeOp>(op) && fromCaller(op->getOperand(0)))
    return "";
  if (movedOperand(op) && fromCaller(op->getResult(0)))
    return "";
  if (isa<tensor::DimOp>(op))
    return "";
  bool leaves = llvm::all_of(op->getUsers(), llvm::IsaPred<func::ReturnOp>);
  if (isa<DequantizeOp>(op) && leaves)
    return "";
  auto reason = op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr);
  std::string why = "it has no integer form in this version";
  if (reason)
    why = reason.str();
  // What a rule of the recipe asks for.
  if (isKeptFloat(op))
    why += "; leave it out, or take mode=static";
  return ("'" + op->getName().getStringRef() + "' computes with floats: " + why)
      .str();
}

/// Float only because an operand is, whose maker is the one to name; or what
/// such an operation reads.
static bool isStranded(Operation *op, const IntegerProgram &program) {
  if (isa<arith::ConstantOp, GetParameterOp, tensor::EmptyOp, linalg::FillOp>(
          op) ||
      (op->getNumResults() == 1 && program.isInteger(op->getResult(0))))
    return true;
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    Operation *maker = operand.getDefiningOp();
    return isReal(operand.getType()) && !program.isInteger(operand) && maker &&
           !isConstantTensor(operand) &&
           !isa<tensor::EmptyOp, linalg::FillOp>(maker) &&
           !findProblem(maker).empty();
  });
}

/// Tables and constants of the same bytes are one.
static void shareParameters(ModuleOp module, ParameterReader &reader) {
  std::map<std::string, StringAttr> made;
  llvm::DenseMap<StringAttr, FlatSymbolRefAttr> shared;
  for (ParameterOp parameter : module.getOps<ParameterOp>()) {
    // Those of the store are the model's own.
    if (!parameter.getValue())
      continue;
    auto bytes = reader.read(parameter);
    if (failed(bytes))
      continue;
    std::string key;
    llvm::raw_string_ostream(key)
        << bytes->type << ':'
        << StringRef(bytes->data.data(), bytes->data.size());
    auto [first, isNew] = made.try_emplace(key, parameter.getSymNameAttr());
    if (!isNew)
      shared[parameter.getSymNameAttr()] =
          FlatSymbolRefAttr::get(first->second);
  }
  module.walk([&](GetParameterOp get) {
    if (auto found = shared.find(get.getParameterAttr().getAttr());
        found != shared.end())
      get.setParameterAttr(found->second);
  });
}

namespace {
struct LowerToIntegers : lowbit::impl::LowerToIntegersBase<LowerToIntegers> {
  void runOnOperation() override {
    IntegerProgram program(getOperation());
    program.run();
    numInteger += program.numInteger;
    numTable += program.numTable;
    numQuantize += program.numQuantize;
    ParameterReader reader(getOperation());
    shareParameters(getOperation(), reader);
    eraseDeadParameters(getOperation());
    Offenders offenders;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::string problem = isStranded(op, program) ? "" : findProblem(op);
      bool isNamed = !problem.empty();
      offenders.add(op->getLoc(), problem);
      return isNamed || isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                                  : WalkResult::advance();
    });
    if (failed(offenders.report(getOperation(), "integer-only")))
      signalPassFailure();
  }
};
} // namespace
