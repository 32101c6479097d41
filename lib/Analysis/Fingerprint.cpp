//===- Fingerprint.cpp - which model a table is of ------------------------===//
//
// In: a module of phase 1 or 2. Out: the hash of a sorted list with one line
// for each thing that the model is told by: inputs, outputs, parameters and the
// expression of each result (ExpressionHash.h). Refused: parameters that cannot
// be read.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Analysis/Fingerprint.h"
#include "ExpressionHash.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace mlir;
using namespace lowbit;

namespace {
/// The lines, sorted and none twice.
class Lines {
public:
  /// `name` may hold anything: escaped, it ends where its line does.
  void add(StringRef kind, const Twine &what, StringRef name) {
    std::string line;
    llvm::raw_string_ostream os(line);
    os << kind << " " << what << " ";
    llvm::printEscapedString(name, os);
    lines.insert(line);
  }
  std::string hash() const {
    std::string text = llvm::join(lines, "\n");
    return hashOf(ArrayRef(text.data(), text.size()));
  }

private:
  std::set<std::string> lines;
};
} // namespace

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// The name of an argument or result, or its place.
static StringRef nameIn(DictionaryAttr attributes) {
  auto name = attributes
                  ? attributes.getAs<StringAttr>(LowbitDialect::kNameAttr)
                  : StringAttr();
  return name ? name.getValue() : StringRef();
}

static std::string placeAndElement(unsigned index, Type type) {
  return std::to_string(index) + " " + textOf(getElementTypeOrSelf(type));
}

FailureOr<std::string> lowbit::fingerprintModel(ModuleOp module) {
  FailureOr<func::FuncOp> main = findMain(module);
  if (failed(main))
    return failure();
  Lines lines;
  for (auto [i, type] : llvm::enumerate(main->getArgumentTypes()))
    lines.add("input", placeAndElement(i, type),
              nameIn(main->getArgAttrDict(i)));
  for (auto [i, type] : llvm::enumerate(main->getResultTypes()))
    lines.add("output", placeAndElement(i, type),
              nameIn(main->getResultAttrDict(i)));

  ParameterReader reader(module);
  for (ParameterOp parameter : module.getOps<ParameterOp>()) {
    FailureOr<ConstantBytes> bytes = reader.read(parameter);
    if (failed(bytes))
      return failure();
    lines.add("parameter",
              textOf(parameter.getType()) + " " + hashOf(bytes->data),
              parameter.getSymName());
  }
  auto results = hashExpressions(*main, reader);
  if (failed(results))
    return failure();
  for (auto [i, hash] : llvm::enumerate(*results))
    lines.add("result", Twine(i), hash);
  return lines.hash();
}
