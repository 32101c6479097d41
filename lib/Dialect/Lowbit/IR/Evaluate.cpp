//===- Evaluate.cpp - formats applied to whole tensors --------------------===//
//
// See Evaluate.h. The arithmetic is that of lib/Numerics; here are only loops.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"

#include "lowbit/Numerics/Affine.h"
#include "lowbit/Numerics/BlockScale.h"
#include "lowbit/Numerics/Packing.h"

#include <cstring>

using namespace mlir;
using namespace lowbit;

Rounding lowbit::toNumerics(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::HalfEven:
    return Rounding::HalfEven;
  case RoundingMode::HalfAway:
    return Rounding::HalfAway;
  case RoundingMode::HalfUp:
    return Rounding::HalfUp;
  case RoundingMode::TowardZero:
    return Rounding::TowardZero;
  case RoundingMode::Floor:
    return Rounding::Floor;
  }
  llvm_unreachable("every mode has its case");
}

const SmallFloat &lowbit::toNumerics(SmallFloatType type) {
  FloatType element = type.getElement();
  if (isa<Float8E5M2Type>(element))
    return kF8E5M2;
  if (isa<Float6E3M2FNType>(element))
    return kF6E3M2FN;
  if (isa<Float6E2M3FNType>(element))
    return kF6E2M3FN;
  if (isa<Float4E2M1FNType>(element))
    return kF4E2M1FN;
  return kF8E4M3FN;
}

static Codebook codebook(CodebookType type) {
  return {type.getValues().asArrayRef().data(), type.getStorageWidth()};
}

static bool isSigned(QuantizedTypeInterface format) {
  auto affine = dyn_cast<AffineType>(Type(format));
  return affine && affine.isSigned();
}

int32_t lowbit::quantizeElement(float x, QuantizedTypeInterface format,
                                const KnownParameters &p, size_t parameter,
                                RoundingMode rounding, bool saturate) {
  float scale = p.scales[parameter];
  if (auto affine = dyn_cast<AffineType>(Type(format))) {
    StorageRange range{int32_t(affine.getMin()), int32_t(affine.getMax())};
    return quantize(x, {scale, p.zeroPoint(parameter)}, range,
                    toNumerics(rounding), saturate);
  }
  if (auto small = dyn_cast<SmallFloatType>(Type(format)))
    return saturate ? encodeScaled(x, scale, toNumerics(small))
                    : encode(x / scale, toNumerics(small), saturate);
  return encodeScaled(x, scale, codebook(cast<CodebookType>(Type(format))));
}

float lowbit::dequantizeElement(int32_t code, QuantizedTypeInterface format,
                                const KnownParameters &p, size_t parameter) {
  float scale = p.scales[parameter];
  if (isa<AffineType>(Type(format)))
    return dequantize(code, {scale, p.zeroPoint(parameter)});
  auto bits = static_cast<uint8_t>(code);
  if (auto small = dyn_cast<SmallFloatType>(Type(format)))
    return decodeScaled(bits, scale, toNumerics(small));
  return decodeScaled(bits, scale, codebook(cast<CodebookType>(Type(format))));
}

Blocks lowbit::blocksOf(GranularityAttr granularity, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> block(granularity.getBlock());
  block.resize(shape.size(), GranularityAttr::kWhole);
  if (granularity.isPerAxis())
    block[*granularity.getAxis()] = 1;
  return Blocks(shape.data(), block.data(), shape.size());
}

std::vector<int32_t> lowbit::quantizeTensor(ArrayRef<float> values,
                                            ArrayRef<int64_t> shape,
                                            QuantizedTypeInterface format,
                                            const KnownParameters &parameters,
                                            RoundingMode rounding,
                                            bool saturate) {
  std::vector<int32_t> codes(values.size());
  blocksOf(format.getGranularity(), shape)
      .forEachRun([&](size_t block, size_t first, size_t length) {
        for (size_t i = first; i < first + length; ++i)
          codes[i] = quantizeElement(values[i], format, parameters, block,
                                     rounding, saturate);
      });
  return codes;
}

