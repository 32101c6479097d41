//===- Fingerprint.cpp - which model a table is of ------------------------===//
//
// In: a module of phase 1 or 2. Out: the hash of a sorted list with one line
// for each thing that the model is told by. Shapes of values are left out, for
// they may be specialized or not. Refused: parameters that cannot be read.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Fingerprint.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <set>

using namespace mlir;
using namespace lowbit;

static std::string hashOf(ArrayRef<char> bytes) {
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

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

/// A tensor of floats that are not all the same. Others say little, and passes
/// make and fold them.
static bool isTellingConstant(arith::ConstantOp op) {
  auto value = dyn_cast<ElementsAttr>(op.getValue());
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  return value && isa<FloatType>(value.getElementType()) &&
         !(dense && dense.isSplat());
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
  WalkResult walk = main->walk([&](Operation *op) {
    if (isFloatContraction(op))
      if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
        lines.add("contraction", "", id.getValue());
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (!constant || !isTellingConstant(constant))
      return WalkResult::advance();
    FailureOr<ConstantBytes> bytes = reader.read(constant.getResult());
    if (failed(bytes))
      return WalkResult::interrupt();
    // Without its shape: reshapes are folded into constants.
    lines.add("constant",
              textOf(bytes->type.getElementType()) + " " + hashOf(bytes->data),
              "");
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return lines.hash();
}
