//===- Elements.h - the numbers of an elements attribute --------*- C++ -*-===//
//
// Reads and makes the lists of scales and zero points that operations carry.
// Long ones are resources: blobs that are neither uniqued nor printed number by
// number, so that a million of them cost what their bytes cost.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_ELEMENTS_H
#define LOWBIT_DIALECT_LOWBIT_IR_ELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <vector>

namespace lowbit {

/// The most elements that are written in the text.
inline constexpr int64_t kInlineElements = 64;

/// The elements of a dense or resource attribute as f32. Formats narrower than
/// f32 convert exactly. None for other attributes and wider elements, and for a
/// resource that is not there or has a wrong size.
std::optional<std::vector<float>> readFloats(mlir::ElementsAttr elements);

/// The same for integers of up to 32 bits, sign-extended.
std::optional<std::vector<int32_t>> readIntegers(mlir::ElementsAttr elements);

/// Equal types and equal elements, however they are stored. A null attribute
/// equals only itself.
bool haveEqualContent(mlir::ElementsAttr a, mlir::ElementsAttr b);

/// f32 or i32 elements: dense when they are few or all equal, otherwise a
/// resource called `name`.
mlir::ElementsAttr makeElements(llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<float> values,
                                mlir::MLIRContext *context,
                                llvm::StringRef name);
mlir::ElementsAttr makeElements(llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<int32_t> values,
                                mlir::MLIRContext *context,
                                llvm::StringRef name);

} // namespace lowbit

#endif // LOWBIT_DIALECT_LOWBIT_IR_ELEMENTS_H
