//===- Main.cpp - lowbit-differential -------------------------------------===//
//
//   lowbit-differential [--outputs N | --cases N] [--seed S] [--processes P]
//                       [FAMILY ...]
//
// Makes random modules and inputs, runs them compiled and interpreted, and
// compares every bit of every output (one NaN equals another) until N elements
// have been compared, or N small modules of each family. Prints a line a
// family. Exit code 1: something differed, or a side refused a case; 2: wrong
// usage.
//
//===----------------------------------------------------------------------===//
#include "Cases.h"

#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Pipeline/Pipelines.h"
#include "lowbit/Run/InterpretedModel.h"
#include "lowbit/Run/Program.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Process.h"
#include "llvm/TargetParser/Host.h"

#include <cinttypes>
#include <map>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace lowbit;
using namespace lowbit::differential;

namespace cl = llvm::cl;

namespace {
struct Family {
  const char *name;
  Case (*make)(Random &, int64_t);
  /// Outputs of a case: small ones meet more shapes, large ones cost less.
  int64_t small, large;
  /// Of a hundred outputs, how many come from this family.
  int64_t share;
};

constexpr Family kFamilies[] = {
    {"quantize", makeQuantizeCase, 300, 3000000, 52},
    {"requantize", makeRequantizeCase, 300, 3000000, 30},
    {"contract", makeContractCase, 200, 60000, 3},
    {"float", makeFloatCase, 300, 400000, 13},
    {"model", makeModelCase, 200, 60000, 2}};

struct Counts {
  uint64_t outputs = 0, cases = 0, differing = 0;
};

/// What the host can run.
std::vector<std::string> hostISAs() {
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

bool isNaN(DType dtype, const char *bytes) {
  float value;
  if (dtype != DType::F32)
    return false;
  std::memcpy(&value, bytes, sizeof(value));
  return std::isnan(value);
}

/// The first element that differs, or -1.
int64_t compare(const NpyArray &a, const NpyArray &b) {
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

std::string element(const NpyArray &array, int64_t i) {
  uint32_t bits = 0;
  std::memcpy(&bits, array.data() + i * byteSize(array.dtype),
              byteSize(array.dtype));
  float real;
  std::memcpy(&real, &bits, sizeof(real));
  return llvm::utohexstr(bits) +
         (array.dtype == DType::F32 ? " (" + std::to_string(real) + ")" : "");
}

class Runner {
public:
  Runner() : isas(hostISAs()) {}

  /// Runs one case. The count of differing outputs, after a report.
  Counts run(const Family &family, uint64_t seed, bool isSmall) {
    Random random(seed);
    int64_t outputs = random.oneIn(3) || isSmall ? family.small : family.large;
    Case test = family.make(random, outputs);
    CpuCodegenOptions options;
    options.isa = isas[random.range(0, int64_t(isas.size()) - 1)];

    DialectRegistry registry;
    registerCodegenDialects(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    std::string diagnostics;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        diagnostics += diagnostic.str() + "\n";
    });
    Counts counts;
    auto report = [&](const std::string &what) {
      std::fprintf(stderr, "%s: seed %" PRIu64 ", isa %s: %s\n%s\n%.4000s\n",
                   family.name, seed, options.isa.c_str(), what.c_str(),
                   diagnostics.c_str(), test.module.c_str());
      counts.differing = std::max<uint64_t>(counts.differing, 1);
      return counts;
    };
    auto module = parseSourceString<ModuleOp>(test.module, &context);
    if (!module || (test.quantize && failed(quantize(*module))))
      return report("the module is refused");
    OwningOpRef<ModuleOp> copy(module->clone());
    auto model = InterpretedModel::create(std::move(copy));
    if (!model)
      return report(llvm::toString(model.takeError()));
    auto program = Program::compile(std::move(module), options);
    if (!program)
      return report("not compiled: " + llvm::toString(program.takeError()));
    SmallVector<const NpyArray *> inputs;
    for (const NpyArray &array : test.inputs)
      inputs.push_back(&array);
    auto expected = (*model)->run(inputs);
    if (!expected)
      return report("not interpreted: " + llvm::toString(expected.takeError()));
    auto found = (*program)->run(inputs);
    if (!found)
      return report("not run: " + llvm::toString(found.takeError()));
    ++counts.cases;
    for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(*expected, *found))) {
      auto &[a, b] = pair;
      counts.outputs += a.numElements();
      int64_t at = compare(a, b);
      if (at >= 0)
        return report("output " + std::to_string(i) + " differs at element " +
                      std::to_string(at) + ": interpreted " + element(a, at) +
                      ", compiled " + element(b, at));
    }
    return counts;
  }

private:
  static LogicalResult quantize(ModuleOp module) {
    PassManager pm(module.getContext());
    PtqOptions options;
    auto emitError = [&](const Twine &text) { return module.emitError(text); };
    if (failed(buildPtqPipeline(pm, options, emitError)))
      return failure();
    return pm.run(module);
  }

