//===- Program.cpp - a compiled model -------------------------------------===//
//
// Runs phase 7, hands the LLVM module to the JIT, and calls the result with
// memref descriptors.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Program.h"
#include "lowbit/Convert/ImportModule.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/ForeignDialects.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ReadGuard.h"
#include "lowbit/Import/Resources.h"
#include "lowbit/Run/Jit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

/// Whether the module has been through phase 1: its values have names, or there
/// are operations of a later phase. Without, it may be anybody's.
static bool isImported(ModuleOp module) {
  bool isForeign = false, isOurs = false;
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    isForeign |= dialect == "tosa" || dialect == "ml_program";
    isOurs |= op->hasAttr(lowbit::LowbitDialect::kIdAttr);
    isOurs |= dialect == "lowbit" &&
              !isa<lowbit::ParameterOp, lowbit::GetParameterOp,
                   lowbit::CheckRangeOp, lowbit::CheckSizeOp>(op);
  });
  return isOurs && !isForeign;
}

namespace lowbit {
OwningOpRef<ModuleOp> loadModule(StringRef path, MLIRContext &context) {
  context.getOrLoadDialect<LowbitDialect>()->setStoreDirectory(
      llvm::sys::path::parent_path(path));
  ReadGuard guard(path);
  auto buffer = openModule(path);
  if (!buffer) {
    emitError(UnknownLoc::get(&context)) << "could not open input file " << path
                                         << ": " << buffer.getError().message();
    return nullptr;
  }
  StringRef text = (*buffer)->getBuffer();
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  guard.release();
  if (!module) {
    if (std::string advice = adviseOnDialects(text); !advice.empty())
      llvm::errs() << "note: " << advice << "\n";
    return nullptr;
  }
  if (failed(verifyResources(*module, /*mustExist=*/false)))
    return nullptr;
  if (!isImported(*module)) {
    PassManager import(&context);
    buildImportPipeline(import);
    if (failed(import.run(*module)))
      return nullptr;
  }
  return module;
}

llvm::Expected<std::unique_ptr<Program>>
Program::compile(OwningOpRef<ModuleOp> module,
                 const CpuCodegenOptions &options) {
  std::unique_ptr<Program> program(new Program());
  program->source = std::move(module);
  program->weights = std::make_unique<Weights>(*program->source);

  OwningOpRef<ModuleOp> code = program->source->clone();
  FailureOr<func::FuncOp> found = findMain(*code);
  if (failed(found))
    return reported();
  func::FuncOp entry = *found;
  // A module that has been through phase 1 has none.
  bool hasCalls = entry
                      .walk([](func::CallOp call) {
                        call.emitError("calls @")
                            << call.getCallee()
                            << "; functions must be inlined first: quant-opt "
                               "--lowbit-inline-calls";
                        return WalkResult::interrupt();
                      })
                      .wasInterrupted();
  if (hasCalls)
    return reported();
  for (auto other : llvm::make_early_inc_range(code->getOps<func::FuncOp>()))
    if (other != entry)
      other.erase();
  if (failed(verifyResources(entry, /*mustExist=*/true)))
    return reported();
  auto signature = getSignature(entry);
  if (!signature)
    return signature.takeError();
  program->modelSignature = std::move(*signature);
  entry.setName("main");
  entry->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                 UnitAttr::get(entry.getContext()));

  MLIRContext *context = code->getContext();
  PassManager loops(context);
  buildCpuLoopPipeline(loops, options);
  if (failed(loops.run(*code)))
    return reported();
  entry = code->lookupSymbol<func::FuncOp>("main");
  // Those that the passes made, for the scales of QDQ, live with the others.
  for (auto parameter : code->getOps<ParameterOp>())
    if (!program->source->lookupSymbol(parameter.getSymName()))
      program->source->push_back(parameter->clone());
  if (llvm::Error error = program->bindArguments(entry))
    return std::move(error);
  if (auto sites = (*code)->getAttrOfType<ArrayAttr>("lowbit.sites"))
    for (auto site : sites.getAsRange<StringAttr>())
      program->sites.push_back(site.str());
  // The translation to LLVM knows none of our attributes.
  entry.setAllArgAttrs(SmallVector<DictionaryAttr>(entry.getNumArguments()));
  entry.setAllResultAttrs(SmallVector<DictionaryAttr>(entry.getNumResults()));
  for (auto parameter : llvm::make_early_inc_range(code->getOps<ParameterOp>()))
    parameter.erase();

  PassManager toLLVM(context);
  buildCpuLLVMPipeline(toLLVM, options);
  if (failed(toLLVM.run(*code)))
    return reported();
  auto engine = createJit(*code, options.parallel);
  if (!engine)
    return engine.takeError();
  program->engine = std::move(*engine);
  auto function = program->engine->lookupPacked("_mlir_ciface_main");
  if (!function)
    return function.takeError();
  program->entry = *function;
  return program;
}

