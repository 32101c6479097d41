//===- SafetensorsReader.cpp - Mapping a .safetensors file ----------------===//
//
// In: a path. Out: the mapped file with the place of each tensor. Refused: a
// file whose header and size do not describe every data byte exactly once.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/NearestName.h"
#include "lowbit/Store/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

using namespace lowbit;

/// The format's own limit.
static constexpr uint64_t kMaxHeader = 100'000'000;

llvm::Error SafetensorsFile::error(const llvm::Twine &message) const {
  return llvm::createStringError("'" + filePath + "' " + message);
}

llvm::Expected<std::unique_ptr<SafetensorsFile>>
SafetensorsFile::open(llvm::StringRef path) {
  namespace fs = llvm::sys::fs;
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->filePath = path.str();

  fs::file_status status;
  if (std::error_code ec = fs::status(path, status))
    return llvm::createStringError("cannot open '" + path +
                                   "': " + ec.message());
  if (!fs::is_regular_file(status))
    return file->error("is not a regular file; expected a .safetensors file");
  if (status.getSize() < 8)
    return file->error("is truncated: it has " + llvm::Twine(status.getSize()) +
                       " bytes, a safetensors file begins with 8 bytes of "
                       "header length");

  llvm::Expected<fs::file_t> handle = fs::openNativeFileForRead(path);
  if (!handle)
    return llvm::createStringError("cannot open '" + path +
                                   "': " + llvm::toString(handle.takeError()));
  llvm::scope_exit close([&] { (void)fs::closeFile(*handle); });
  std::error_code ec;
  file->region = fs::mapped_file_region(
      *handle, fs::mapped_file_region::readonly, status.getSize(), 0, ec);
  if (ec)
    return llvm::createStringError("cannot map '" + path +
                                   "': " + ec.message());
  if (llvm::Error e = file->readHeader())
    return e;
  return file;
}

/// The JSON parser recurses; the format nests three deep, so anything deeper is
/// refused before the parser sees it.
static bool nestsDeeperThan(llvm::StringRef json, int limit) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
    } else if (c == '"') {
      inString = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit)
        return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

/// A JSON value as a list of non-negative integers.
static std::optional<llvm::SmallVector<int64_t, 4>>
readSizes(const llvm::json::Value *value) {
  const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array)
    return std::nullopt;
  llvm::SmallVector<int64_t, 4> sizes;
  for (const llvm::json::Value &item : *array) {
    std::optional<int64_t> size = item.getAsInteger();
    if (!size || *size < 0)
      return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

llvm::Error SafetensorsFile::readHeader() {
  uint64_t fileSize = region.size();
  uint64_t headerSize = llvm::support::endian::read64le(region.const_data());
  if (headerSize > kMaxHeader)
    return error("is not a safetensors file: its first 8 bytes give a header "
                 "of " +
                 llvm::Twine(headerSize) + " bytes, the format allows " +
                 llvm::Twine(kMaxHeader));
  if (headerSize > fileSize - 8)
    return error("is truncated: its header needs " + llvm::Twine(headerSize) +
                 " bytes, the file has " + llvm::Twine(fileSize - 8) +
                 " after the length");
  llvm::StringRef json(region.const_data() + 8, headerSize);
  dataStart = 8 + headerSize;
  if (!json.starts_with("{"))
    return error("is not a safetensors file: its header does not begin with "
                 "'{'");
  if (nestsDeeperThan(json, 4))
    return error("is not a safetensors file: its header nests too deeply");

  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(json);
  if (!parsed)
    return error("has a header that is not JSON: " +
                 llvm::toString(parsed.takeError()));
  for (const auto &[key, value] : *parsed->getAsObject()) {
    llvm::StringRef name = key;
    const llvm::json::Object *object = value.getAsObject();
    if (!object)
      return error("has a header entry '" + name +
                   "' that is not a JSON object");
    if (name == "__metadata__") {
      for (const auto &[metaKey, metaValue] : *object) {
        std::optional<llvm::StringRef> text = metaValue.getAsString();
        if (!text)
          return error("has metadata '" + llvm::StringRef(metaKey) +
                       "' that is not text");
        meta[llvm::StringRef(metaKey).str()] = text->str();
      }
      continue;
    }
    std::optional<llvm::StringRef> dtypeText = object->getString("dtype");
    auto shape = readSizes(object->get("shape"));
    auto offsets = readSizes(object->get("data_offsets"));
    if (!dtypeText || !shape || !offsets || offsets->size() != 2)
      return error("has a tensor '" + name +
                   "' without a text \"dtype\", a list of sizes \"shape\" and "
                   "a pair \"data_offsets\"");
    std::optional<DType> dtype = dtypeFromSafetensors(*dtypeText);
    if (!dtype)
      return error("has a tensor '" + name + "' of dtype " + *dtypeText +
                   ", which is not supported; convert it to F32 or another "
                   "dtype of at most 64 bits");
    tensors[name] = {*dtype, *shape, uint64_t((*offsets)[0]),
                     uint64_t((*offsets)[1])};
    sortedNames.push_back(name.str());
  }
  llvm::sort(sortedNames);
  return checkLayout(fileSize - dataStart);
}

llvm::Error SafetensorsFile::checkLayout(uint64_t dataSize) const {
  std::vector<std::pair<const Entry *, llvm::StringRef>> order;
  for (const std::string &name : sortedNames) {
    const Entry &entry = tensors.find(name)->second;
    std::optional<int64_t> bytes = byteCount(entry.dtype, entry.shape);
    if (!bytes || entry.end < entry.begin ||
        entry.end - entry.begin != uint64_t(*bytes))
      return error("has a tensor '" + name + "' of " +
                   safetensorsName(entry.dtype) + shapeString(entry.shape) +
                   ", which needs " +
                   (bytes ? std::to_string(*bytes) : "more than 2^63") +
                   " bytes, but its offsets are " + llvm::Twine(entry.begin) +
                   " to " + llvm::Twine(entry.end));
    if (entry.end > dataSize)
      return error("is truncated: tensor '" + name + "' ends at data byte " +
                   llvm::Twine(entry.end) + ", the file has " +
                   llvm::Twine(dataSize) + " data bytes");
    order.emplace_back(&entry, name);
  }
  llvm::sort(order, [](const auto &a, const auto &b) {
    return std::make_pair(a.first->begin, a.first->end) <
           std::make_pair(b.first->begin, b.first->end);
  });
  uint64_t covered = 0;
  for (const auto &[entry, name] : order) {
    if (entry->begin < covered)
      return error("has a tensor '" + name + "' at data byte " +
                   llvm::Twine(entry->begin) +
                   " that overlaps the tensor before it, which ends at " +
                   llvm::Twine(covered));
    if (entry->begin > covered)
      return error("has data bytes " + llvm::Twine(covered) + " to " +
                   llvm::Twine(entry->begin) + " that belong to no tensor");
    covered = entry->end;
  }
  if (covered != dataSize)
    return error("has " + llvm::Twine(dataSize) +
                 " data bytes, but its tensors end at " + llvm::Twine(covered));
  return llvm::Error::success();
}

llvm::Expected<TensorView> SafetensorsFile::find(llvm::StringRef name) const {
  auto found = tensors.find(name);
  if (found == tensors.end())
    return error("has no tensor '" + name + "'" +
                 suggestNames(name, sortedNames));
  const Entry &entry = found->second;
  return TensorView{
      entry.dtype, entry.shape,
      llvm::ArrayRef<char>(region.const_data() + dataStart + entry.begin,
                           entry.end - entry.begin)};
}
