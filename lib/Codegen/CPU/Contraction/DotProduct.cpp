//===- DotProduct.cpp - the inner step of a contraction, by ISA -----------===//
//
// llvm.call_intrinsic is not pure: nothing moves or merges it, so every operand
// is made before it and nothing is repeated.
//
//===----------------------------------------------------------------------===//
#include "DotProduct.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

Type DotProduct::sourceElement() const {
  if (isFloat)
    return Float32Type::get(context);
  return IntegerType::get(context, 8);
}

Type DotProduct::accumulatorElement() const {
  if (isFloat)
    return Float32Type::get(context);
  return IntegerType::get(context, 32);
}

VectorType DotProduct::accumulatorType() const {
  return VectorType::get(lanes, accumulatorElement());
}

namespace {

Value callIntrinsic(KernelBuilder &b, StringRef name, Type result,
                    ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value bitcast(KernelBuilder &b, Value v, int64_t lanes, Type element) {
  return vector::BitCastOp::create(b, VectorType::get(lanes, element), v);
}

Value load(KernelBuilder &b, Value from, Value at, int64_t lanes) {
  Type element = cast<MemRefType>(from.getType()).getElementType();
  return vector::LoadOp::create(b, VectorType::get(lanes, element), from, at);
}

/// `group` elements at `at`, 32 bits together, repeated in every lane.
Value loadRepeated(KernelBuilder &b, Value from, Value at, int64_t group,
                   int64_t lanes) {
  Type element = cast<MemRefType>(from.getType()).getElementType();
  Value one = bitcast(b, load(b, from, at, group), 1, b.getI32Type());
  Value all = vector::BroadcastOp::create(
      b, VectorType::get(lanes, b.getI32Type()), one);
  return bitcast(b, all, lanes * group, element);
}

/// f32: one fma a step, so that every sum is sequential in k.
class FloatFMA : public DotProduct {
public:
  FloatFMA(MLIRContext *context, int64_t lanes, int64_t registers)
      : DotProduct(context, /*isFloat=*/true, lanes, /*group=*/1, registers) {}

  Value loadRow(KernelBuilder &b, Value rows, Value at) const override {
    Value x = memref::LoadOp::create(b, rows, at);
    return vector::BroadcastOp::create(b, accumulatorType(), x);
  }
  Value loadColumns(KernelBuilder &b, Value columns, Value at) const override {
    return load(b, columns, at, lanes);
  }
  Value emitDot(KernelBuilder &b, Value accumulator, Value row,
                Value columns) const override {
    return math::FmaOp::create(b, row, columns, accumulator);
  }
  Value constantRow(KernelBuilder &b) const override {
    return b.zeros(b.getF32Type(), lanes);
  }
};

/// f32 rows and columns of integers, which are decoded before they are
/// multiplied.
class DecodingFMA : public FloatFMA {
public:
  DecodingFMA(MLIRContext *context, int64_t lanes, int64_t registers,
              Type element)
      : FloatFMA(context, lanes, registers), element(element) {}

  Type columnElement() const override { return element; }
  /// Scales of the columns, which stay in registers.
  int64_t scratchRegisters() const override { return 4; }

private:
  Type element;
};

/// i8: four products of an unsigned and a signed byte, added to an i32.
class VNNI : public DotProduct {
public:
  VNNI(MLIRContext *context, int64_t lanes, int64_t registers)
      : DotProduct(context, /*isFloat=*/false, lanes, /*group=*/4, registers) {}

  bool biasesRows() const override { return true; }
  Value convertRows(KernelBuilder &b, Value v) const override {
    Value flip;
    if (auto type = dyn_cast<VectorType>(v.getType()))
      flip = b.splat(b.getI8Type(), type.getNumElements(), 0x80);
    else
      flip = arith::ConstantOp::create(b, b.getI8IntegerAttr(-128));
    return arith::XOrIOp::create(b, v, flip);
  }
  Value loadRow(KernelBuilder &b, Value rows, Value at) const override {
    return loadRepeated(b, rows, at, group, lanes);
  }
  Value loadColumns(KernelBuilder &b, Value columns, Value at) const override {
    return load(b, columns, at, lanes * group);
  }
  Value emitDot(KernelBuilder &b, Value accumulator, Value row,
                Value columns) const override {
    return callIntrinsic(b,
                         lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512"
                                     : "llvm.x86.avx512.vpdpbusd.256",
                         accumulatorType(), {accumulator, row, columns});
  }
  Value constantRow(KernelBuilder &b) const override {
    return b.splat(b.getI8Type(), lanes * group, 0x80);
  }
};

/// i8: two products of bytes widened to 16 bits, exact for every value.
class MultiplyAddWide : public DotProduct {
public:
  explicit MultiplyAddWide(MLIRContext *context)
      : DotProduct(context, /*isFloat=*/false, /*lanes=*/8, /*group=*/2,
                   /*registers=*/16) {}

  Type rowElement() const override { return IntegerType::get(context, 16); }
  int64_t scratchRegisters() const override { return 1; }
  int64_t dotCost() const override { return 2; }
  Value convertRows(KernelBuilder &b, Value v) const override {
    Type type = b.getI16Type();
    if (auto vector = dyn_cast<VectorType>(v.getType()))
      type = vector.clone(type);
    return arith::ExtSIOp::create(b, type, v);
  }
  Value loadRow(KernelBuilder &b, Value rows, Value at) const override {
    return loadRepeated(b, rows, at, group, lanes);
  }
  Value loadColumns(KernelBuilder &b, Value columns, Value at) const override {
    return convertRows(b, load(b, columns, at, lanes * group));
  }
  Value emitDot(KernelBuilder &b, Value accumulator, Value row,
                Value columns) const override {
    Value pairs = callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", accumulatorType(),
                                {row, columns});
    return arith::AddIOp::create(b, accumulator, pairs);
  }
  Value constantRow(KernelBuilder &b) const override {
    return b.splat(b.getI16Type(), lanes * group, 1);
  }
};

/// i8: one product a step in plain vector arithmetic.
class Widening : public DotProduct {
public:
  explicit Widening(MLIRContext *context)
      : DotProduct(context, /*isFloat=*/false, /*lanes=*/16, /*group=*/1,
                   /*registers=*/8) {}

