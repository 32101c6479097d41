//===- ParameterAccess.cpp - the bytes of weights -------------------------===//
//
// Reading: the mapped store, the blob of a resource or the buffer of a dense
// attribute, as it lies. Making: a heap resource for large tensors, so that no
// byte is uniqued or hashed.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Import/Resources.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace lowbit;

std::optional<DType> lowbit::dtypeOf(Type type) {
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return DType::Bool;
  case 8:
    return isUnsigned ? DType::U8 : DType::I8;
  case 16:
    return isUnsigned ? DType::U16 : DType::I16;
  case 32:
    return isUnsigned ? DType::U32 : DType::I32;
  case 64:
    return isUnsigned ? DType::U64 : DType::I64;
  default:
    return std::nullopt;
  }
}

std::string lowbit::storePath(ModuleOp module) {
  auto store = module->getAttrOfType<StringAttr>(LowbitDialect::kStoreAttr);
  if (!store)
    return "";
  if (llvm::sys::path::is_absolute(store.getValue()))
    return store.str();
  auto *dialect = module.getContext()->getLoadedDialect<LowbitDialect>();
  SmallString<128> path;
  if (dialect)
    path = dialect->getStoreDirectory();
  llvm::sys::path::append(path, store.getValue());
  return path.str().str();
}

bool lowbit::isConstantTensor(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<GetParameterOp>(op))
    return true;
  return isa_and_nonnull<arith::ConstantOp>(op) &&
         isa<RankedTensorType>(value.getType()) &&
         isa<ElementsAttr>(cast<arith::ConstantOp>(op).getValue());
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

FailureOr<SafetensorsFile *> ParameterReader::store(Operation *user) {
  if (file)
    return file.get();
  std::string path = storePath(module);
  if (path.empty()) {
    user->emitError("has no value, and the module names no store").attachNote()
        << "the module attribute '" << LowbitDialect::kStoreAttr
        << "' is the safetensors file with the weights";
    return failure();
  }
  auto opened = SafetensorsFile::open(path);
  if (!opened) {
    module.emitError("cannot read the weights: ")
        << llvm::toString(opened.takeError());
    return failure();
  }
  file = std::move(*opened);
  return file.get();
}

/// Copies what cannot be read in place.
static ConstantBytes makeOwned(RankedTensorType type, std::vector<char> bytes) {
  ConstantBytes result;
  result.type = type;
  result.owned = std::make_shared<std::vector<char>>(std::move(bytes));
  result.data = *result.owned;
  return result;
}

static ConstantBytes makeBytes(RankedTensorType type, ArrayRef<char> data,
                               int64_t elementSize) {
  if (reinterpret_cast<uintptr_t>(data.data()) % elementSize != 0)
    return makeOwned(type, std::vector<char>(data.begin(), data.end()));
  return {type, data, nullptr};
}

/// The bytes of an elements attribute; `user` takes the error.
static FailureOr<ConstantBytes> readElements(ElementsAttr value,
                                             Operation *user) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  auto dtype = type ? dtypeOf(type.getElementType()) : std::nullopt;
  if (!dtype)
    return user->emitError("cannot read a constant of type ")
           << value.getType();
  int64_t elementSize = byteSize(*dtype);
  size_t size = type.getNumElements() * elementSize;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    FailureOr<ArrayRef<char>> bytes = readResource(resource, user);
    if (failed(bytes))
      return failure();
    return makeBytes(type, *bytes, elementSize);
  }
  if (*dtype == DType::Bool) {
    std::vector<char> bytes;
    if (auto bools = value.tryGetValues<bool>())
      bytes.assign((*bools).begin(), (*bools).end());
    else
      return user->emitError("cannot read the constant");
    return makeOwned(type, std::move(bytes));
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return user->emitError("cannot read this kind of constant; write it as "
                           "dense or dense_resource");
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return makeBytes(type, raw, elementSize);
  std::vector<char> bytes;
  bytes.reserve(size);
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    bytes.insert(bytes.end(), raw.begin(), raw.begin() + elementSize);
  return makeOwned(type, std::move(bytes));
}

FailureOr<ConstantBytes> ParameterReader::read(ParameterOp parameter) {
  if (ElementsAttr value = parameter.getValueAttr())
    return readElements(value, parameter);
  FailureOr<SafetensorsFile *> opened = store(parameter);
  if (failed(opened))
    return failure();
  auto type = cast<RankedTensorType>(parameter.getType());
  auto view = (*opened)->find(parameter.getSymName());
  if (!view)
    return parameter.emitError(llvm::toString(view.takeError()));
  if (view->dtype != dtypeOf(type.getElementType()) ||
      view->shape != type.getShape())
    return parameter.emitError("is ")
           << type << ", but the store holds " << dtypeName(view->dtype) << " "
           << shapeString(view->shape);
  return makeBytes(type, view->data, byteSize(view->dtype));
}

FailureOr<ConstantBytes> ParameterReader::read(Value constant) {
  Operation *op = constant.getDefiningOp();
  if (auto get = dyn_cast_or_null<GetParameterOp>(op)) {
    auto parameter = module.lookupSymbol<ParameterOp>(get.getParameter());
    if (!parameter)
      return get.emitError("no lowbit.parameter is named ")
             << get.getParameterAttr();
    return read(parameter);
  }
  return readElements(
      cast<ElementsAttr>(cast<arith::ConstantOp>(op).getValue()), op);
}

//===----------------------------------------------------------------------===//
// Making
//===----------------------------------------------------------------------===//

Value ConstantBuilder::createParameter(OpBuilder &builder, Location loc,
                                       StringRef name, RankedTensorType type,
                                       ArrayRef<char> data) {
  std::string unique = name.str();
  for (unsigned i = 1; module.lookupSymbol(unique); ++i)
    unique = (name + "." + Twine(i)).str();
  auto value = DenseResourceElementsAttr::get(
      type, unique,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(data, /*align=*/64));
  OpBuilder atTop = OpBuilder::atBlockBegin(module.getBody());
  ParameterOp::create(atTop, loc, unique, type, value);
  return GetParameterOp::create(builder, loc, type, unique);
}

Value ConstantBuilder::create(OpBuilder &builder, Location loc, StringRef name,
                              RankedTensorType type, ArrayRef<char> data) {
  if (type.getNumElements() > kInlineElements)
    return createParameter(builder, loc, name, type, data);
  auto value = DenseElementsAttr::getFromRawBuffer(type, data);
  return arith::ConstantOp::create(builder, loc, type, value);
}

unsigned lowbit::eraseDeadParameters(ModuleOp module) {
  llvm::DenseSet<StringAttr> used;
  module.walk([&](GetParameterOp get) {
    used.insert(get.getParameterAttr().getAttr());
  });
  unsigned count = 0;
  for (ParameterOp parameter :
       llvm::make_early_inc_range(module.getOps<ParameterOp>()))
    if (!used.contains(parameter.getSymNameAttr())) {
      parameter.erase();
      ++count;
    }
  return count;
}
