//===- JitModule.cpp - runs a function on buffers -------------------------===//
//
// See JitModule.h.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "lowbit/Codegen/Passes.h"
#include "gtest/gtest.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <cstring>
#include <random>
#include <stdexcept>

using namespace mlir;

namespace lowbit::test {

static int64_t bytesOf(const std::string &element) {
  if (element == "index")
    return 8;
  return std::max(1, std::stoi(element.substr(1)) / 8);
}

Buffer::Buffer(std::string element, Shape shape)
    : element(std::move(element)), dims(std::move(shape)),
      lines(2 * kGuard + size() * bytesOf(this->element) / sizeof(Line) + 1) {
  std::memset(lines.data(), 0x5a, lines.size() * sizeof(Line));
  fill(1);
}

int64_t Buffer::size() const {
  int64_t n = 1;
  for (int64_t d : dims)
    n *= d;
  return n;
}

Buffer &Buffer::fill(unsigned seed, int64_t bound) {
  std::mt19937_64 random(seed);
  for (int64_t i = 0, e = size(); i < e; ++i) {
    uint64_t bits = random();
    if (element == "f32")
      as<float>()[i] = static_cast<int32_t>(bits) * 0x1p-29f;
    else if (element == "f64")
      as<double>()[i] = static_cast<int32_t>(bits) * 0x1p-29;
    else {
      uint64_t value = bound ? bits % bound : bits;
      if (element == "i1")
        value &= 1;
      int64_t width = bytesOf(element);
      std::memcpy(data() + i * width, &value, width);
    }
  }
  return *this;
}

int64_t Buffer::firstDifference(const Buffer &other) const {
  const char *mine = lines.front().bytes, *theirs = other.lines.front().bytes;
  for (size_t i = 0; i < lines.size() * sizeof(Line); ++i)
    if (mine[i] != theirs[i])
      return i;
  return -1;
}

static void lowerToLLVM(PassManager &pm) {
  auto &func = pm.nest<func::FuncOp>();
  func.addPass(createConvertLinalgToLoopsPass());
  func.addPass(createConvertVectorToSCFPass());
  func.addPass(createParallelForToNestedForsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  return registry;
}

JitModule::JitModule(const std::string &text, bool vectorize, bool taken)
    : context(makeRegistry(), MLIRContext::Threading::DISABLED) {
  module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    throw std::runtime_error("cannot parse:\n" + text);
  module->walk([&](func::FuncOp f) {
    f->setAttr("llvm.emit_c_interface", UnitAttr::get(&context));
  });
  if (vectorize) {
    PassManager pm(&context);
    pm.addNestedPass<func::FuncOp>(createVectorizeGenerics());
    if (failed(pm.run(*module)))
      throw std::runtime_error("the pass failed on:\n" + text);
    bool left = false;
    module->walk([&](linalg::LinalgOp) { left = true; });
    EXPECT_EQ(left, !taken) << text;
  }
  PassManager pm(&context);
  pm.addNestedPass<func::FuncOp>(createExpandMath());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  lowerToLLVM(pm);
  if (failed(pm.run(*module)))
    throw std::runtime_error("cannot lower:\n" + text);

  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto builder =
      llvm::cantFail(llvm::orc::JITTargetMachineBuilder::detectHost());
  builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  auto machine = llvm::cantFail(builder.createTargetMachine());
  ExecutionEngineOptions options;
  auto optimize = makeOptimizingTransformer(3, 0, machine.get());
  options.transformer = optimize;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  engine = llvm::cantFail(
      ExecutionEngine::create(*module, options, std::move(machine)));
}

void JitModule::run(std::vector<Buffer> &arguments, int times) {
  // A descriptor: two pointers, the offset, the sizes and the strides.
  std::vector<std::vector<int64_t>> descriptors;
  for (Buffer &buffer : arguments) {
    auto address = reinterpret_cast<int64_t>(buffer.data());
    std::vector<int64_t> fields = {address, address, 0};
    fields.insert(fields.end(), buffer.shape().begin(), buffer.shape().end());
    int64_t stride = buffer.size();
    for (int64_t size : buffer.shape())
      fields.push_back(stride = size ? stride / size : 1);
    descriptors.push_back(fields);
  }
  std::vector<void *> pointers(descriptors.size());
  std::vector<void *> packed;
  for (size_t i = 0; i < descriptors.size(); ++i) {
    pointers[i] = descriptors[i].data();
    packed.push_back(&pointers[i]);
  }
  auto function = llvm::cantFail(engine->lookupPacked("_mlir_ciface_f"));
  for (int i = 0; i < times; ++i)
    function(packed.data());
}

void expectSame(const std::string &text, const std::vector<Buffer> &arguments,
                bool taken) {
  std::vector<Buffer> vectors = arguments, loops = arguments;
  JitModule(text, true, taken).run(vectors);
  JitModule(text, false).run(loops);
  for (size_t i = 0; i < arguments.size(); ++i)
    EXPECT_EQ(vectors[i].firstDifference(loops[i]), -1)
        << "argument " << i << " of\n"
        << text;
}

std::string
replaced(std::string text,
         const std::vector<std::pair<std::string, std::string>> &pairs) {
  for (auto &[key, value] : pairs)
    for (size_t at; (at = text.find("$" + key)) != std::string::npos;)
      text.replace(at, key.size() + 1, value);
  return text;
}

const std::vector<int64_t> &oddSizes() {
  static const std::vector<int64_t> sizes = {1,  2,  3,  7,   15, 16,
                                             17, 31, 33, 100, 128};
  return sizes;
}

} // namespace lowbit::test
