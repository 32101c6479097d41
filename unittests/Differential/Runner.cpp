//===- Runner.cpp - one random module, all ways ---------------------------===//
//
// In: a case. The reference is what the interpreter gives; against it stand
// compiled code and, for chains that fold, the interpreter after canonicalize,
// the interpreter after phase 5 and compiled code after both.
//
//===----------------------------------------------------------------------===//
#include "Runner.h"

#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Fold/Passes.h"
#include "lowbit/Lower/Passes.h"
#include "lowbit/Pipeline/Pipelines.h"
#include "lowbit/Run/InterpretedModel.h"
#include "lowbit/Run/Program.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/TargetParser/Host.h"

#include <cinttypes>

using namespace mlir;
using namespace lowbit;
using namespace lowbit::differential;

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

/// What the host can run.
static std::vector<std::string> hostISAs() {
  auto features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> isas{"portable"};
  if (features.lookup("avx2"))
    isas.push_back("avx2");
  if (features.lookup("avxvnni"))
    isas.push_back("avx-vnni");
  if (features.lookup("avx512vnni"))
    isas.push_back("avx512-vnni");
  return isas;
}

static bool isNaN(DType dtype, const char *bytes) {
  float value;
  if (dtype != DType::F32)
    return false;
  std::memcpy(&value, bytes, sizeof(value));
  return std::isnan(value);
}

/// The first element that differs, or -1.
static int64_t compare(const NpyArray &a, const NpyArray &b) {
  if (a.dtype != b.dtype || a.shape != b.shape)
    return 0;
  if (a.bytes() == b.bytes())
    return -1;
  int64_t size = byteSize(a.dtype);
  for (int64_t i = 0, e = a.numElements(); i < e; ++i) {
    const char *x = a.data() + i * size, *y = b.data() + i * size;
    if (std::memcmp(x, y, size) && !(isNaN(a.dtype, x) && isNaN(b.dtype, y)))
      return i;
  }
  return -1;
}

