//===- PackWeights.cpp - parameters in the layout that kernels read -------===//
//
// Writes the same bytes as the generated code of PackColumns.cpp.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/PackWeights.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cstring>

using namespace mlir;

namespace lowbit {

namespace {

struct Packing {
  Type element;
  int64_t offset, width, group;
  bool corrections;
  ArrayRef<int64_t> batch, column, segments, depth;

  explicit Packing(DictionaryAttr dict)
      : element(dict.getAs<TypeAttr>("element").getValue()),
        offset(dict.getAs<IntegerAttr>("offset").getInt()),
        width(dict.getAs<IntegerAttr>("width").getInt()),
        group(dict.getAs<IntegerAttr>("group").getInt()),
        corrections(dict.getAs<BoolAttr>("corrections").getValue()),
        batch(dict.getAs<DenseI64ArrayAttr>("batch")),
        column(dict.getAs<DenseI64ArrayAttr>("column")),
        segments(dict.getAs<DenseI64ArrayAttr>("segments")),
        depth(dict.getAs<DenseI64ArrayAttr>("depth")) {}

  size_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  int64_t panels() const { return (column[0] + width - 1) / width; }
  int64_t groups() const { return (depth[0] + group - 1) / group; }
  static int64_t count(ArrayRef<int64_t> loops) {
    int64_t n = 1;
    for (size_t i = 0; i < loops.size(); i += 2)
      n *= loops[i];
    return n;
  }
  /// Offset of iteration `number` of a nest of loops, the last one fastest.
  static int64_t offsetOf(ArrayRef<int64_t> loops, int64_t number) {
    int64_t at = 0;
    for (size_t i = loops.size(); i >= 2; i -= 2) {
      at += number % loops[i - 2] * loops[i - 1];
      number /= loops[i - 2];
    }
    return at;
  }
  static int64_t last(ArrayRef<int64_t> loops) {
    int64_t at = 0;
    for (size_t i = 0; i < loops.size(); i += 2)
      at += (loops[i] - 1) * loops[i + 1];
    return at;
  }
  int64_t panelElements() const {
    return count(segments) * groups() * width * group;
  }
  int64_t total() const {
    return count(batch) * panels() * count(segments) * count(column) *
           count(depth);
  }
  size_t panelBytes() const {
    return panelElements() * elementBytes() + (corrections ? width * 4 : 0);
  }
};

} // namespace

size_t packedByteSize(DictionaryAttr dict) {
  Packing packing(dict);
  return Packing::count(packing.batch) * packing.panels() *
         packing.panelBytes();
}

/// Elements of one panel: columns `first` and on of the parameter at `source`.
template <typename Element>
static void copyElements(const Packing &p, const char *source, int64_t first,
                         char *panel) {
  int64_t columns = std::min(p.width, p.column[0] - first);
  for (int64_t s = 0; s < Packing::count(p.segments); ++s) {
    int64_t segment = Packing::offsetOf(p.segments, s) + first * p.column[1];
    for (int64_t k = 0; k < p.depth[0]; ++k) {
      int64_t step = s * p.groups() + k / p.group;
      int64_t from = segment + k * p.depth[1];
      int64_t to = step * p.width * p.group + k % p.group;
      // The bytes may lie at any address: no access through Element pointers.
      for (int64_t n = 0; n < columns; ++n)
        std::memcpy(panel + (to + n * p.group) * sizeof(Element),
                    source + (from + n * p.column[1]) *
                                 static_cast<int64_t>(sizeof(Element)),
                    sizeof(Element));
    }
  }
}

static void packPanel(const Packing &p, const char *source, int64_t first,
                      char *panel) {
  std::memset(panel, 0, p.panelBytes());
  if (p.element.isF32())
    copyElements<float>(p, source, first, panel);
  else if (p.elementBytes() == 2)
    copyElements<int16_t>(p, source, first, panel);
  else
    copyElements<char>(p, source, first, panel);
  if (!p.corrections)
    return;
  int64_t steps = Packing::count(p.segments) * p.groups();
  for (int64_t n = 0; n < p.width; ++n) {
    uint32_t sum = 0;
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t i = 0; i < p.group; ++i)
        sum +=
            static_cast<uint32_t>(static_cast<int32_t>(static_cast<signed char>(
                panel[(step * p.width + n) * p.group + i])));
    uint32_t correction = 0u - 128u * sum;
    std::memcpy(panel + p.panelElements() + n * 4, &correction, 4);
  }
}

llvm::Error packParameter(DictionaryAttr dict, ArrayRef<char> source,
                          MutableArrayRef<char> destination) {
  Packing p(dict);
  auto refuse = [](const char *what, size_t actual, size_t expected) {
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(), "%s holds %zu bytes, expected %s%zu",
        what, actual, expected ? "" : "at least ", expected);
  };
  if (destination.size() != packedByteSize(dict))
    return refuse("the packed parameter", destination.size(),
                  packedByteSize(dict));
  if (p.total() == 0)
    return std::memset(destination.data(), 0, destination.size()),
           llvm::Error::success();
  size_t needed = (p.offset + Packing::last(p.batch) + Packing::last(p.column) +
                   Packing::last(p.segments) + Packing::last(p.depth) + 1) *
                  p.elementBytes();
  if (source.size() < needed)
    return refuse("the parameter", source.size(), needed);
  char *to = destination.data();
  for (int64_t i = 0; i < Packing::count(p.batch); ++i) {
    int64_t at = p.offset + Packing::offsetOf(p.batch, i);
    for (int64_t n = 0; n < p.panels(); ++n, to += p.panelBytes())
      packPanel(p, source.data() + at * (int64_t)p.elementBytes(), n * p.width,
                to);
  }
  return llvm::Error::success();
}

} // namespace lowbit
