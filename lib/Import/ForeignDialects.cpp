//===- ForeignDialects.cpp - what to do about other dialects --------------===//
//
// Commands are those of the projects' own drivers. The order is that of what
// has to go first: a program of IREE has util around stablehlo.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/ForeignDialects.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace {
struct Advice {
  StringLiteral dialect, whatToDo;
};
} // namespace

static constexpr Advice kAdvice[] = {
    {"torch", "torch-mlir makes linalg of it: torch-mlir-opt "
              "--torch-backend-to-linalg-on-tensors-backend-pipeline"},
    {"tm_tensor", "it has no form in linalg: export the model with those "
                  "operators decomposed"},
    {"onnx", "give the .onnx file itself, or: onnx-mlir-opt "
             "--convert-onnx-to-tosa"},
    {"tfl", "TensorFlow makes TOSA of it: flatbuffer_translate, then "
            "tf-opt --tfl-to-tosa-pipeline"},
    {"tf", "TensorFlow makes TOSA of it: tf-opt --tf-to-tosa-pipeline"},
    {"chlo", "stablehlo-opt --chlo-legalize-to-stablehlo "
             "--stablehlo-legalize-to-linalg makes linalg of it"},
    {"stablehlo", "stablehlo-opt --stablehlo-legalize-to-linalg makes linalg of "
                  "it, and --stablehlo-legalize-to-tosa TOSA"},
    {"mhlo", "mlir-hlo-opt --hlo-legalize-to-stablehlo, then stablehlo-opt "
             "--stablehlo-legalize-to-linalg, makes linalg of it"},
    {"vhlo", "stablehlo-translate --deserialize reads the artifact, and "
             "stablehlo-opt --stablehlo-legalize-to-linalg makes linalg of it"},
    {"flow", "it is IREE's form after its input conversion: give the module "
             "as it is before, iree-compile --compile-to=input"},
    {"util", "it is IREE's: give the module as it is before IREE, with "
             "weights as constants instead of util.global"},
    {"iree_input", "it is IREE's: give the module as it is before IREE, with "
                   "weights as constants instead of globals"},
    {"check", "it is of IREE's tests: give the function that is tested"},
    {"krnl", "it is onnx-mlir's form after lowering: give the .onnx file"},
};

/// Whether the dialect is mentioned: `name.` or `!name` after no letter, in text
/// and in the strings of bytecode.
static bool mentions(StringRef module, StringRef dialect) {
  auto isWord = [](char c) { return isAlnum(c) || c == '_' || c == '.'; };
  for (size_t at = module.find(dialect); at != StringRef::npos;
       at = module.find(dialect, at + 1)) {
    size_t end = at + dialect.size();
    if (at > 0 && isWord(module[at - 1]))
      continue;
    if (end < module.size() && (module[end] == '.' || module[end] == '\0'))
      return true;
  }
  return false;
}

std::string lowbit::adviseOnDialects(StringRef module) {
  for (const Advice &advice : kAdvice)
    if (mentions(module, advice.dialect))
      return ("what comes in is linalg on tensors or TOSA, and this module has "
              "operations of '" +
              advice.dialect + "': " + advice.whatToDo)
          .str();
  return "";
}
