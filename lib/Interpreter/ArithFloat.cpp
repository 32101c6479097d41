//===- ArithFloat.cpp - float operations of arith -------------------------===//
//
// F1: each rounds once, to nearest even. For f16 and bf16 the result in f32,
// rounded again, is the exact result rounded once.
//
//===----------------------------------------------------------------------===//
#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace lowbit::interpreter {
namespace {
template <typename OpTy, typename Function>
void addBinary(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    return binaryFloat(op.getResult(), function);
  });
}

/// -0 is less than +0, and a NaN of either side is the result.
template <typename T> T maximum(T a, T b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<T>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <typename T> T minimum(T a, T b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<T>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

/// Without the NaN.
template <typename T> T maxNum(T a, T b) {
  return maximum(std::isnan(a) ? b : a, std::isnan(b) ? a : b);
}
template <typename T> T minNum(T a, T b) {
  return minimum(std::isnan(a) ? b : a, std::isnan(b) ? a : b);
}

bool compare(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return unordered || a != b;
  }
  return false;
}
} // namespace

void addArithFloatKernels(KernelTable &table) {
  using namespace arith;
  addBinary<AddFOp>(table, [](auto a, auto b) { return a + b; });
  addBinary<SubFOp>(table, [](auto a, auto b) { return a - b; });
  addBinary<MulFOp>(table, [](auto a, auto b) { return a * b; });
  addBinary<DivFOp>(table, [](auto a, auto b) { return a / b; });
  addBinary<RemFOp>(table, [](auto a, auto b) { return std::fmod(a, b); });
  addBinary<MaximumFOp>(table, [](auto a, auto b) { return maximum(a, b); });
  addBinary<MinimumFOp>(table, [](auto a, auto b) { return minimum(a, b); });
  addBinary<MaxNumFOp>(table, [](auto a, auto b) { return maxNum(a, b); });
  addBinary<MinNumFOp>(table, [](auto a, auto b) { return minNum(a, b); });
  table.add<NegFOp>([](NegFOp op) -> Kernel {
    return unaryFloat(op.getResult(), [](auto a) { return -a; });
  });
  table.add<CmpFOp>([](CmpFOp op) -> Kernel {
    CmpFPredicate predicate = op.getPredicate();
    return [=](const Scalar *x, Context &) {
      return Scalar::ofBool(compare(predicate, x[0].f, x[1].f));
    };
  });
}
} // namespace lowbit::interpreter
