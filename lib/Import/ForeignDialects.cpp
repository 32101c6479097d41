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
    {"flow", "it is IREE's form after its input conversion: give the module "
             "as it is before, iree-compile --compile-to=input"},
    {"util", "it is IREE's: give the module as it is before IREE, with "
             "weights as constants instead of util.global"},
    {"iree_input", "it is IREE's: give the module as it is before IREE, with "
                   "weights as constants instead of globals"},
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
    {"stablehlo",
     "stablehlo-opt --stablehlo-legalize-to-linalg makes linalg of "
     "it, and --stablehlo-legalize-to-tosa TOSA"},
    {"mhlo", "mlir-hlo-opt --hlo-legalize-to-stablehlo, then stablehlo-opt "
             "--stablehlo-legalize-to-linalg, makes linalg of it"},
    {"vhlo", "stablehlo-translate --deserialize reads the artifact, and "
             "stablehlo-opt --stablehlo-legalize-to-linalg makes linalg of it"},
    {"check", "it is of IREE's tests: give the function that is tested"},
    {"krnl", "it is onnx-mlir's form after lowering: give the .onnx file"},
};

/// Whether an operation or a type of the dialect stands at `at` in text: after
/// a quote, an exclamation mark or an equals sign, or first in its line.
static bool isUsedAt(StringRef text, size_t at) {
  StringRef line = text.slice(text.rfind('\n', at) + 1, at);
  if (line.ltrim().starts_with("//"))
    return false;
  if (at > 0 && (text[at - 1] == '"' || text[at - 1] == '!'))
    return true;
  size_t before = text.find_last_not_of(' ', at - 1);
  return at == 0 || before == StringRef::npos || text[before] == '=' ||
         text[before] == '\n';
}

/// In text `name.`, in the strings of bytecode `name` alone.
static bool mentions(StringRef module, StringRef dialect) {
  bool isBytecode = module.starts_with("ML\xefR");
  std::string word = dialect.str() + (isBytecode ? '\0' : '.');
  for (size_t at = module.find(word); at != StringRef::npos;
       at = module.find(word, at + 1))
    if (isBytecode ? at > 0 && !isAlnum(module[at - 1]) && module[at - 1] != '_'
                   : isUsedAt(module, at))
      return true;
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