  Value loadRow(KernelBuilder &b, Value rows, Value at) const override {
    Value x = memref::LoadOp::create(b, rows, at);
    Value wide = arith::ExtSIOp::create(b, b.getI32Type(), x);
    return vector::BroadcastOp::create(b, accumulatorType(), wide);
  }
  Value loadColumns(KernelBuilder &b, Value columns, Value at) const override {
    return arith::ExtSIOp::create(b, accumulatorType(),
                                  load(b, columns, at, lanes));
  }
  Value emitDot(KernelBuilder &b, Value accumulator, Value row,
                Value columns) const override {
    Value product = arith::MulIOp::create(b, row, columns);
    return arith::AddIOp::create(b, accumulator, product);
  }
  int64_t dotCost() const override { return 2; }
  Value constantRow(KernelBuilder &b) const override {
    return b.splat(b.getI32Type(), lanes, 1);
  }
};

} // namespace

std::unique_ptr<DotProduct> createDotProduct(MLIRContext *context,
                                             TargetISA isa, bool isFloat) {
  switch (isa) {
  case TargetISA::AVX512VNNI:
    if (isFloat)
      return std::make_unique<FloatFMA>(context, 16, 32);
    return std::make_unique<VNNI>(context, 16, 32);
  case TargetISA::AVXVNNI:
    if (isFloat)
      return std::make_unique<FloatFMA>(context, 8, 16);
    return std::make_unique<VNNI>(context, 8, 16);
  case TargetISA::AVX2:
    if (isFloat)
      return std::make_unique<FloatFMA>(context, 8, 16);
    return std::make_unique<MultiplyAddWide>(context);
  case TargetISA::Portable:
    if (isFloat)
      return std::make_unique<FloatFMA>(context, 16, 8);
    return std::make_unique<Widening>(context);
  }
  return nullptr;
}

std::unique_ptr<DotProduct> createDecodingProduct(MLIRContext *context,
                                                  TargetISA isa, Type element) {
  auto plain = createDotProduct(context, isa, /*isFloat=*/true);
  return std::make_unique<DecodingFMA>(context, plain->lanes, plain->registers,
                                       element);
}

/// A step of a tile takes as long as its slowest part: two dot products, or two
/// loads, a cycle; and five cycles from one step of an accumulator to the next.
TileShape DotProduct::chooseTile(std::optional<int64_t> rows,
                                 std::optional<int64_t> columns) const {
  TileShape best;
  double bestTime = 0;
  for (int64_t vectors = 1; vectors <= 4; ++vectors) {
    if (columns && vectors > 1 && (vectors - 1) * lanes >= *columns)
      continue;
    for (int64_t r = 1; r <= 16; ++r) {
      if (r * vectors + vectors + 1 + scratchRegisters() > registers &&
          (r > 1 || vectors > 1))
        continue;
      if (rows && r > std::max<int64_t>(*rows, 1))
        continue;
      int64_t m = rows.value_or(960), n = columns.value_or(960);
      double step = std::max({0.5 * r * vectors * dotCost(),
                              0.5 * (r + vectors), 4.0 + dotCost()});
      // Loop control and the filling of the pipeline.
      step += 0.4;
      int64_t tiles =
          std::max<int64_t>((m + r - 1) / r, 1) *
          std::max<int64_t>((n + vectors * lanes - 1) / (vectors * lanes), 1);
      double time = tiles * step;
      if (bestTime == 0 || time < bestTime) {
        bestTime = time;
        best = {r, vectors};
      }
    }
  }
  return best;
}

} // namespace lowbit
