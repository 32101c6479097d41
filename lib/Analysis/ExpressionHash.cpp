//===- ExpressionHash.cpp - what a model computes -------------------------===//
//
// In: the main function of phase 1 or 2. Out: a hash for each result, of the
// operation that makes it and the hashes of its operands, so that what no
// result reads does not count. What specialized sizes, observers and their
// clones of data movement change does not count either:
//
// - sizes and positions: indices and integers that no data is read for,
//   and the offsets, sizes and reassociations of data movement,
// - observers, casts of shape, and the ids of data movement,
// - whether equal values are a fill or a constant,
// - the order of the operands of a commutative operation.
//
// Transposes and broadcasts do count, by the map from the result to its source.
//
//===----------------------------------------------------------------------===//
#include "ExpressionHash.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <set>

using namespace mlir;
using namespace lowbit;

std::string lowbit::hashOf(ArrayRef<char> bytes) {
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

static std::string hashOfText(StringRef text) {
  return hashOf(ArrayRef(text.data(), text.size()));
}

/// A value that the sizes of the model alone give.
static constexpr StringLiteral kSize = "size";

/// Attributes that hold sizes, or say nothing about values.
static bool isTelling(StringRef name) {
  return !name.starts_with("static_") && !name.starts_with("operandSegment") &&
         name != "doc" && name != "library_call";
}

static bool isIntegral(Type type) {
  return getElementTypeOrSelf(type).isIntOrIndex();
}

namespace {
/// The hash of a value, and how its elements are arranged: from its dimensions
/// to those of what was hashed. None where they are the same.
struct Known {
  std::string hash;
  AffineMap view;
};

class ExpressionHasher {
public:
  explicit ExpressionHasher(ParameterReader &reader) : reader(reader) {}

  /// Hashes all operations of `block`; its terminator's operands are its
  /// result.
  LogicalResult addBlock(Block &block, unsigned depth) {
    for (BlockArgument argument : block.getArguments())
      known[argument].hash = "argument " + std::to_string(depth) + " " +
                             std::to_string(argument.getArgNumber());
    for (Operation &op : block.without_terminator())
      if (op.getNumResults() != 0 && failed(add(&op, depth)))
        return failure();
    return success();
  }

  std::string hashOfValue(Value value) const {
    const Known &it = known.lookup(value);
    return it.view ? hashOfText(it.hash + " by " + textOf(it.view)) : it.hash;
  }

private:
  template <typename T> static std::string textOf(T printed) {
    std::string text;
    llvm::raw_string_ostream(text) << printed;
    return text;
  }

  void set(Operation *op, StringRef text) {
    for (OpResult result : op->getResults())
      known[result].hash = hashOfText(text.str() + " " +
                                      std::to_string(result.getResultNumber()));
  }

  LogicalResult add(Operation *op, unsigned depth) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      known[observe.getResult()] = Known(known.lookup(observe->getOperand(0)));
      return success();
    }
    if (OpOperand *moved = movedOperand(op)) {
      known[op->getResult(0)] = afterMovement(op, moved->get());
      return success();
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return addConstant(constant);
    if (auto parameter = dyn_cast<GetParameterOp>(op)) {
      set(op, "parameter " + textOf(op->getPropertiesAsAttribute()));
      return success();
    }
    if (auto fill = dyn_cast<linalg::FillOp>(op)) {
      if (op->getNumResults() == 1) {
        known[op->getResult(0)].hash = hashOfValue(fill.getInputs().front());
        return success();
      }
    }
    if (isa<tensor::EmptyOp>(op)) {
      known[op->getResult(0)].hash = "empty";
      return success();
    }
    if (addSizes(op))
      return success();
    return addComputation(op, depth);
  }

  Known afterMovement(Operation *op, Value source) const {
    if (isa<tensor::CastOp>(op))
      return known.lookup(source);
    if (!isLinalgCopy(op))
      return Known{hashOfValue(source), AffineMap()};
    SmallVector<AffineMap> maps =
        cast<linalg::LinalgOp>(op).getIndexingMapsArray();
    AffineMap view = maps[0].compose(inversePermutation(maps[1]));
    Known result = known.lookup(source);
    if (result.view)
      view = result.view.compose(view);
    result.view = view.isIdentity() ? AffineMap() : view;
    return result;
  }

  LogicalResult addConstant(arith::ConstantOp op) {
    Attribute value = op.getValue();
    auto splat = dyn_cast<SplatElementsAttr>(value);
    std::string &hash = known[op.getResult()].hash;
    if (isIntegral(op.getType()) && (splat || !isa<ElementsAttr>(value))) {
      hash = kSize;
      return success();
    }
    if (splat || !isa<ElementsAttr>(value)) {
      hash =
          hashOfText("constant " +
                     textOf(splat ? splat.getSplatValue<Attribute>() : value));
      return success();
    }
    FailureOr<ConstantBytes> bytes = reader.read(op.getResult());
    if (failed(bytes))
      return failure();
    // Without its shape: reshapes are folded into constants.
    hash = hashOfText("constant " + textOf(bytes->type.getElementType()) + " " +
                      hashOf(bytes->data));
    return success();
  }

  /// Indices count by the data that they are computed from; integers that are
  /// computed from sizes alone do not count.
  bool addSizes(Operation *op) {
    if (op->getNumRegions() != 0 ||
        !llvm::all_of(op->getResultTypes(), isIntegral))
      return false;
    std::set<std::string> data;
    if (!isa<tensor::DimOp, linalg::IndexOp>(op))
      for (Value operand : op->getOperands())
        if (std::string hash = hashOfValue(operand); hash != kSize)
          data.insert(hash);
    bool isIndex = llvm::all_of(op->getResultTypes(), [](Type type) {
      return getElementTypeOrSelf(type).isIndex();
    });
    if (!data.empty() && !isIndex)
      return false;
    for (Value result : op->getResults())
      known[result].hash =
          data.empty() ? kSize.str()
                       : hashOfText("position " + llvm::join(data, " "));
    return true;
  }

  LogicalResult addComputation(Operation *op, unsigned depth) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << op->getName();
    if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr))
      os << " id " << id;
    if (auto attributes =
            dyn_cast_or_null<DictionaryAttr>(op->getPropertiesAsAttribute()))
      for (NamedAttribute attribute : attributes)
        if (isTelling(attribute.getName()))
          os << " " << attribute.getName().getValue() << " = "
             << attribute.getValue();
    for (Type type : op->getResultTypes())
      os << " -> " << getElementTypeOrSelf(type);
    std::vector<std::string> operands;
    for (OpOperand &operand : op->getOpOperands())
      if (counts(operand))
        operands.push_back(hashOfValue(operand.get()));
    if (op->hasTrait<OpTrait::IsCommutative>())
      llvm::sort(operands);
    os << " of " << llvm::join(operands, " ");
    for (Region &region : op->getRegions())
      for (Block &block : region) {
        if (failed(addBlock(block, depth + 1)))
          return failure();
        os << " body";
        if (block.mightHaveTerminator())
          for (Value result : block.getTerminator()->getOperands())
            os << " " << hashOfValue(result);
      }
    set(op, text);
    return success();
  }

  /// What it starts from does not count where its body does not read it.
  bool counts(OpOperand &operand) const {
    Operation *op = operand.getOwner();
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
        linalgOp && linalgOp.isDpsInit(&operand))
      return linalgOp.payloadUsesValueFromOperand(&operand);
    return !operand.get().getType().isIndex() ||
           known.lookup(operand.get()).hash != kSize;
  }

  ParameterReader &reader;
  llvm::DenseMap<Value, Known> known;
};
} // namespace

FailureOr<std::vector<std::string>>
lowbit::hashExpressions(func::FuncOp main, ParameterReader &reader) {
  ExpressionHasher hasher(reader);
  std::vector<std::string> results;
  for (Block &block : main.getBody()) {
    if (failed(hasher.addBlock(block, 0)))
      return failure();
    for (Value result : block.getTerminator()->getOperands())
      results.push_back(hasher.hashOfValue(result));
  }
  return results;
}
