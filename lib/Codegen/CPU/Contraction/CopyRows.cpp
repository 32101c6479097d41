//===- CopyRows.cpp - A in the form that the dot product reads ------------===//
//
// Before: A of any layout, i8. After: a row-major buffer whose last dimensions
// are those of the reduction, holding a ^ 0x80 (vpdpbusd) or a widened to 16
// bits (vpmaddwd). 64 elements follow the last one, so that groups of depth may
// be read past their end: there B holds zeros.
//
// This costs about one load and store a 64 elements; every element is then used
// as often as B has columns. Done in the tile it would cost an instruction for
// every two dot products on machines with two vector ports.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace lowbit {

/// Below this many elements a copy is not worth a second thread.
static constexpr int64_t parallelFrom = 1 << 16;
static constexpr int64_t chunk = 1 << 14;

/// Copies elements [lower, upper) of a run.
static void copyRun(KernelBuilder &b, const DotProduct &dot, const View &from,
                    Value to, Index source, Index sourceStride, Index target,
                    Index lower, Index upper) {
  auto elements = [&](Index lo, Index hi, int64_t width) {
    b.loop(lo, hi, width, [&](Index i) {
      Value src = b.value(b.add(source, b.mul(i, sourceStride)));
      Value dst = b.value(b.add(target, i));
      if (width == 1) {
        Value x = memref::LoadOp::create(b, from.flat, src);
        memref::StoreOp::create(b, dot.convertRows(b, x), to, dst);
        return;
      }
      auto type = VectorType::get(width, dot.sourceElement());
      Value x = vector::LoadOp::create(b, type, from.flat, src);
      vector::StoreOp::create(b, dot.convertRows(b, x), to, dst);
    });
  };
  Index at = lower;
  if (isConstant(sourceStride, 1)) {
    bool fixed = constant(lower) && constant(upper);
    SmallVector<int64_t> widths{64, 8};
    if (fixed)
      widths = {64, 32, 16, 8, 4};
    for (int64_t width : widths) {
      Index end = b.add(at, b.roundDown(b.sub(upper, at), width));
      elements(at, end, width);
      at = end;
    }
  }
  elements(at, upper, 1);
}

View copyRows(KernelBuilder &b, const Match &match, const View &a,
              const DotProduct &dot, Access &access, Value &buffer) {
  // Dimensions of A that only the reduction moves along go last.
  auto isDepth = [&](unsigned p) {
    for (auto [loop, k] : llvm::enumerate(access.coefficients[p]))
      if (k != 0 && !llvm::is_contained(match.depth, loop))
        return false;
    return true;
  };
  SmallVector<unsigned> order;
  for (unsigned p = 0; p < a.sizes.size(); ++p)
    order.push_back(p);
  llvm::sort(order, [&](unsigned x, unsigned y) {
    return std::make_pair(isDepth(x), x) < std::make_pair(isDepth(y), y);
  });

  View copy;
  Access copied;
  copy.rowMajor = true;
  copy.offset = b.index(0);
  Index total = b.index(1);
  SmallVector<Index> strides;
  for (unsigned p : order) {
    copy.sizes.push_back(a.sizes[p]);
    copied.coefficients.push_back(access.coefficients[p]);
    copied.constants.push_back(access.constants[p]);
  }
  for (Index size : llvm::reverse(copy.sizes)) {
    strides.push_back(total);
    total = b.mul(total, size);
  }
  copy.strides.assign(strides.rbegin(), strides.rend());
  buffer = b.allocate(dot.rowElement(), b.add(total, b.index(64)));
  copy.flat = buffer;
  access = copied;

  // Runs that lie alike in both, outermost first.
  struct Run {
    Index size, source, target;
  };
  SmallVector<Run> runs;
  std::optional<unsigned> previous;
  for (auto [i, p] : llvm::enumerate(order)) {
    if (isConstant(a.sizes[p], 1))
      continue;
    bool joins = previous && a.contiguous(*previous, p);
    previous = p;
    Run run{a.sizes[p], a.strides[p], copy.strides[i]};
    if (joins) {
      run.size = b.mul(runs.back().size, run.size);
      runs.back() = run;
    } else {
      runs.push_back(run);
    }
  }
  Run inner{b.index(1), b.index(1), b.index(1)};
  if (!runs.empty())
    inner = runs.pop_back_val();

  bool parallel = constant(total).value_or(parallelFrom) >= parallelFrom;
  SmallVector<Index> sizes;
  for (const Run &run : runs)
    sizes.push_back(run.size);
  bool chunked =
      runs.empty() && constant(inner.size).value_or(2 * chunk) > chunk;
  if (chunked)
    sizes.push_back(b.ceilDiv(inner.size, chunk));
  b.nest(sizes, parallel, [&](ArrayRef<Index> ivs) {
    Index source = a.offset, target = b.index(0);
    for (auto [run, iv] : llvm::zip(runs, ivs)) {
      source = b.add(source, b.mul(iv, run.source));
      target = b.add(target, b.mul(iv, run.target));
    }
    Index lower = b.index(0), upper = inner.size;
    if (chunked) {
      lower = b.mul(ivs.back(), b.index(chunk));
      upper = b.min(upper, b.add(lower, b.index(chunk)));
    }
    copyRun(b, dot, a, buffer, source, inner.source, target, lower, upper);
  });
  return copy;
}

} // namespace lowbit
