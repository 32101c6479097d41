//===- SafetensorsWriter.cpp - Writing a .safetensors file ----------------===//
//
// In: names, dtypes, shapes and a function for each tensor that writes its
// bytes. Out: the file. Refused: two tensors of one name, a reserved or
// non-UTF-8 name, a shape that cannot be, a function that writes too little or
// too much.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/AtomicFile.h"
#include "lowbit/Store/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace lowbit;

/// Where the data starts, and where tensors start when their sizes allow it.
static constexpr uint64_t kAlignment = 64;

TensorSource TensorSource::fromBytes(llvm::StringRef name, DType dtype,
                                     llvm::ArrayRef<int64_t> shape,
                                     llvm::ArrayRef<char> data) {
  return {name.str(), dtype, llvm::SmallVector<int64_t, 4>(shape),
          [data](llvm::raw_ostream &os) {
            os.write(data.data(), data.size());
            return llvm::Error::success();
          }};
}

/// The largest power of two, up to kAlignment, that divides `bytes`.
static uint64_t alignmentOfSize(uint64_t bytes) {
  return uint64_t(1) << llvm::countr_zero(bytes | kAlignment);
}

namespace {
/// A tensor with its size and place.
struct Placed {
  TensorSource source;
  uint64_t bytes = 0;
  uint64_t begin = 0;
};
} // namespace

/// Checks the tensors and puts them in file order.
static llvm::Expected<std::vector<Placed>>
place(llvm::StringRef path, std::vector<TensorSource> tensors) {
  auto refuse = [&](llvm::StringRef name, const llvm::Twine &why) {
    return llvm::createStringError("cannot write '" + path + "': tensor '" +
                                   name + "' " + why);
  };
  llvm::sort(tensors, [](const TensorSource &a, const TensorSource &b) {
    return a.name < b.name;
  });
  std::vector<Placed> placed;
  for (TensorSource &tensor : tensors) {
    if (tensor.name == "__metadata__")
      return refuse(tensor.name, "has the name that the format reserves");
    if (!llvm::json::isUTF8(tensor.name))
      return refuse(llvm::json::fixUTF8(tensor.name),
                    "has a name that is not UTF-8");
    if (!placed.empty() && placed.back().source.name == tensor.name)
      return refuse(tensor.name, "is given twice");
    std::optional<int64_t> bytes = byteCount(tensor.dtype, tensor.shape);
    if (!bytes)
      return refuse(tensor.name, "has shape " + shapeString(tensor.shape) +
                                     ", which no memory holds");
    placed.push_back({std::move(tensor), uint64_t(*bytes), 0});
  }
  llvm::sort(placed, [](const Placed &a, const Placed &b) {
    uint64_t alignA = alignmentOfSize(a.bytes),
             alignB = alignmentOfSize(b.bytes);
    return alignA != alignB ? alignA > alignB : a.source.name < b.source.name;
  });
  uint64_t end = 0;
  for (Placed &tensor : placed) {
    tensor.begin = end;
    end += tensor.bytes;
  }
  return placed;
}

/// The length and the JSON, padded so that the data is aligned.
static std::string
headerBytes(llvm::ArrayRef<Placed> placed,
            const std::map<std::string, std::string> &metadata) {
  std::string json;
  llvm::raw_string_ostream text(json);
  llvm::json::OStream writer(text);
  writer.object([&] {
    if (!metadata.empty())
      writer.attributeObject("__metadata__", [&] {
        for (const auto &[key, value] : metadata)
          writer.attribute(llvm::json::fixUTF8(key),
                           llvm::json::fixUTF8(value));
      });
    for (const Placed &tensor : placed)
      writer.attributeObject(tensor.source.name, [&] {
        writer.attribute("dtype", safetensorsName(tensor.source.dtype));
        writer.attributeArray("shape", [&] {
          for (int64_t dim : tensor.source.shape)
            writer.value(dim);
        });
        writer.attributeArray("data_offsets", [&] {
          writer.value(tensor.begin);
          writer.value(tensor.begin + tensor.bytes);
        });
      });
  });
  text.flush();
  json.resize(llvm::alignTo(8 + json.size(), kAlignment) - 8, ' ');
  char length[8];
  llvm::support::endian::write64le(length, json.size());
  return std::string(length, 8) + json;
}

llvm::Error
lowbit::writeSafetensors(llvm::StringRef path,
                         std::vector<TensorSource> tensors,
                         const std::map<std::string, std::string> &metadata) {
  llvm::Expected<std::vector<Placed>> placed = place(path, std::move(tensors));
  if (!placed)
    return placed.takeError();
  return writeFileAtomically(path, [&](llvm::raw_ostream &os) -> llvm::Error {
    os << headerBytes(*placed, metadata);
    for (Placed &tensor : *placed) {
      uint64_t before = os.tell();
      if (llvm::Error e = tensor.source.write(os))
        return e;
      // What the function holds on to may be large.
      tensor.source.write = nullptr;
      uint64_t written = os.tell() - before;
      if (written != tensor.bytes)
        return llvm::createStringError(
            "cannot write '" + path + "': tensor '" + tensor.source.name +
            "' of " + safetensorsName(tensor.source.dtype) +
            shapeString(tensor.source.shape) + " has " +
            llvm::Twine(tensor.bytes) + " bytes, but " + llvm::Twine(written) +
            " were produced");
    }
    return llvm::Error::success();
  });
}
