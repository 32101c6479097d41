//===- Loops.cpp - loops of random contractions ---------------------------===//
//
// Sizes, and which loops index which operand.
//
//===----------------------------------------------------------------------===//
#include "Loops.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {

std::string Loops::add(int64_t size, bool isParallel) {
  iterators.push_back(isParallel ? "\"parallel\"" : "\"reduction\"");
  sizes.push_back(size);
  return "d" + std::to_string(sizes.size() - 1);
}

std::string Loops::maps(const std::string &between) const {
  int64_t n = sizes.size();
  return "[" + map(n, a) + ", " + map(n, b) + ", " + between + map(n, c) + "]";
}

std::string Loops::types() const {
  return "[" + llvm::join(iterators, ", ") + "]";
}

int64_t Loops::depth() const {
  int64_t count = 1;
  for (int64_t loop = 0, e = sizes.size(); loop < e; ++loop)
    if (!isParallel(loop))
      count *= sizes[loop];
  return count;
}

static void addDim(llvm::SmallVector<std::string> &exprs, Shape &shape,
                   const std::string &expr, int64_t size) {
  exprs.push_back(expr);
  shape.push_back(size);
}

Loops makeMatmul(Random &random, int64_t outputs, int64_t maxDepth) {
  Loops loops;
  int64_t batch = random.oneIn(3) ? random.range(1, 5) : 0;
  int64_t n = random.range(1, 150), k = random.range(1, maxDepth);
  int64_t m =
      std::clamp<int64_t>(outputs / n / std::max<int64_t>(1, batch), 1, 3000);
  std::string b = batch ? loops.add(batch, true) : "";
  std::string rows = loops.add(m, true), columns = loops.add(n, true),
              depth = loops.add(k, false);
  if (batch)
    for (auto [exprs, shape] : {std::pair(&loops.a, &loops.aShape),
                                std::pair(&loops.b, &loops.bShape),
                                std::pair(&loops.c, &loops.cShape)})
      addDim(*exprs, *shape, b, batch);
  bool aTransposed = random.oneIn(4), bTransposed = random.oneIn(3);
  addDim(loops.a, loops.aShape, aTransposed ? depth : rows,
         aTransposed ? k : m);
  addDim(loops.a, loops.aShape, aTransposed ? rows : depth,
         aTransposed ? m : k);
  addDim(loops.b, loops.bShape, bTransposed ? columns : depth,
         bTransposed ? n : k);
  addDim(loops.b, loops.bShape, bTransposed ? depth : columns,
         bTransposed ? k : n);
  addDim(loops.c, loops.cShape, rows, m);
  addDim(loops.c, loops.cShape, columns, n);
  return loops;
}

Loops makeConvolution(Random &random, int64_t outputs) {
  Loops loops;
  int64_t channels = random.range(1, 40), filters = random.range(1, 70),
          window = random.range(1, 4), stride = random.range(1, 2),
          dilation = random.range(1, 2);
  auto side = std::clamp<int64_t>(
      int64_t(std::sqrt(double(outputs) / double(filters))), 1, 60);
  int64_t input =
      (side - 1) * stride + (window - 1) * dilation + 1 + random.range(0, 2);
  std::string n = loops.add(random.range(1, 2), true),
              h = loops.add(side, true), w = loops.add(side, true),
              f = loops.add(filters, true), i = loops.add(window, false),
              j = loops.add(window, false), c = loops.add(channels, false);
  auto at = [&](const std::string &outer, const std::string &inner) {
    return outer + " * " + std::to_string(stride) + " + " + inner + " * " +
           std::to_string(dilation);
  };
  addDim(loops.a, loops.aShape, n, loops.sizes[0]);
  addDim(loops.a, loops.aShape, at(h, i), input);
  addDim(loops.a, loops.aShape, at(w, j), input);
  addDim(loops.a, loops.aShape, c, channels);
  addDim(loops.b, loops.bShape, i, window);
  addDim(loops.b, loops.bShape, j, window);
  addDim(loops.b, loops.bShape, c, channels);
  addDim(loops.b, loops.bShape, f, filters);
  addDim(loops.c, loops.cShape, n, loops.sizes[0]);
  addDim(loops.c, loops.cShape, h, side);
  addDim(loops.c, loops.cShape, w, side);
  addDim(loops.c, loops.cShape, f, filters);
  return loops;
}

} // namespace lowbit::differential