llvm::Error Program::bindArguments(func::FuncOp function) {
  int64_t nextInput = 0;
  for (BlockArgument argument : function.getArguments()) {
    Argument bound;
    auto type = cast<MemRefType>(argument.getType());
    bound.shape.assign(type.getShape().begin(), type.getShape().end());
    DictionaryAttr attributes =
        function.getArgAttrDict(argument.getArgNumber());
    auto name = attributes ? attributes.getAs<StringAttr>("lowbit.parameter")
                           : StringAttr();
    if (name) {
      bound.name = name.str();
      bound.packing = attributes.getAs<DictionaryAttr>("lowbit.packing");
      auto bytes = bound.packing ? weights->getPacked(name, bound.packing)
                                 : weights->get(name);
      if (!bytes)
        return bytes.takeError();
      bound.parameter = *bytes;
    } else {
      bound.input = nextInput++;
    }
    arguments.push_back(std::move(bound));
  }
  return llvm::Error::success();
}

llvm::Error Program::setParameter(StringRef name, ArrayRef<char> bytes) {
  auto own = weights->get(name);
  if (!own)
    return own.takeError();
  if (bytes.size() != own->size())
    return llvm::createStringError("parameter '" + name + "' has " +
                                   Twine(own->size()) + " bytes, found " +
                                   Twine(bytes.size()));
  for (Argument &argument : arguments) {
    if (argument.input >= 0 || argument.name != name)
      continue;
    if (!argument.packing)
      argument.parameter = bytes;
    else if (llvm::Error error =
                 weights->repack(argument.packing, bytes, argument.parameter))
      return error;
  }
  return llvm::Error::success();
}

/// Appends the words of a row-major memref descriptor.
static void appendDescriptor(std::vector<int64_t> &words, const char *data,
                             ArrayRef<int64_t> shape) {
  words.push_back(reinterpret_cast<int64_t>(data));
  words.push_back(reinterpret_cast<int64_t>(data));
  words.push_back(0);
  words.insert(words.end(), shape.begin(), shape.end());
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t dim = int64_t(shape.size()) - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * shape[dim + 1];
  words.insert(words.end(), strides.begin(), strides.end());
}

llvm::Expected<std::vector<NpyArray>>
Program::run(ArrayRef<const NpyArray *> inputs) {
  std::vector<std::vector<int64_t>> descriptors;
  for (const Argument &argument : arguments) {
    std::vector<int64_t> words;
    if (argument.input < 0)
      appendDescriptor(words, argument.parameter.data(), argument.shape);
    else
      appendDescriptor(words, inputs[argument.input]->data(),
                       inputs[argument.input]->shape);
    descriptors.push_back(std::move(words));
  }
  // The results are the members of one struct of descriptors.
  size_t resultWords = 0;
  for (const InputSpec &output : modelSignature.outputs)
    resultWords += 3 + 2 * output.shape.size();
  std::vector<int64_t> results(resultWords, 0);

  // The packed interface takes pointers to the arguments, which are pointers.
  std::vector<void *> values;
  if (!modelSignature.outputs.empty())
    values.push_back(results.data());
  for (std::vector<int64_t> &words : descriptors)
    values.push_back(words.data());
  std::vector<void *> packed;
  for (void *&value : values)
    packed.push_back(&value);

  RunState state;
  state.sites = sites;
  state.onTap = onTap;
  state.onMark = onMark;
  state.enter();
  // A check ends the run from inside of compiled code, which has no
  // destructors; its results are not there then.
  if (setjmp(state.end) != 0)
    return llvm::createStringError(state.error);
  entry(packed.data());

  std::vector<NpyArray> outputs;
  std::string error = state.error;
  const int64_t *words = results.data();
  for (const InputSpec &spec : modelSignature.outputs) {
    size_t rank = spec.shape.size();
    ArrayRef<int64_t> shape(words + 3, rank);
    auto array = NpyArray::create(spec.dtype, shape);
    if (array) {
      const char *data = reinterpret_cast<const char *>(words[1]) +
                         words[2] * byteSize(spec.dtype);
      std::copy(data, data + array->bytes().size(), array->data());
      outputs.push_back(std::move(*array));
    } else if (error.empty()) {
      error = llvm::toString(array.takeError());
    } else {
      llvm::consumeError(array.takeError());
    }
    std::free(reinterpret_cast<void *>(words[0]));
    words += 3 + 2 * rank;
  }
  if (!error.empty())
    return llvm::createStringError(error);
  return outputs;
}
} // namespace lowbit
