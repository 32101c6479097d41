//===- FixedPoint.h - real numbers as integers and a scale ------*- C++ -*-===//
//
// A number of a body is an integer and what one step of it is worth. The
// integer is computed; the step is known while compiling and costs nothing: a
// product with a constant changes only the step. Where two steps have to be one
// (sums, comparisons, formats), the integers are multiplied by multiplier /
// 2^shift, rounded as N15 does.
//
// Every integer has bounds, and arithmetic is as wide as they ask for: i32, or
// i64 where a product may need it, which is narrowed again.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_FIXEDPOINT_H
#define LOWBIT_LIB_LOWER_FIXEDPOINT_H

#include "ElementArithmetic.h"

#include "lowbit/Numerics/Accumulation.h"

#include <functional>

namespace lowbit {

/// A real number for all elements, or one for each index of a loop.
struct LoopFactor {
  llvm::SmallVector<double> values{1.0};
  std::optional<unsigned> loop;

  LoopFactor() = default;
  LoopFactor(double value) : values{value} {}
  LoopFactor(llvm::SmallVector<double> values, unsigned loop)
      : values(std::move(values)), loop(loop) {}

  bool isSingle() const { return !loop; }
  double single() const { return values.front(); }
  double largest() const;
  double smallest() const;
  bool isPositive() const;
  bool operator==(const LoopFactor &other) const {
    return loop == other.loop && values == other.values;
  }
  /// Whether both can be combined index by index.
  bool agreesWith(const LoopFactor &other) const {
    return !loop || !other.loop || *loop == *other.loop;
  }
  LoopFactor combine(const LoopFactor &other,
                     llvm::function_ref<double(double, double)> f) const;
};

/// The numbers between two.
struct RealRange {
  double min = 0, max = 0;
  double magnitude() const { return std::max(std::abs(min), std::abs(max)); }
  RealRange unite(RealRange other) const {
    return {std::min(min, other.min), std::max(max, other.max)};
  }
};

/// value * scale.
struct Fixed {
  mlir::Value value;
  Interval range;
  LoopFactor scale;
  /// What it can be expected to be, where that is less than all of `range`.
  std::optional<RealRange> expected = std::nullopt;

  RealRange real() const;
  double magnitude() const { return real().magnitude(); }
};

/// How a number becomes a whole one; halves go away from zero, or to even.
enum class WholeMode { Floor, Ceil, Trunc, HalfAway, HalfEven };

/// The bits that a magnitude needs.
unsigned bitsOf(Interval range);

/// Fixed-point arithmetic in a body.
class FixedBuilder {
public:
  /// A constant of the body that has one value for each index of a loop.
  using VectorInput = std::function<mlir::Value(
      llvm::ArrayRef<int32_t> values, unsigned loop, llvm::StringRef what)>;

  FixedBuilder(ElementBuilder e, VectorInput vector)
      : e(e), vector(std::move(vector)) {}

  /// `value`, any integer, within `range`, as a number of steps.
  Fixed make(mlir::Value value, Interval range, LoopFactor scale = 1.0) const;
  Fixed constant(const LoopFactor &value) const;

  Fixed add(Fixed a, Fixed b, std::optional<RealRange> hint) const;
  /// A constant is counted in the steps of `a` where those are fine enough.
  Fixed add(Fixed a, const LoopFactor &b, std::optional<RealRange> hint) const;
  Fixed negate(Fixed a) const;
  Fixed multiply(Fixed a, Fixed b) const;
  Fixed multiply(Fixed a, const LoopFactor &b) const;
  Fixed maximum(Fixed a, Fixed b) const;
  Fixed maximum(Fixed a, const LoopFactor &b) const;
  Fixed minimum(Fixed a, Fixed b) const;
  Fixed minimum(Fixed a, const LoopFactor &b) const;
  Fixed absolute(Fixed a) const;
  /// Both in the same positive steps, which `hint` and they themselves fit.
  std::pair<Fixed, Fixed> align(Fixed a, Fixed b,
                                std::optional<RealRange> hint) const;
  /// A constant in the steps of `a`; saturated where it is only a bound.
  std::pair<Fixed, Fixed> align(Fixed a, const LoopFactor &b,
                                bool isBound) const;
  /// Of numbers in the same steps.
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, Fixed a,
                      Fixed b) const;
  Fixed select(mlir::Value condition, Fixed a, Fixed b) const;

  /// In steps of 1 where a fraction can be told at all.
  Fixed toWhole(Fixed a, WholeMode mode) const;
  /// a - trunc(a / divisor) * divisor.
  Fixed remainder(Fixed a, double divisor) const;
  /// An angle less whole turns: from -pi to pi.
  Fixed turn(Fixed a) const;

  /// The same number in other steps, rounded.
  Fixed rescale(Fixed a, const LoopFactor &scale) const;
  /// One positive step for all elements.
  Fixed single(Fixed a) const;
  /// Steps so small that the magnitude has `bits` bits.
  Fixed refine(Fixed a, unsigned bits) const;
  /// At most 31 bits and a sign: i32.
  Fixed narrow(Fixed a, unsigned bits = 31) const;
  /// Numbers beyond `range` become its ends.
  Fixed clamp(Fixed a, RealRange range) const;
  /// Saturated to `range` after `zeroPoint` is added: i32.
  mlir::Value quantize(Fixed a, double scale, int64_t zeroPoint,
                       Interval range) const;

  const ElementBuilder e;

private:
  /// Bits of the magnitude of what is added up or compared.
  static constexpr unsigned kSumBits = 29;
  /// With so many bits of magnitude a rounded step does not count.
  static constexpr unsigned kFineBits = 20;

  Fixed positive(Fixed a) const;
  Fixed pick(bool isMaximum, Fixed a, Fixed b) const;
  /// In steps of 1 / 2^bits, as small as 32 bits hold.
  Fixed toFraction(Fixed a, int &bits) const;
  mlir::Value wide(mlir::Value value) const;
  mlir::Value integer(mlir::Type type, int64_t value) const;
  /// Of values with one type for both.
  template <typename OpTy> Fixed emit(Fixed a, Fixed b, Interval range) const;
  Fixed shiftRight(Fixed a, unsigned bits) const;
  /// At most so many bits, by a clamp.
  Fixed saturate(Fixed a, unsigned bits) const;
  Fixed shiftLeft(Fixed a, unsigned bits) const;

  /// A constant of `steps`, rounded and saturated, of `scale` each.
  Fixed counted(const LoopFactor &steps, const LoopFactor &scale,
                llvm::StringRef what) const;

  VectorInput vector;
};

template <typename OpTy>
Fixed FixedBuilder::emit(Fixed a, Fixed b, Interval range) const {
  bool fits = a.range.fitsI32() && b.range.fitsI32() && range.fitsI32() &&
              a.value.getType().isInteger(32) &&
              b.value.getType().isInteger(32);
  mlir::Value x = fits ? a.value : wide(a.value),
              y = fits ? b.value : wide(b.value);
  return {e.make<OpTy>(x, y), range, a.scale};
}

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_FIXEDPOINT_H
