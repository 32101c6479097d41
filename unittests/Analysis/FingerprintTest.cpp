//===- FingerprintTest.cpp - which model a table is of --------------------===//
//
// Checks what a fingerprint depends on, and what it does not.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Analysis/Fingerprint.h"
#include "TempFolder.h"
#include "lowbit/Calibrate/Passes.h"
#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Passes.h"
#include "lowbit/Store/Safetensors.h"
#include "gtest/gtest.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <set>

using namespace mlir;
using namespace lowbit;
using lowbit::testing::TempFolder;

namespace {

const char *kModel = R"mlir(
module {
  lowbit.parameter @b : tensor<2xf32> = dense<[0.5, 1.5]> : tensor<2xf32>
  lowbit.parameter @w : tensor<3x2xf32>
      = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  func.func @main(
      %x: tensor<?x3xf32> {lowbit.name = "x", lowbit.dims = ["batch", "3"]})
      -> (tensor<?x2xf32> {lowbit.name = "y", lowbit.dims = ["batch", "2"]}) {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %scale = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
    %w = lowbit.get_parameter @w : tensor<3x2xf32>
    %b = lowbit.get_parameter @b : tensor<2xf32>
    %square = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    %n = tensor.dim %x, %c0 : tensor<?x3xf32>
    %empty = tensor.empty(%n) : tensor<?x2xf32>
    %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>)
        -> tensor<?x2xf32>
    %dot = linalg.matmul {lowbit.id = "dot"}
        ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>)
        outs(%fill : tensor<?x2xf32>) -> tensor<?x2xf32>
    %sum = linalg.generic {lowbit.id = "sum",
        indexing_maps = [affine_map<(i, j) -> (i, j)>,
                         affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (j)>,
                         affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%dot, %b, %scale
            : tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>)
        outs(%empty : tensor<?x2xf32>) {
      ^bb0(%d: f32, %e: f32, %s: f32, %o: f32):
        %p = arith.mulf %d, %s : f32
        %a = arith.addf %p, %e : f32
        linalg.yield %a : f32
    } -> tensor<?x2xf32>
    %init = tensor.empty(%n) : tensor<2x?xf32>
    %turned = linalg.transpose ins(%sum : tensor<?x2xf32>)
        outs(%init : tensor<2x?xf32>) permutation = [1, 0]
    %act = linalg.generic {lowbit.id = "act",
        indexing_maps = [affine_map<(i, j) -> (j, i)>,
                         affine_map<(i, j) -> (i, j)>,
                         affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%turned, %dot : tensor<2x?xf32>, tensor<?x2xf32>)
        outs(%empty : tensor<?x2xf32>) {
      ^bb0(%d: f32, %e: f32, %o: f32):
        %relu = arith.maximumf %d, %zero : f32
        %half = arith.constant 0.5 : f32
        %left = arith.subf %relu, %e : f32
        %scaled = arith.mulf %left, %half : f32
        %known = arith.cmpf olt, %scaled, %half : f32
        %chosen = arith.select %known, %scaled, %half : f32
        linalg.yield %chosen : f32
    } -> tensor<?x2xf32>
    %last = linalg.matmul {lowbit.id = "last"}
        ins(%act, %square : tensor<?x2xf32>, tensor<2x2xf32>)
        outs(%fill : tensor<?x2xf32>) -> tensor<?x2xf32>
    return %last : tensor<?x2xf32>
  }
}
)mlir";

const char *kNegation = R"mlir(
    %wide = tensor.empty(%n) : tensor<?x3xf32>
    %negated = linalg.negf ins(%x : tensor<?x3xf32>)
        outs(%wide : tensor<?x3xf32>) -> tensor<?x3xf32>
    %dot =)mlir";

MLIRContext &context() {
  static MLIRContext context([] {
    DialectRegistry registry;
    registerCodegenDialects(registry);
    return registry;
  }());
  return context;
}

OwningOpRef<ModuleOp> parse(const std::string &text) {
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context()));
  EXPECT_TRUE(module);
  return module;
}

std::string fingerprint(ModuleOp module) {
  FailureOr<std::string> result = fingerprintModel(module);
  EXPECT_TRUE(succeeded(result));
  return succeeded(result) ? *result : "";
}

std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string fingerprintOf(const std::string &text) {
  OwningOpRef<ModuleOp> module = parse(text);
  return module ? fingerprint(*module) : "";
}

std::string afterPass(std::unique_ptr<Pass> pass) {
  OwningOpRef<ModuleOp> module = parse(kModel);
  PassManager manager(&context());
  manager.addPass(std::move(pass));
  EXPECT_TRUE(succeeded(manager.run(*module)));
  return fingerprint(*module);
}

