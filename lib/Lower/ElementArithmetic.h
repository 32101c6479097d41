//===- ElementArithmetic.h - formats in arith and math ----------*- C++ -*-===//
//
// The functions of lib/Numerics as operations on one element. Every code is an
// i32 here: the integer itself for affine formats, the bits or the index, never
// negative, for the others.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_ELEMENTARITHMETIC_H
#define LOWBIT_LIB_LOWER_ELEMENTARITHMETIC_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Affine.h"
#include "lowbit/Numerics/SmallFloat.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace lowbit {

/// A builder at a place, and the operations that arithmetic is made of.
struct ElementBuilder {
  mlir::OpBuilder &b;
  mlir::Location loc;

  template <typename OpTy, typename... Args>
  mlir::Value make(Args &&...args) const {
    return OpTy::create(b, loc, std::forward<Args>(args)...);
  }
  mlir::Value f32(float value) const;
  mlir::Value i32(int64_t value) const;
  mlir::Value i64(int64_t value) const;
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x,
                      mlir::Value y) const;
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x,
                      mlir::Value y) const;
  mlir::Value select(mlir::Value condition, mlir::Value yes,
                     mlir::Value no) const;
  mlir::Value isNaN(mlir::Value x) const;
  /// From a narrower integer; `x` itself when it has the type.
  mlir::Value extend(mlir::Value x, mlir::Type type, bool isSigned) const;
};

StorageRange rangeOf(AffineType format);

/// A zero point in a body, and its value when it is known.
struct ElementZeroPoint {
  mlir::Value value;
  std::optional<int64_t> known;
};

/// N6, N12.
mlir::Value emitRound(ElementBuilder e, mlir::Value x, RoundingMode mode);
/// `end` - z as an f32, exactly.
mlir::Value emitBound(ElementBuilder e, int64_t end, ElementZeroPoint z);
/// The last step of N7 and N14, of N13 when it does not saturate: i32.
mlir::Value emitSum(ElementBuilder e, mlir::Value rounded, ElementZeroPoint z,
                    StorageRange range, bool saturate);
/// N8, from an i32.
mlir::Value emitAffineValue(ElementBuilder e, mlir::Value q, mlir::Value scale,
                            mlir::Value z);

/// N25; `encode` is for the formats with a sign.
mlir::Value emitEncode(ElementBuilder e, mlir::Value x,
                       const SmallFloat &format, bool saturate);
mlir::Value emitDecode(ElementBuilder e, mlir::Value code,
                       const SmallFloat &format);

/// N26.
mlir::Value emitNearestCode(ElementBuilder e, mlir::Value x,
                            CodebookType format);
mlir::Value emitCodebookValue(ElementBuilder e, mlir::Value code,
                              CodebookType format);

/// quantizeElement and dequantizeElement of Evaluate.h.
mlir::Value emitQuantize(ElementBuilder e, QuantizedTypeInterface format,
                         mlir::Value x, mlir::Value scale, ElementZeroPoint z,
                         RoundingMode mode, bool saturate);
mlir::Value emitDequantize(ElementBuilder e, QuantizedTypeInterface format,
                           mlir::Value code, mlir::Value scale,
                           ElementZeroPoint z);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_ELEMENTARITHMETIC_H
