//===- Harness.cpp - runs a contraction and its plain meaning -------------===//
#include "Harness.h"
#include "lowbit/Codegen/CPU/PackWeights.h"
#include "lowbit/Codegen/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/Support/TargetSelect.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;

namespace lowbit::test {

static void fillRandom(Buffer &buffer, std::mt19937 &random, bool isFloat,
                       Fill fill, unsigned number) {
  if (isFloat) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (size_t i = 0; i < buffer.elements; ++i) {
      float x = uniform(random);
      memcpy(buffer.data + i * 4, &x, 4);
    }
    return;
  }
  bool extreme = fill != Fill::Random && buffer.elementBytes == 1;
  for (size_t i = 0; i < buffer.elements * buffer.elementBytes; ++i)
    buffer.data[i] = !extreme                                        ? random()
                     : fill == Fill::LowestAndHighest && number == 1 ? 127
                                                                     : -128;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

MLIRContext &sharedContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    registerAllPasses();
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    auto *c = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    c->loadAllAvailableDialects();
    return c;
  }();
  return *context;
}

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (TargetISA isa : runnableISAs())
    for (bool isFloat : {false, true})
      all.push_back({isa, isFloat});
  return all;
}

std::string variantName(const testing::TestParamInfo<Variant> &info) {
  std::string name = isaName(info.param.isa).str();
  name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
  return name + (info.param.isFloat ? "_f32" : "_i8");
}

std::vector<TargetISA> runnableISAs() {
  std::vector<TargetISA> isas;
  for (TargetISA isa : {TargetISA::AVX512VNNI, TargetISA::AVXVNNI,
                        TargetISA::AVX2, TargetISA::Portable})
    if (hostSupports(isa))
      isas.push_back(isa);
  return isas;
}

static const char *const lowering =
    "canonicalize,cse,"
    "func.func(convert-linalg-to-loops),convert-scf-to-cf,"
    "expand-strided-metadata,lower-affine,convert-math-to-llvm,"
    "convert-vector-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm,"
    "convert-arith-to-llvm,convert-index-to-llvm,convert-cf-to-llvm,"
    "convert-ub-to-llvm,reconcile-unrealized-casts";

std::unique_ptr<ExecutionEngine> compile(ModuleOp module, std::string &error) {
  PassManager lower(module.getContext());
  if (failed(parsePassPipeline(lowering, lower)) || failed(lower.run(module))) {
    error = "the lowering failed";
    return nullptr;
  }
  ExecutionEngineOptions options;
  auto transformer = makeOptimizingTransformer(2, 0, nullptr);
  options.transformer = transformer;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto created = ExecutionEngine::create(module, options);
  if (!created) {
    error = llvm::toString(created.takeError());
    return nullptr;
  }
  return std::move(*created);
}

Kernel::Kernel(const std::string &text, TargetISA isa, bool guarded) {
  MLIRContext &context = sharedContext();
  original = parseSourceString<ModuleOp>(text, &context);
  if (!original) {
    error = "the text does not parse";
    return;
  }
  lowered = original->clone();
  ExpandContractionsOptions options;
  options.isa = isaName(isa).str();
  PassManager expand(&context);
  expand.addPass(createExpandContractions(options));
  if (failed(expand.run(*lowered))) {
    error = "the expansion failed";
    return;
  }
  lowered->walk([&](linalg::LinalgOp) { ++left; });
  auto main = lowered->lookupSymbol<func::FuncOp>("main");
  main->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                UnitAttr::get(&context));
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    auto packing = main.getArgAttrOfType<DictionaryAttr>(i, "lowbit.packing");
    if (!packing)
      continue;
    ++packedArguments;
    for (unsigned j = 0; j < i; ++j)
      if (main.getArgAttr(j, "lowbit.parameter") ==
              main.getArgAttr(i, "lowbit.parameter") &&
          !main.getArgAttr(j, "lowbit.packing"))
        packings.push_back({j, packing});
  }
  engine = compile(*lowered, error);
  if (!engine)
    return;
  if (!guarded)
    return;
  engine->registerSymbols([](llvm::orc::MangleAndInterner interner) {
    llvm::orc::SymbolMap symbols;
    symbols[interner("malloc")] = {
        llvm::orc::ExecutorAddr::fromPtr(&guardedAllocate),
        llvm::JITSymbolFlags::Exported};
    symbols[interner("free")] = {llvm::orc::ExecutorAddr::fromPtr(&guardedFree),
                                 llvm::JITSymbolFlags::Exported};
    return symbols;
  });
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

void Kernel::pack(ArrayRef<Buffer *> buffers) {
  packed.clear();
  for (auto &[number, packing] : packings) {
    auto bytes = static_cast<int64_t>(packedByteSize(packing));
    auto buffer = std::make_unique<Buffer>(1, std::vector<int64_t>{bytes});
    const Buffer &from = *buffers[number];
    llvm::cantFail(packParameter(
        packing, ArrayRef<char>(from.data, from.elements * from.elementBytes),
        MutableArrayRef<char>(buffer->data, bytes)));
    packed.push_back(std::move(buffer));
  }
}

