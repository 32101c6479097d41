//===- Evaluate.h - formats applied to whole tensors ------------*- C++ -*-===//
//
// What folding and the interpreter compute: lib/Numerics, element by element,
// with the parameters of the element. A code is the integer or the bits that
// stand for an element, sign-extended where the format is signed.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_EVALUATE_H
#define LOWBIT_DIALECT_LOWBIT_IR_EVALUATE_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Blocks.h"
#include "lowbit/Numerics/Rounding.h"

namespace lowbit {
struct SmallFloat;

/// The mode and the format as lib/Numerics names them.
Rounding toNumerics(RoundingMode mode);
const SmallFloat &toNumerics(SmallFloatType type);

/// One element. `parameter` is the index of its scale and zero point.
int32_t quantizeElement(float x, QuantizedTypeInterface format,
                        const KnownParameters &parameters, size_t parameter,
                        RoundingMode rounding, bool saturate);
float dequantizeElement(int32_t code, QuantizedTypeInterface format,
                        const KnownParameters &parameters, size_t parameter);

/// The elements of a tensor of `shape` that share parameters.
Blocks blocksOf(GranularityAttr granularity, llvm::ArrayRef<int64_t> shape);

/// The codes of a tensor of `shape`, in row-major order.
std::vector<int32_t> quantizeTensor(llvm::ArrayRef<float> values,
                                    llvm::ArrayRef<int64_t> shape,
                                    QuantizedTypeInterface format,
                                    const KnownParameters &parameters,
                                    RoundingMode rounding, bool saturate);
std::vector<float> dequantizeTensor(llvm::ArrayRef<int32_t> codes,
                                    llvm::ArrayRef<int64_t> shape,
                                    QuantizedTypeInterface format,
                                    const KnownParameters &parameters);

/// The bytes that store the codes: one or two an element, or packed as the
/// format says (row-major order of the storage shape). And back.
std::vector<char> toStorage(llvm::ArrayRef<int32_t> codes,
                            llvm::ArrayRef<int64_t> shape,
                            QuantizedTypeInterface format);
std::vector<int32_t> fromStorage(llvm::ArrayRef<char> bytes,
                                 llvm::ArrayRef<int64_t> shape,
                                 QuantizedTypeInterface format);

/// A splat of more elements is not written out element by element.
constexpr int64_t kMostSplatElements = int64_t(1) << 26;

/// The storage of quantize(`input`) where all elements of it are equal and
/// share their parameters: a splat, however large. Null for others, which are
/// whole tensors, and for packed elements that straddle bytes.
mlir::DenseElementsAttr quantizeSplat(QuantizeOp op, mlir::ElementsAttr input,
                                      const KnownParameters &parameters);

} // namespace lowbit

#endif // LOWBIT_DIALECT_LOWBIT_IR_EVALUATE_H
