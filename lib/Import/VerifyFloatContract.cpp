//===- VerifyFloatContract.cpp - what phase 1 hands on --------------------===//
//
// In: any module. Out: the same, known to keep the float contract of
// docs/pipeline.md. Refused, all in one error: other element types, buffers,
// unranked tensors, operations of other dialects, and quantized values anywhere
// but between the operations of lowbit and data movement.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/Offenders.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_VERIFYFLOATCONTRACT
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// What is wrong with the type of a value; empty when nothing is. `isMoved`:
/// the value may be between a quantize and a dequantize.
static std::string findTypeProblem(Type type, bool isMoved) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (isa<BaseMemRefType>(type)) {
    os << "has type " << type
       << "; values are ranked tensors: give the module as it is before "
          "bufferization";
    return text;
  }
  if (isa<UnrankedTensorType>(type)) {
    os << "has type " << type << "; values are ranked tensors";
    return text;
  }
  Type element = getElementTypeOrSelf(type);
  if (isa<QuantizedTypeInterface>(element)) {
    if (!isMoved)
      os << "is quantized (" << type
         << "), where only lowbit and tensor operations may be; dequantize it "
            "first";
  } else if (isa<FloatType>(element) && !element.isF32()) {
    os << "has type " << type
       << "; models come in f32: export it in f32 (model.float() in PyTorch)";
  } else if (!element.isF32() && !element.isIndex() && !element.isInteger(1) &&
             !element.isInteger(8) && !element.isInteger(16) &&
             !element.isInteger(32) && !element.isInteger(64)) {
    os << "has type " << type
       << "; element types are f32, i64, i32, i16, i8 and i1";
  }
  return text;
}

/// Operations that make or move quantized values.
static bool mayBeQuantized(Operation *op) {
  return isa_and_nonnull<LowbitDialect, tensor::TensorDialect>(
             op->getDialect()) ||
         isLinalgCopy(op);
}

/// Integers of 8 bits come in as data, or between a quantize and a dequantize;
/// what multiplies them is quantized already.
static bool computesWithBytes(Operation *op) {
  auto isBytes = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getElementType().isInteger(8);
  };
  bool multiplies = matchContraction(op) ||
                    isa<linalg::ConvolutionOpInterface>(op) ||
                    isa<linalg::QuantizedMatmulOp>(op) ||
                    isa<linalg::QuantizedBatchMatmulOp>(op);
  return multiplies && llvm::any_of(op->getOperandTypes(), isBytes);
}

static std::string findProblem(Operation *op) {
  static constexpr StringLiteral kDialects[] = {
      "linalg", "tensor", "arith", "math", "affine", "lowbit", "builtin"};
  StringRef dialect = op->getName().getDialectNamespace();
  std::string name = ("'" + op->getName().getStringRef() + "' ").str();
  if (isa<func::CallOp>(op) || dialect == "tosa")
    return name + "must be converted first: quant-opt --lowbit-import-module";
  if (dialect == "quant")
    return name + "must become an operation of lowbit first: quant-opt "
                  "--lowbit-convert-from-quant";
  if (computesWithBytes(op))
    return name + "is quantized already; quantize the float model";
  if (dialect == "scf" || dialect == "cf")
    return name + "is control flow, and a model is one list of operations: "
                  "export it with branches and loops resolved";
  if (!isa<func::ReturnOp>(op) && !llvm::is_contained(kDialects, dialect))
    return name + "is not an operation of the float contract";
  bool isMoved = mayBeQuantized(op);
  for (Type type : op->getResultTypes())
    if (std::string problem = findTypeProblem(type, isMoved); !problem.empty())
      return name + problem;
  for (Type type : op->getOperandTypes())
    if (isa<BaseMemRefType>(type))
      return name + findTypeProblem(type, isMoved);
  return "";
}

/// Data files are keyed by name.
static void checkNames(func::FuncOp main, Offenders &offenders) {
  auto check = [&](unsigned count, StringRef what, StringRef stem,
                   auto nameOf) {
    llvm::StringSet<> seen;
    for (unsigned i = 0; i < count; ++i) {
      auto given = llvm::dyn_cast_or_null<StringAttr>(nameOf(i));
      std::string name = given ? given.str() : (stem + Twine(i)).str();
      if (!seen.insert(name).second)
        offenders.add(main.getLoc(), (what + " " + Twine(i) + " is named '" +
                                      name + "' like another")
                                         .str());
    }
  };
  StringRef key = LowbitDialect::kNameAttr;
  check(main.getNumArguments(), "argument", "arg",
        [&](unsigned i) { return main.getArgAttr(i, key); });
  check(main.getNumResults(), "result", "out",
        [&](unsigned i) { return main.getResultAttr(i, key); });
}

namespace {
struct VerifyFloatContract
    : lowbit::impl::VerifyFloatContractBase<VerifyFloatContract> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    FailureOr<func::FuncOp> main = findMain(getOperation());
    if (failed(main))
      return signalPassFailure();

    Offenders offenders;
    for (BlockArgument argument : main->getArguments()) {
      std::string problem =
          isa<ShapedType>(argument.getType())
              ? findTypeProblem(argument.getType(), /*isMoved=*/false)
              : "is no tensor; make it a tensor of rank 0";
      if (!problem.empty())
        offenders.add(argument.getLoc(),
                      "argument " + std::to_string(argument.getArgNumber()) +
                          " " + problem);
    }
    for (auto [i, type] : llvm::enumerate(main->getResultTypes()))
      if (isa<QuantizedTypeInterface>(getElementTypeOrSelf(type)))
        offenders.add(main->getLoc(), "result " + std::to_string(i) + " " +
                                          findTypeProblem(type, false));
    checkNames(*main, offenders);
    main->walk([&](Operation *op) {
      if (op != main->getOperation())
        offenders.add(op->getLoc(), findProblem(op));
    });
    if (failed(offenders.report(getOperation(), "float")))
      signalPassFailure();
  }
};
} // namespace