std::vector<float> lowbit::dequantizeTensor(ArrayRef<int32_t> codes,
                                            ArrayRef<int64_t> shape,
                                            QuantizedTypeInterface format,
                                            const KnownParameters &parameters) {
  std::vector<float> values(codes.size());
  blocksOf(format.getGranularity(), shape)
      .forEachRun([&](size_t block, size_t first, size_t length) {
        for (size_t i = first; i < first + length; ++i)
          values[i] = dequantizeElement(codes[i], format, parameters, block);
      });
  return values;
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

namespace {
/// The rows of a packed tensor: `outer` x `inner` of them, whose elements are
/// `inner` apart.
struct PackedRows {
  int64_t outer = 1, inner = 1, length = 0, bytes = 0;

  PackedRows(ArrayRef<int64_t> shape, int64_t pack, unsigned width)
      : length(shape[pack]), bytes(packedBytes(shape[pack], width)) {
    for (auto [d, size] : llvm::enumerate(shape))
      if (int64_t(d) != pack)
        (int64_t(d) < pack ? outer : inner) *= size;
  }
};
} // namespace

std::vector<char> lowbit::toStorage(ArrayRef<int32_t> codes,
                                    ArrayRef<int64_t> shape,
                                    QuantizedTypeInterface format) {
  unsigned width = format.getStorageWidth();
  auto packed = format.getPack();
  if (!packed) {
    size_t size = width > 8 ? 2 : 1;
    std::vector<char> bytes(codes.size() * size);
    for (size_t i = 0; i < codes.size(); ++i)
      std::memcpy(&bytes[i * size], &codes[i], size); // little endian
    return bytes;
  }
  PackedRows rows(shape, *packed, width);
  std::vector<char> bytes(rows.outer * rows.bytes * rows.inner);
  std::vector<int32_t> row(rows.length);
  std::vector<uint8_t> packedRow(rows.bytes);
  for (int64_t o = 0; o < rows.outer; ++o)
    for (int64_t i = 0; i < rows.inner; ++i) {
      for (int64_t k = 0; k < rows.length; ++k)
        row[k] = codes[(o * rows.length + k) * rows.inner + i];
      pack(row.data(), row.size(), width, packedRow.data());
      for (int64_t k = 0; k < rows.bytes; ++k)
        bytes[(o * rows.bytes + k) * rows.inner + i] =
            static_cast<char>(packedRow[k]);
    }
  return bytes;
}

std::vector<int32_t> lowbit::fromStorage(ArrayRef<char> bytes,
                                         ArrayRef<int64_t> shape,
                                         QuantizedTypeInterface format) {
  unsigned width = format.getStorageWidth();
  std::vector<int32_t> codes(ShapedType::getNumElements(shape));
  auto packed = format.getPack();
  if (!packed) {
    size_t size = width > 8 ? 2 : 1;
    for (size_t i = 0; i < codes.size(); ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, &bytes[i * size], size);
      codes[i] = extend(bits, width, isSigned(format));
    }
    return codes;
  }
  PackedRows rows(shape, *packed, width);
  std::vector<int32_t> row(rows.length);
  std::vector<uint8_t> packedRow(rows.bytes);
  for (int64_t o = 0; o < rows.outer; ++o)
    for (int64_t i = 0; i < rows.inner; ++i) {
      for (int64_t k = 0; k < rows.bytes; ++k)
        packedRow[k] =
            static_cast<uint8_t>(bytes[(o * rows.bytes + k) * rows.inner + i]);
      unpack(packedRow.data(), row.size(), width, isSigned(format), row.data());
      for (int64_t k = 0; k < rows.length; ++k)
        codes[(o * rows.length + k) * rows.inner + i] = row[k];
    }
  return codes;
}

DenseElementsAttr lowbit::quantizeSplat(QuantizeOp op, ElementsAttr input,
                                        const KnownParameters &parameters) {
  auto splat = dyn_cast<SplatElementsAttr>(input);
  auto type = cast<RankedTensorType>(op.getType());
  QuantizedTypeInterface format = op.getQuantizedFormat();
  unsigned width = format.getStorageWidth();
  if (!splat || !splat.getElementType().isF32() ||
      parameters.scales.size() != 1 || (format.getPack() && 8 % width != 0))
    return {};
  int32_t code =
      quantizeElement(splat.getSplatValue<float>(), format, parameters, 0,
                      op.getRounding(), op.getSaturate());
  unsigned bits = width;
  if (format.getPack()) {
    std::vector<int32_t> row(8 / width, code);
    uint8_t byte = 0;
    pack(row.data(), row.size(), width, &byte);
    code = byte;
    bits = 8;
  }
  auto plain = RankedTensorType::get(format.getStorageShape(type.getShape()),
                                     format.getStorageElement());
  return DenseElementsAttr::get(plain, APInt(32, uint32_t(code)).trunc(bits));
}
