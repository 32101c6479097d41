//===- RoundTrip.cpp - what holds for every module ------------------------===//
//
// Every module is read in a context of its own: keys of resources are unique in
// a context, and a second reading must not see those of the first.
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

/// A module and the context that it lives in; null when it was refused.
struct Module {
  explicit Module(llvm::StringRef input)
      : context(knownDialects(), MLIRContext::Threading::DISABLED) {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
      // A message is formed even though nobody reads it.
      lastMessage = diagnostic.str();
      return success();
    });
    op = parseSourceString<ModuleOp>(input, ParserConfig(&context));
  }

  std::string print() const {
    std::string text;
    llvm::raw_string_ostream os(text);
    ModuleOp(op.get()).print(os);
    return text;
  }
  std::string bytecode() const {
    std::string bytes;
    llvm::raw_string_ostream os(bytes);
    if (failed(writeBytecodeToFile(op.get(), os)))
      bytes.clear();
    return bytes;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> op;
  unsigned errors = 0;
  std::string lastMessage;
};

[[noreturn]] void fail(const llvm::Twine &what) {
  llvm::errs() << "lowbit-fuzz: " << what << "\n";
  std::abort();
}

void expectSame(llvm::StringRef form, llvm::StringRef text,
                const Module &again) {
  if (!again.op)
    fail("the " + form + " of this module is refused (" + again.lastMessage +
         "):\n" + text);
  std::string other = again.print();
  if (other != text)
    fail("the " + form + " of this module is read as another:\n" + text +
         "\nand after reading\n" + other);
}

} // namespace

void lowbit::fuzz::checkRoundTrip(llvm::StringRef input) {
  Module module(input);
  if (!module.op) {
    if (module.errors == 0)
      fail("a module is refused without an error");
    return;
  }
  std::string text = module.print();
  expectSame("text", text, Module(text));
  std::string bytes = module.bytecode();
  if (bytes.empty())
    fail("no bytecode could be written:\n" + llvm::Twine(text));
  expectSame("bytecode", text, Module(bytes));
}

std::optional<std::string> lowbit::fuzz::toBytecode(llvm::StringRef input) {
  Module module(input);
  if (!module.op)
    return std::nullopt;
  return module.bytecode();
}