static std::string element(const NpyArray &array, int64_t i) {
  if (i >= array.numElements())
    return "nothing";
  uint64_t bits = 0;
  std::memcpy(&bits, array.data() + i * byteSize(array.dtype),
              byteSize(array.dtype));
  float real;
  std::memcpy(&real, &bits, sizeof(real));
  return llvm::utohexstr(bits) +
         (array.dtype == DType::F32 ? " (" + std::to_string(real) + ")" : "");
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

static LogicalResult canonicalize(ModuleOp module) {
  PassManager pm(module.getContext());
  pm.addPass(createCanonicalizerPass());
  return pm.run(module);
}

static LogicalResult fold(ModuleOp module) {
  PassManager pm(module.getContext());
  pm.addPass(createFoldQdq());
  pm.addPass(createFoldWeights());
  return pm.run(module);
}

static LogicalResult prepare(ModuleOp module, Preparation preparation) {
  PassManager pm(module.getContext());
  if (preparation == Preparation::Quantize) {
    auto emitError = [&](const Twine &text) { return module.emitError(text); };
    if (failed(buildPtqPipeline(pm, PtqOptions(), emitError)))
      return failure();
  } else if (preparation == Preparation::Lower) {
    pm.addPass(createFoldQdq());
    pm.addPass(createFoldWeights());
    pm.addPass(createLowerContractions());
    pm.addPass(createLowerContract());
    pm.addPass(createAnalyzeAccumulators());
    pm.addPass(createLowerQdq());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createVerifyIntegerContract());
  }
  return pm.run(module);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {
using Outputs = std::vector<NpyArray>;

class CaseRunner {
public:
  CaseRunner(const Family &family, uint64_t seed, bool isSmall, Case test,
             const std::string &isa)
      : family(family), seed(seed), isSmall(isSmall), test(std::move(test)) {
    options.isa = isa;
    for (const NpyArray &array : this->test.inputs)
      inputs.push_back(&array);
    registerCodegenDialects(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
  }

  Counts run() {
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        diagnostics += diagnostic.str() + "\n";
    });
    auto module = parseSourceString<ModuleOp>(test.module, context.get());
    if (!module)
      return report("the module is refused");
    std::optional<Outputs> before;
    if (test.preparesExactly) {
      auto found = interpret(*module);
      if (!found)
        return report("not interpreted: " + llvm::toString(found.takeError()));
      before = std::move(*found);
    }
    if (failed(prepare(*module, test.preparation)))
      return report("the module is refused");
    auto expected = interpret(*module);
    if (!expected)
      return report("not interpreted: " + llvm::toString(expected.takeError()));
    ++counts.cases;
    if (before && !checkOutputs("lowered", *before, *expected))
      return counts;
    if (test.preparation == Preparation::Lower) {
      ++counts.canBeRewritten;
      counts.rewritten += !hasFloatContraction(*module);
    }
    if (!check("compiled", *expected, compile(*module)) || !test.folds)
      return counts;
    checkFolds(*module, *expected);
    return counts;
  }

private:
  llvm::Expected<Outputs> interpret(ModuleOp module) {
    auto model =
        InterpretedModel::create(OwningOpRef<ModuleOp>(module.clone()));
    if (!model)
      return model.takeError();
    return (*model)->run(inputs);
  }

  llvm::Expected<Outputs> compile(ModuleOp module) {
    auto program =
        Program::compile(OwningOpRef<ModuleOp>(module.clone()), options);
    if (!program)
      return program.takeError();
    return (*program)->run(inputs);
  }

  void checkFolds(ModuleOp module, const Outputs &expected) {
    ++counts.canBeRewritten;
    OperationFingerPrint before(module);
    if (failed(canonicalize(module))) {
      report("not canonicalized");
      return;
    }
    if (!check("canonicalized", expected, interpret(module)))
      return;
    if (failed(fold(module)) || failed(canonicalize(module))) {
      report("not folded");
      return;
    }
    counts.rewritten += OperationFingerPrint(module) != before;
    if (!test.foldsExactly) {
      // What padding has become is computed alike, at least.
      auto folded = interpret(module);
      if (!folded)
        report("folded, then not interpreted: " +
               llvm::toString(folded.takeError()));
      else
        check("folded and compiled", *folded, compile(module));
      return;
    }
    if (check("folded", expected, interpret(module)))
      check("folded and compiled", expected, compile(module));
  }

  bool check(const std::string &way, const Outputs &expected,
             llvm::Expected<Outputs> found) {
    if (found)
      return checkOutputs(way, expected, *found);
    report(way + ": " + llvm::toString(found.takeError()));
    return false;
  }

  bool checkOutputs(const std::string &way, const Outputs &expected,
                    const Outputs &found) {
    for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(expected, found))) {
      auto &[a, b] = pair;
      counts.outputs += a.numElements();
      int64_t at = compare(a, b);
      if (at < 0)
        continue;
      report("output " + std::to_string(i) + " differs at element " +
             std::to_string(at) + ": interpreted " + element(a, at) + ", " +
             way + " " + element(b, at));
      return false;
    }
    return true;
  }

  static bool hasFloatContraction(ModuleOp module) {
    return module
        .walk([](Operation *op) {
          return op->hasAttr(LowbitDialect::kFloatReasonAttr)
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }

  Counts report(const std::string &what) {
    std::fprintf(stderr,
                 "%s: seed %" PRIu64 ", isa %s: %s\n%s\n%.6000s\n"
                 "to repeat it: lowbit-differential %s --case %" PRIu64 "%s\n",
                 family.name, seed, options.isa.c_str(), what.c_str(),
                 diagnostics.c_str(), test.module.c_str(), family.name, seed,
                 isSmall ? " --cases 1" : "");
    counts.differing = 1;
    return counts;
  }

  const Family &family;
  uint64_t seed;
  bool isSmall;
  Case test;
  CpuCodegenOptions options;
  SmallVector<const NpyArray *> inputs;
  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  std::string diagnostics;
  Counts counts;
};
} // namespace

Runner::Runner() : isas(hostISAs()) {}

Counts Runner::run(const Family &family, uint64_t seed, bool isSmall) {
  Random random(seed);
  int64_t outputs = random.oneIn(3) || isSmall ? family.small : family.large;
  Case test = family.make(random, outputs);

  std::string isa = isas[random.range(0, int64_t(isas.size()) - 1)];
  return CaseRunner(family, seed, isSmall, std::move(test), isa).run();
}
