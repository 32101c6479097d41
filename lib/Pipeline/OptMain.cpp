//===- OptMain.cpp - the driver of quant-opt ------------------------------===//
//
// In: a command line. Out: the module, and, where it is written to a file and
// has parameters that are not in a store beside it, FILE.safetensors. On
// failure neither is left, and files that were there before stay.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Pipeline/OptMain.h"

#include "lowbit/Import/ForeignDialects.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Import/Passes.h"
#include "lowbit/Import/ReadGuard.h"
#include "lowbit/Store/AtomicFile.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/Statistic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace lowbit;

namespace {
/// Tells the dialect where the stores of modules are.
struct StoreDirectory
    : DialectExtension<StoreDirectory, lowbit::LowbitDialect> {
  explicit StoreDirectory(std::string directory)
      : directory(std::move(directory)) {}
  void apply(MLIRContext *, lowbit::LowbitDialect *dialect) const override {
    dialect->setStoreDirectory(directory);
  }
  std::string directory;
};

/// Writes the store of a module that goes to `output`, unless its parameters
/// are in a store in the same folder already.
struct WriteStoreBeside
    : PassWrapper<WriteStoreBeside, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteStoreBeside)
  WriteStoreBeside(StringRef input, StringRef output,
                   std::shared_ptr<std::string> written)
      : input(input.str()), output(output.str()), written(std::move(written)) {}
  WriteStoreBeside(const WriteStoreBeside &) = default;

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<lowbit::LowbitDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    bool hasValues = llvm::any_of(module.getOps<ParameterOp>(), [](auto op) {
      return bool(op.getValueAttr());
    });
    bool hasParameters = !module.getOps<ParameterOp>().empty();
    if (!hasParameters || (!hasValues && isBeside(storePath(module))))
      return;
    SmallString<128> path(output);
    llvm::sys::path::replace_extension(path, "safetensors");
    bool isNew = !llvm::sys::fs::exists(path);
    if (!isNew && llvm::sys::fs::equivalent(path, storePath(module)) &&
        !llvm::sys::fs::equivalent(input, output)) {
      module.emitError("writing '")
          << path << "' would spoil '" << input
          << "', whose weights are in it; give the output another name";
      return signalPassFailure();
    }
    // A store without its module is somebody else's file.
    if (!isNew && !llvm::sys::fs::exists(output)) {
      module.emitError("the weights of '")
          << output << "' would replace '" << path
          << "', which is there already; give the output another name or "
             "remove that file";
      return signalPassFailure();
    }
    OpPassManager nested(ModuleOp::getOperationName());
    nested.addPass(createWriteStore({path.str().str()}));
    if (failed(runPipeline(nested, module)))
      return signalPassFailure();
    if (isNew)
      *written = path.str().str();
  }

  bool isBeside(StringRef store) const {
    StringRef a = llvm::sys::path::parent_path(store),
              b = llvm::sys::path::parent_path(output);
    return llvm::sys::fs::equivalent(a.empty() ? "." : a, b.empty() ? "." : b);
  }

  std::string input, output;
  std::shared_ptr<std::string> written;
};
} // namespace

/// The options of --quantize-ptq, when `argument` is that flag.
static std::optional<StringRef> ptqOptions(StringRef argument) {
  if (!argument.consume_front("--quantize-ptq") &&
      !argument.consume_front("-quantize-ptq"))
    return std::nullopt;
  if (!argument.empty() && !argument.consume_front("="))
    return std::nullopt;
  return argument;
}

/// Moves `--compile-to=X` into the options of --quantize-ptq. Without that
/// flag it stays, and is an unknown option.
static std::vector<std::string> moveCompileTo(int argc, char **argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  auto isPtq = [](const std::string &a) { return ptqOptions(a).has_value(); };
  auto ptq = llvm::find_if(arguments, isPtq);
  auto isTarget = [](StringRef a) {
    return a.starts_with("--compile-to=") || a.starts_with("-compile-to=");
  };
  auto target = llvm::find_if(arguments, isTarget);
  if (ptq == arguments.end() || target == arguments.end())
    return arguments;
  std::string phase = StringRef(*target).split('=').second.str();
  *ptq = ("--quantize-ptq=" + *ptqOptions(*ptq) + " compile-to=" + phase).str();
  arguments.erase(target);
  return arguments;
}