void Kernel::run(ArrayRef<Buffer *> buffers) {
  std::vector<std::vector<int64_t>> descriptors;
  for (Buffer *buffer : buffers)
    descriptors.push_back(buffer->descriptor());
  if (packed.empty())
    pack(buffers);
  for (auto &buffer : packed)
    descriptors.push_back(buffer->descriptor());
  std::vector<void *> pointers, arguments;
  for (auto &descriptor : descriptors)
    pointers.push_back(descriptor.data());
  for (void *&pointer : pointers)
    arguments.push_back(&pointer);
  llvm::cantFail(engine->invokePacked("_mlir_ciface_main", arguments));
}

/// Every index of a space, the last dimension fastest.
static void forEach(ArrayRef<int64_t> extents,
                    function_ref<void(ArrayRef<int64_t>)> body) {
  if (llvm::is_contained(extents, 0))
    return;
  SmallVector<int64_t> i(extents.size(), 0);
  for (;;) {
    body(i);
    size_t d = extents.size();
    while (d > 0 && ++i[d - 1] == extents[d - 1])
      i[--d] = 0;
    if (d == 0)
      return;
  }
}

/// Runs the contraction as it is written, with its loops in order.
void Kernel::interpret(ArrayRef<Buffer *> buffers) {
  original->walk([&](linalg::LinalgOp op) {
    auto bufferOf = [&](Value v) {
      return buffers[cast<BlockArgument>(v).getArgNumber()];
    };
    if (auto fill = dyn_cast<linalg::FillOp>(op.getOperation())) {
      Attribute value;
      matchPattern(fill.getInputs()[0], m_Constant(&value));
      uint32_t bits = isa<FloatAttr>(value)
                          ? cast<FloatAttr>(value)
                                .getValue()
                                .bitcastToAPInt()
                                .getZExtValue()
                          : cast<IntegerAttr>(value).getValue().getZExtValue();
      Buffer *c = bufferOf(fill.getOutputs()[0]);
      forEach(c->sizes, [&](ArrayRef<int64_t> i) {
        memcpy(c->data + c->at(i) * 4, &bits, 4);
      });
      return;
    }
    SmallVector<Buffer *> operands;
    SmallVector<int64_t> sizes;
    for (Value v : op->getOperands()) {
      operands.push_back(bufferOf(v));
      sizes.append(operands.back()->sizes.begin(),
                   operands.back()->sizes.end());
    }
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<int64_t> extents = op.getShapesToLoopsMap().compose(sizes);
    bool isFloat =
        cast<MemRefType>(op->getOperand(0).getType()).getElementType().isF32();
    // Every map is linear: the element of index 0, and what a step of each loop
    // adds to it.
    SmallVector<int64_t> first(3), steps[3];
    for (int n = 0; n < 3; ++n) {
      SmallVector<int64_t> i(extents.size(), 0);
      first[n] = operands[n]->at(maps[n].compose(i));
      for (int64_t &loop : i) {
        loop = 1;
        steps[n].push_back(operands[n]->at(maps[n].compose(i)) - first[n]);
        loop = 0;
      }
    }
    forEach(extents, [&](ArrayRef<int64_t> i) {
      int64_t at[3] = {first[0], first[1], first[2]};
      for (int n = 0; n < 3; ++n)
        for (size_t loop = 0; loop < i.size(); ++loop)
          at[n] += i[loop] * steps[n][loop];
      if (isFloat) {
        auto *a = reinterpret_cast<float *>(operands[0]->data);
        auto *b = reinterpret_cast<float *>(operands[1]->data);
        auto *c = reinterpret_cast<float *>(operands[2]->data);
        c[at[2]] = std::fma(a[at[0]], b[at[1]], c[at[2]]);
      } else {
        auto *a = reinterpret_cast<int8_t *>(operands[0]->data);
        auto *b = reinterpret_cast<int8_t *>(operands[1]->data);
        auto *c = reinterpret_cast<uint32_t *>(operands[2]->data);
        c[at[2]] += static_cast<uint32_t>(a[at[0]] * b[at[1]]);
      }
    });
  });
}

int64_t Kernel::mismatches(ArrayRef<Buffer *> buffers, unsigned seed,
                           Fill fill) {
  auto main = original->lookupSymbol<func::FuncOp>("main");
  std::mt19937 random(seed);
  for (unsigned i = 0; i < buffers.size(); ++i)
    fillRandom(*buffers[i], random,
               cast<MemRefType>(main.getArgument(i).getType())
                   .getElementType()
                   .isF32(),
               fill, i);
  Buffer &c = *buffers.back();
  size_t bytes = c.elements * c.elementBytes;
  std::string before(c.data, bytes);
  packed.clear();
  run(buffers);
  std::string actual(c.data, bytes);
  memcpy(c.data, before.data(), bytes);
  interpret(buffers);
  int64_t different = 0;
  for (size_t i = 0; i < bytes; i += 4)
    different += memcmp(actual.data() + i, c.data + i, 4) != 0;
  return different;
}

int64_t Kernel::mismatches(std::vector<std::vector<int64_t>> sizes,
                           unsigned seed, Fill fill) {
  auto main = original->lookupSymbol<func::FuncOp>("main");
  std::vector<std::unique_ptr<Buffer>> buffers;
  std::vector<Buffer *> pointers;
  for (unsigned i = 0; i < sizes.size(); ++i) {
    Type element =
        cast<MemRefType>(main.getArgument(i).getType()).getElementType();
    buffers.push_back(std::make_unique<Buffer>(
        element.getIntOrFloatBitWidth() / 8, sizes[i]));
    pointers.push_back(buffers.back().get());
  }
  return mismatches(pointers, seed, fill);
}

} // namespace lowbit::test