TEST(Fingerprint, Is32HexadecimalDigits) {
  std::string text = fingerprintOf(kModel);
  EXPECT_EQ(text.size(), 32u);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Fingerprint, DependsOnTheModel) {
  std::set<std::string> all{fingerprintOf(kModel)};
  size_t count = 1;
  for (auto [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"dense<[0.5, 1.5]>", "dense<[0.5, 1.25]>"},
           {"[5.0, 6.0]", "[6.0, 5.0]"},
           {"dense<[2.0, 3.0]>", "dense<[3.0, 2.0]>"},
           {"lowbit.name = \"x\"", "lowbit.name = \"z\""},
           {"lowbit.name = \"y\"", "lowbit.name = \"z\""},
           {"lowbit.id = \"dot\"", "lowbit.id = \"product\""},
           {"lowbit.id = \"sum\"", "lowbit.id = \"total\""},
           {"arith.maximumf", "arith.minimumf"},
           {"arith.subf %relu, %e", "arith.subf %e, %relu"},
           {"arith.constant 0.5", "arith.constant 0.25"},
           {"arith.constant 0.0", "arith.constant 1.0"},
           {"cmpf olt", "cmpf ult"},
           {"arith.mulf %left, %half",
            "arith.mulf %left, %half fastmath<fast>"},
           {"select %known, %scaled, %half", "select %known, %half, %scaled"},
           {"ins(%x, %w ", "ins(%negated, %w "},
           {"ins(%turned, %dot ", "ins(%turned, %sum "},
           {"ins(%dot, %b, %scale", "ins(%dot, %scale, %b"}}) {
    std::string text = replaced(kModel, from, to);
    if (to.find("%negated") != std::string::npos)
      text = replaced(text, "    %dot =", kNegation);
    all.insert(fingerprintOf(text));
    EXPECT_EQ(all.size(), ++count) << from;
  }
  std::string renamed =
      replaced(kModel, "lowbit.parameter @b", "lowbit.parameter @c");
  all.insert(
      fingerprintOf(replaced(renamed, "get_parameter @b", "get_parameter @c")));
  EXPECT_EQ(all.size(), ++count);
}

TEST(Fingerprint, DoesNotDependOnHowItIsWritten) {
  std::string expected = fingerprintOf(kModel);
  EXPECT_EQ(fingerprintOf(std::string("\n\n\n") + kModel), expected);
  EXPECT_EQ(
      fingerprintOf(replaced(kModel, "arith.addf %p, %e", "arith.addf %e, %p")),
      expected);
  // Readers see through data movement.
  EXPECT_EQ(
      fingerprintOf(replaced(kModel, "linalg.transpose ins",
                             "linalg.transpose {lowbit.id = \"moved\"} ins")),
      expected);
  EXPECT_EQ(fingerprintOf(replaced(kModel, "%zero = arith.constant 0.0 : f32",
                                   "%zero = arith.constant 0.0 : f32\n"
                                   "%unused = arith.constant dense<1.0> : "
                                   "tensor<4xf32>")),
            expected);
}

TEST(Fingerprint, DoesNotDependOnSizesOrObservers) {
  std::string expected = fingerprintOf(kModel);
  SpecializeShapesOptions sizes;
  sizes.shape = "batch=5";
  EXPECT_EQ(afterPass(createSpecializeShapes(sizes)), expected);
  EXPECT_EQ(afterPass(createInsertObservers()), expected);
}

TEST(Fingerprint, DoesNotDependOnTheStore) {
  TempFolder folder;
  const float w[] = {1, 2, 3, 4, 5, 6}, b[] = {0.5, 1.5};
  auto bytes = [](llvm::ArrayRef<float> x) {
    return llvm::ArrayRef(reinterpret_cast<const char *>(x.data()),
                          x.size() * sizeof(float));
  };
  for (const char *name : {"one.safetensors", "two.safetensors"}) {
    ASSERT_FALSE(bool(writeSafetensors(
        folder.path(name),
        {TensorSource::fromBytes("w", DType::F32, {3, 2}, bytes(w)),
         TensorSource::fromBytes("b", DType::F32, {2}, bytes(b))})));
    std::string text =
        replaced(kModel,
                 "\n      = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : "
                 "tensor<3x2xf32>",
                 "");
    text = replaced(text, " = dense<[0.5, 1.5]> : tensor<2xf32>", "");
    text = replaced(text, "module {",
                    "module attributes {lowbit.store = \"" + folder.path(name) +
                        "\"} {");
    EXPECT_EQ(fingerprintOf(text), fingerprintOf(kModel));
  }
}

TEST(Fingerprint, BytesThatCannotBeRead) {
  OwningOpRef<ModuleOp> module =
      parse(replaced(kModel, " = dense<[0.5, 1.5]> : tensor<2xf32>", ""));
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler(&context(), [&](Diagnostic &diagnostic) {
    errors.push_back(diagnostic.str());
    return success();
  });
  EXPECT_TRUE(failed(fingerprintModel(*module)));
  EXPECT_EQ(errors, std::vector<std::string>{
                        "has no value, and the module names no store"});
}

} // namespace