  std::vector<std::string> isas;
};

/// One process of several: every `stride`-th case of each family.
std::map<std::string, Counts> runShare(ArrayRef<const Family *> families,
                                       uint64_t seed, uint64_t outputs,
                                       uint64_t cases, uint64_t first,
                                       uint64_t stride) {
  Runner runner;
  std::map<std::string, Counts> all;
  int64_t shares = 0;
  for (const Family *family : families)
    shares += family->share;
  for (const Family *family : families) {
    uint64_t wanted = outputs * family->share / shares / stride;
    Counts &sum = all[family->name];
    uint64_t shown = 0;
    auto goesOn = [&](uint64_t i) {
      return cases ? i < cases : sum.outputs < wanted;
    };
    for (uint64_t i = first; goesOn(i) && sum.differing < 5; i += stride) {
      Counts one = runner.run(*family, seed * 1000003 + i, cases != 0);
      sum.outputs += one.outputs;
      sum.cases += one.cases;
      sum.differing += one.differing;
      uint64_t tenths = cases
                            ? 10 * (i + 1) / cases
                            : 10 * sum.outputs / std::max<uint64_t>(1, wanted);
      if (first == 0 && tenths > shown)
        std::fprintf(stderr, "%s: %" PRIu64 " %%\n", family->name,
                     10 * (shown = std::min<uint64_t>(tenths, 10)));
    }
  }
  return all;
}
} // namespace

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  cl::OptionCategory category("lowbit-differential options");
  cl::opt<uint64_t> outputs("outputs", cl::cat(category), cl::init(1000000000),
                            cl::desc("output elements to compare"));
  cl::opt<uint64_t> cases("cases", cl::cat(category), cl::init(0),
                          cl::desc("run so many small modules of each family "
                                   "instead"));
  cl::opt<uint64_t> seed("seed", cl::cat(category), cl::init(1),
                         cl::desc("where the random modules begin"));
  cl::opt<unsigned> processes(
      "processes", cl::cat(category),
      cl::init(std::max(1u, std::thread::hardware_concurrency())),
      cl::desc("processes to run on"));
  cl::opt<uint64_t> only("case", cl::cat(category), cl::init(0),
                         cl::desc("run the one case of this seed, as a report "
                                  "names it, of one family (with --cases, if "
                                  "the report was of such a run)"));
  cl::list<std::string> names(cl::Positional, cl::cat(category),
                              cl::desc("[FAMILY ...]"));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "compiled code against the interpreter\n", &llvm::errs()))
    return 2;
  SmallVector<const Family *> families;
  for (const Family &family : kFamilies)
    if (names.empty() || llvm::is_contained(names, family.name))
      families.push_back(&family);
  if (families.empty() || (!names.empty() && families.size() != names.size())) {
    std::fprintf(stderr, "lowbit-differential: the families are quantize, "
                         "requantize, contract, float and model\n");
    return 2;
  }
  if (only.getNumOccurrences())
    return Runner().run(*families.front(), only, cases != 0).differing ? 1 : 0;

  // Processes, not threads: a compiled program talks to one host program.
  std::vector<std::pair<pid_t, int>> children;
  for (unsigned p = 0; p < processes; ++p) {
    int ends[2];
    if (pipe(ends) != 0)
      return 1;
    pid_t child = fork();
    if (child == 0) {
      auto all = runShare(families, seed, outputs, cases, p, processes);
      for (const Family *family : families) {
        Counts &counts = all[family->name];
        if (write(ends[1], &counts, sizeof(counts)) != sizeof(counts))
          _exit(1);
      }
      _exit(0);
    }
    close(ends[1]);
    children.push_back({child, ends[0]});
  }
  std::map<std::string, Counts> total;
  bool failed = false;
  for (auto [child, from] : children) {
    for (const Family *family : families) {
      Counts counts;
      if (read(from, &counts, sizeof(counts)) != sizeof(counts)) {
        failed = true; // It crashed; its last report says where.
        break;
      }
      total[family->name].outputs += counts.outputs;
      total[family->name].cases += counts.cases;
      total[family->name].differing += counts.differing;
    }
    int status = 0;
    waitpid(child, &status, 0);
    failed |= status != 0;
  }
  uint64_t sum = 0;
  for (const Family *family : families) {
    Counts &counts = total[family->name];
    std::printf("%s: %" PRIu64 " outputs of %" PRIu64 " modules, %" PRIu64
                " differ\n",
                family->name, counts.outputs, counts.cases, counts.differing);
    failed |= counts.differing != 0 || counts.outputs == 0;
    sum += counts.outputs;
  }
  std::printf("compiled against interpreted: %" PRIu64 " outputs, %s\n", sum,
              failed ? "FAILED" : "all equal");
  return failed ? 1 : 0;
}
