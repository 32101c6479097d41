//===- FloatOrderTest.cpp - float reductions are what the rules say -------===//
//
// Random reductions through the whole of phase 7, bit for bit (NaN equals NaN):
// with static, dynamic and mixed shapes, with their producers fused and kept,
// for every ISA of this machine, on one and on four threads. LOWBIT_TEST_SEEDS
// in the environment says how many sets of problems, 12 without it.
//
//===----------------------------------------------------------------------===//
#include "FloatProblem.h"
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "lowbit/Run/Program.h"
#include "gtest/gtest.h"

#include "mlir/Parser/Parser.h"
#include <cstdlib>
#include <cstring>

using namespace lowbit;
using namespace lowbit::test;

namespace {
mlir::MLIRContext &sharedContext() {
  static mlir::MLIRContext *context = [] {
    // Before the runtime of the threads is loaded.
    setenv("OMP_NUM_THREADS", "4", 1);
    mlir::DialectRegistry registry;
    registerCodegenDialects(registry);
    return new mlir::MLIRContext(registry);
  }();
  return *context;
}

std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::vector<NpyArray> run(const std::string &text,
                          const CpuCodegenOptions &options,
                          const std::vector<FloatTensor> &inputs) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &sharedContext());
  if (!module) {
    ADD_FAILURE() << "does not parse:\n" << text;
    return {};
  }
  auto program = Program::compile(std::move(module), options);
  if (!program) {
    ADD_FAILURE() << llvm::toString(program.takeError()) << text;
    return {};
  }
  std::vector<NpyArray> arrays;
  std::vector<const NpyArray *> pointers;
  for (const FloatTensor &input : inputs) {
    arrays.push_back(llvm::cantFail(NpyArray::create(DType::F32, input.sizes)));
    std::copy(input.elements.begin(), input.elements.end(),
              arrays.back().elements<float>().begin());
  }
  for (const NpyArray &array : arrays)
    pointers.push_back(&array);
  return llvm::cantFail((*program)->run(pointers));
}

bool areSame(float a, float b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
}

void expectSame(const NpyArray &actual, const FloatTensor &expected,
                const std::string &what) {
  ASSERT_EQ(actual.numElements(), int64_t(expected.elements.size())) << what;
  int64_t wrong = 0, first = -1;
  for (int64_t i = 0; i < actual.numElements(); ++i)
    if (!areSame(actual.elements<float>()[i], expected.elements[i]))
      if (wrong++ == 0)
        first = i;
  if (wrong)
    ADD_FAILURE() << wrong << " of " << actual.numElements()
                  << " elements differ, the first, " << first << ", is "
                  << actual.elements<float>()[first] << ", expected "
                  << expected.elements[first] << "\n"
                  << what;
}

/// All problems in one module, so that it is compiled once.
void check(const std::vector<FloatProblem> &problems,
           FloatProblem::Shapes shapes, bool keepProducers,
           const CpuCodegenOptions &options, std::mt19937 &random) {
  std::vector<std::string> arguments, results, types;
  std::string operations;
  std::vector<FloatTensor> inputs, expected;
  std::vector<std::string> names;
  for (size_t p = 0; p < problems.size(); ++p) {
    std::string prefix = "p" + std::to_string(p);
    FloatProblem::Text text =
        problems[p].text(prefix, shapes, keepProducers, random);
    for (size_t i = 0; i < text.argumentTypes.size(); ++i)
      arguments.push_back("%" + prefix + "a" + std::to_string(i) + ": " +
                          text.argumentTypes[i]);
    operations += text.operations;
    results.insert(results.end(), text.results.begin(), text.results.end());
    types.insert(types.end(), text.resultTypes.begin(), text.resultTypes.end());
    inputs.insert(inputs.end(), problems[p].arguments.begin(),
                  problems[p].arguments.end());
    for (FloatTensor &result : problems[p].evaluate(keepProducers)) {
      expected.push_back(std::move(result));
      names.push_back(problems[p].describe());
    }
  }
  std::string module = "func.func @main(" + join(arguments) + ") -> (" +
                       join(types) + ") {\n" + operations + "return " +
                       join(results) + " : " + join(types) + "\n}\n";
  std::vector<NpyArray> actual = run(module, options, inputs);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    expectSame(actual[i], expected[i],
               options.isa + (options.parallel ? ", 4 threads" : "") +
                   (keepProducers ? ", unfused" : ", fused") + ", shapes " +
                   std::to_string(int(shapes)) + "\n" + names[i]);
}

class FloatOrder : public testing::TestWithParam<int> {};

TEST_P(FloatOrder, IsThatOfTheRules) {
  std::mt19937 random(GetParam());
  std::vector<FloatProblem> problems;
  for (int i = 0; i < 12; ++i)
    problems.emplace_back(random);
  std::vector<std::string> isas;
  for (TargetISA isa : {TargetISA::Portable, TargetISA::AVX2,
                        TargetISA::AVXVNNI, TargetISA::AVX512VNNI})
    if (hostSupports(isa))
      isas.push_back(isaName(isa).str());
  using Shapes = FloatProblem::Shapes;
  size_t next = GetParam();
  auto checkAs = [&](Shapes shapes, bool keepProducers, bool parallel) {
    CpuCodegenOptions options;
    options.isa = isas[next++ % isas.size()];
    options.parallel = parallel;
    check(problems, shapes, keepProducers, options, random);
  };
  checkAs(Shapes::Static, false, false);
  checkAs(Shapes::Dynamic, true, false);
  checkAs(Shapes::Mixed, false, true);
  checkAs(Shapes::Dynamic, false, false);
}

int seeds() {
  const char *text = std::getenv("LOWBIT_TEST_SEEDS");
  return text ? std::atoi(text) : 12;
}

INSTANTIATE_TEST_SUITE_P(Random, FloatOrder, testing::Range(0, seeds()));
} // namespace
