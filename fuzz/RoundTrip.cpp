//===- RoundTrip.cpp - what holds for every module ------------------------===//
//
// Texts are compared between contexts, and modules within one.
//
//===----------------------------------------------------------------------===//
#include "RoundTrip.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace {

/// Those of the tests of the dialect; loaded when a module names them.
const DialectRegistry &knownDialects() {
  static const DialectRegistry registry = [] {
    DialectRegistry all;
    all.insert<lowbit::LowbitDialect, arith::ArithDialect, func::FuncDialect,
               linalg::LinalgDialect, math::MathDialect, memref::MemRefDialect,
               scf::SCFDialect, tensor::TensorDialect>();
    return all;
  }();
  return registry;
}

/// A context that keeps what it was told.
struct Context {
  Context() : context(knownDialects(), MLIRContext::Threading::DISABLED) {}

  /// Null when the module is refused.
  OwningOpRef<ModuleOp> read(llvm::StringRef input) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
      // A message is formed even though nobody reads it.
      lastMessage = diagnostic.str();
      return success();
    });
    // As files are: the lexer looks for the zero at the end.
    std::string terminated = input.str();
    return parseSourceString<ModuleOp>(terminated, ParserConfig(&context));
  }

  MLIRContext context;
  unsigned errors = 0;
  std::string lastMessage;
};

std::string printed(ModuleOp module, bool isGeneric = false) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  if (isGeneric)
    flags.printGenericOpForm();
  module.print(os, flags);
  return text;
}

std::string bytecodeOf(ModuleOp module) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(module, os)))
    bytes.clear();
  return bytes;
}

[[noreturn]] void fail(const llvm::Twine &what) {
  llvm::errs() << "lowbit-fuzz: " << what << "\n";
  std::abort();
}

/// `input`, a form of the module with `text`, is read as the same text.
void expectSameText(llvm::StringRef form, llvm::StringRef input,
                    llvm::StringRef text) {
  Context context;
  OwningOpRef<ModuleOp> again = context.read(input);
  if (!again)
    fail("the " + form + " of this module is refused (" + context.lastMessage +
         "):\n" + text);
  std::string other = printed(*again);
  if (other != text)
    fail("the " + form + " of this module is read as another:\n" + text +
         "\nand after reading\n" + other);
}

/// A text that leaves something out would still be equal to its own text.
void expectEquivalent(Context &context, ModuleOp module, llvm::StringRef form,
                      llvm::StringRef input) {
  OwningOpRef<ModuleOp> again = context.read(input);
  if (!again)
    fail("the " + form + " of this module is refused (" + context.lastMessage +
         "):\n" + input);
  if (!OperationEquivalence::isEquivalentTo(
          module, *again, OperationEquivalence::IgnoreLocations))
    fail("the " + form + " of a module leaves something out:\n" + input +
         "\nwhich is\n" + printed(module, /*isGeneric=*/true));
}

} // namespace

void lowbit::fuzz::checkRoundTrip(llvm::StringRef input) {
  Context context;
  OwningOpRef<ModuleOp> module = context.read(input);
  if (!module) {
    if (context.errors == 0)
      fail("a module is refused without an error");
    return;
  }
  std::string text = printed(*module);
  std::string bytes = bytecodeOf(*module);
  if (bytes.empty())
    fail("no bytecode could be written:\n" + llvm::Twine(text));
  expectSameText("text", text, text);
  expectSameText("bytecode", bytes, text);
  // Keys of resources are unique in a context: the second reading has others.
  if (llvm::StringRef(text).contains("dense_resource"))
    return;
  expectEquivalent(context, *module, "text", text);
  expectEquivalent(context, *module, "generic form",
                   printed(*module, /*isGeneric=*/true));
}

std::optional<std::string> lowbit::fuzz::toBytecode(llvm::StringRef input) {
  Context context;
  OwningOpRef<ModuleOp> module = context.read(input);
  if (!module)
    return std::nullopt;
  return bytecodeOf(*module);
}