/// Says what to do about a module of another dialect, after MLIR's error.
static void printAdvice(StringRef input) {
  if (input == "-")
    return;
  auto file = openModule(input);
  if (!file)
    return;
  if (std::string text = adviseOnDialects((*file)->getBuffer()); !text.empty())
    llvm::errs() << "note: " << text << "\n";
}

/// A module on a terminal or in a file that is no regular one needs no rename.
static bool isRegularOutput(StringRef path) {
  llvm::sys::fs::file_status status;
  return path != "-" && (llvm::sys::fs::status(path, status) ||
                         llvm::sys::fs::is_regular_file(status));
}

namespace {
/// Prints the counts of the account with --mlir-pass-statistics, where MLIR was
/// built without statistics and has none to print.
struct CountsAtExit {
  explicit CountsAtExit(ArrayRef<std::string> arguments)
      : isAsked(!LLVM_ENABLE_STATS &&
                llvm::any_of(arguments, [](StringRef argument) {
                  return argument.ltrim('-') == "mlir-pass-statistics";
                })) {
    if (isAsked)
      llvm::EnableStatistics(/*DoPrintOnExit=*/false);
  }
  ~CountsAtExit() {
    if (isAsked)
      llvm::PrintStatistics(llvm::errs());
  }
  bool isAsked;
};
} // namespace

int lowbit::optMain(int argc, char **argv, DialectRegistry &registry) {
  llvm::InitLLVM init(argc, argv);
  std::vector<std::string> arguments = moveCompileTo(argc, argv);
  CountsAtExit counts(arguments);
  // Whole functions under each remark help nobody; the option brings them back.
  if (llvm::none_of(arguments, [](StringRef a) {
        return a.contains("mlir-print-op-on-diagnostic");
      }))
    arguments.push_back("--mlir-print-op-on-diagnostic=false");
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  std::string input, output;
  std::tie(input, output) =
      registerAndParseCLIOptions(pointers.size(), pointers.data(),
                                 "lowbit quantization compiler\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return asMainReturnCode(
        MlirOptMain(pointers.size(), pointers.data(), input, output, registry));

  std::string message;
  auto file = openModule(input);
  if (!file) {
    llvm::errs() << "error: cannot open input file '" << input
                 << "': " << file.getError().message() << "\n";
    return 1;
  }
  bool isRead = false;
  ReadGuard guard(input);
  MlirOptMainConfig checked = config;
  checked.setPassPipelineSetupFn([&](PassManager &pm) -> LogicalResult {
    guard.release(); // The module is read.
    isRead = true;
    pm.addPass(createVerifyResources());
    return config.setupPassPipeline(pm);
  });
  std::string folder =
      input == "-" ? std::string() : llvm::sys::path::parent_path(input).str();
  registry.addExtension(TypeID::get<StoreDirectory>(),
                        std::make_unique<StoreDirectory>(folder));
  if (!isRegularOutput(output)) {
    auto stream = openOutputFile(output, &message);
    if (!stream) {
      llvm::errs() << "error: " << message << "\n";
      return 1;
    }
    if (failed(
            MlirOptMain(stream->os(), std::move(*file), registry, checked))) {
      if (!isRead)
        printAdvice(input);
      return 1;
    }
    stream->keep();
    return 0;
  }

  auto written = std::make_shared<std::string>();
  MlirOptMainConfig withStore = checked;
  withStore.setPassPipelineSetupFn([&](PassManager &pm) -> LogicalResult {
    if (failed(checked.setupPassPipeline(pm)))
      return failure();
    if (pm.getOpName() == ModuleOp::getOperationName())
      pm.addPass(std::make_unique<WriteStoreBeside>(input, output, written));
    return success();
  });
  bool failedToRun = false;
  llvm::Error error =
      writeFileAtomically(output, [&](llvm::raw_ostream &os) -> llvm::Error {
        failedToRun =
            failed(MlirOptMain(os, std::move(*file), registry, withStore));
        if (failedToRun)
          return llvm::createStringError("failed");
        return llvm::Error::success();
      });
  if (!error)
    return 0;
  if (!written->empty())
    llvm::sys::fs::remove(*written);
  if (failedToRun && !isRead)
    printAdvice(input);
  std::string text = llvm::toString(std::move(error));
  if (!failedToRun)
    llvm::errs() << "error: " << text << "\n";
  return 1;
}
