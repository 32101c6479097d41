//===- FloatCases.cpp - what stays float ----------------------------------===//
//
// Elementwise functions, reductions of any loop order with a producer to fuse,
// matrix products, convolutions, pooling and softmax, in f32.
//
//===----------------------------------------------------------------------===//
#include "Cases.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {
namespace {

Case makeElementwise(Random &random, int64_t outputs) {
  int64_t rank = random.range(1, 3);
  Shape shape = makeShape(random, rank, outputs);
  llvm::SmallVector<bool> all(rank, true);
  std::string t = tensor(makeDynamic(random, shape, all), "f32");
  llvm::SmallVector<std::string> exprs;
  for (int64_t d = 0; d < rank; ++d)
    exprs.push_back("d" + std::to_string(d));
  std::string body, last = "%x", iterators;
  for (int64_t i = 0, e = random.range(1, 4); i < e; ++i) {
    std::string next = "%v" + std::to_string(i);
    std::string op = random.pick(
        {"math.exp", "math.tanh", "math.erf", "math.rsqrt", "math.log",
         "math.sqrt", "math.absf", "arith.negf", "math.log1p", "math.expm1",
         "arith.addf", "arith.mulf", "arith.subf", "arith.divf",
         "arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf"});
    bool isBinary = op.rfind("arith.", 0) == 0 && op != "arith.negf";
    body += "    " + next + " = " + op + " " + last + (isBinary ? ", %y" : "") +
            " : f32\n";
    last = next;
  }
  for (int64_t d = 0; d < rank; ++d)
    iterators += d ? ", \"parallel\"" : "\"parallel\"";
  std::string id = map(rank, exprs);
  Case result;
  result.inputs.push_back(makeFloats(random, shape, 0.05f));
  result.inputs.push_back(makeFloats(random, shape, 0.05f));
  // The init is the second operand's: what it holds is not read.
  result.module = "func.func @main(%a: " + t + ", %b: " + t + ") -> " + t +
                  " {\n  %r = linalg.generic {indexing_maps = [" + id + ", " +
                  id + ", " + id + "], iterator_types = [" + iterators +
                  "]} ins(%a, %b : " + t + ", " + t + ") outs(%a : " + t +
                  ") {\n  ^bb0(%x: f32, %y: f32, %o: f32):\n" + body +
                  "    linalg.yield " + last + " : f32\n  } -> " + t +
                  "\n  return %r : " + t + "\n}\n";
  return result;
}

Case makeReduction(Random &random, int64_t outputs) {
  int64_t rank = random.range(1, 4);
  Shape shape =
      makeShape(random, rank, std::min<int64_t>(outputs * 16, 400000));
  llvm::SmallVector<std::string> exprs, kept;
  Shape keptShape;
  std::string iterators;
  bool hasReduction = false;
  for (int64_t d = 0; d < rank; ++d) {
    bool isReduction = random.oneIn(2) || (d + 1 == rank && !hasReduction);
    hasReduction |= isReduction;
    iterators += std::string(d ? ", " : "") +
                 (isReduction ? "\"reduction\"" : "\"parallel\"");
    exprs.push_back("d" + std::to_string(d));
    if (!isReduction) {
      kept.push_back(exprs.back());
      keptShape.push_back(shape[d]);
    }
  }
  std::string op =
      random.pick({"arith.addf", "arith.addf", "arith.mulf", "arith.maximumf",
                   "arith.minimumf", "arith.maxnumf", "arith.minnumf"});
  bool isFirst = random.oneIn(2), isHard = op.find("max") != std::string::npos;
  std::string t = tensor(shape, "f32"), r = tensor(keptShape, "f32"),
              id = map(rank, exprs), producer, in = "%x";
  if (random.oneIn(2)) { // Something that is fused into the reduction.
    std::string parallel;
    for (int64_t d = 0; d < rank; ++d)
      parallel += d ? ", \"parallel\"" : "\"parallel\"";
    producer =
        "  %e = tensor.empty() : " + t +
        "\n  %p = linalg.generic {indexing_maps = [" + id + ", " + id +
        "], iterator_types = [" + parallel + "]} ins(%x : " + t +
        ") outs(%e : " + t + ") {\n  ^bb0(%i: f32, %o: f32):\n    %v = " +
        random.pick({"arith.mulf %i, %i", "math.exp %i", "math.tanh %i"}) +
        " : f32\n    linalg.yield %v : f32\n  } -> " + t + "\n";
    in = "%p";
  }
  Case result;
  result.inputs.push_back(isHard ? makeFloats(random, shape, 0.05f)
                                 : makeSoftFloats(random, shape));
  result.inputs.push_back(makeSoftFloats(random, keptShape));
  result.module = "func.func @main(%x: " + t + ", %init: " + r + ") -> " + r +
                  " {\n" + producer +
                  "  %r = linalg.generic {indexing_maps = [" + id + ", " +
                  map(rank, kept) + "], iterator_types = [" + iterators +
                  "]} ins(" + in + " : " + t + ") outs(%init : " + r +
                  ") {\n  ^bb0(%i: f32, %acc: f32):\n    %s = " + op + " " +
                  (isFirst ? "%acc, %i" : "%i, %acc") +
                  " : f32\n    linalg.yield %s : f32\n  } -> " + r +
                  "\n  return %r : " + r + "\n}\n";
  return result;
}

Case makeFloatMatmul(Random &random, int64_t outputs) {
  int64_t n = random.range(1, 150), k = random.range(1, 200),
          m = std::clamp<int64_t>(outputs / n, 1, 2000);
  bool isDynamic = random.oneIn(2);
  int64_t rows = isDynamic ? -1 : m;
  std::string a = tensor({rows, k}, "f32"), b = tensor({k, n}, "f32"),
              c = tensor({rows, n}, "f32");
  Case result;
  result.inputs.push_back(makeSoftFloats(random, {m, k}));
  result.inputs.push_back(makeSoftFloats(random, {k, n}));
  result.inputs.push_back(makeSoftFloats(random, {m, n}));
  result.module = "func.func @main(%a: " + a + ", %b: " + b + ", %c: " + c +
                  ") -> " + c + " {\n  %r = linalg.matmul ins(%a, %b : " + a +
                  ", " + b + ") outs(%c : " + c + ") -> " + c +
                  "\n  return %r : " + c + "\n}\n";
  return result;
}

/// A named operation on images: its window moves over rows and columns.
Case makeWindow(Random &random, int64_t outputs) {
  int64_t c = random.range(1, 20), window = random.range(1, 4),
          stride = random.range(1, 2), n = random.range(1, 2);
  auto side = std::clamp<int64_t>(
      int64_t(std::sqrt(double(outputs) / double(c))), 1, 40);
  int64_t in = (side - 1) * stride + window + random.range(0, 1);
  std::string pool = random.pick({"", "pooling_nhwc_sum", "pooling_nhwc_max"});
  int64_t filters = pool.empty() ? random.range(1, 40) : c;
  Shape x{n, in, in, c}, w{window, window}, y{n, side, side, filters};
  if (pool.empty()) {
    w.push_back(c);
    w.push_back(filters);
  }
  std::string name = pool.empty() ? "conv_2d_nhwc_hwcf" : pool,
              xt = tensor(x, "f32"), wt = tensor(w, "f32"),
              yt = tensor(y, "f32");
  Case result;
  result.inputs.push_back(makeSoftFloats(random, x));
  result.inputs.push_back(makeSoftFloats(random, w));
  result.inputs.push_back(makeSoftFloats(random, y));
  result.module = "func.func @main(%x: " + xt + ", %w: " + wt + ", %y: " + yt +
                  ") -> " + yt + " {\n  %r = linalg." + name +
                  " {dilations = dense<1> : tensor<2xi64>, strides = dense<" +
                  std::to_string(stride) +
                  "> : tensor<2xi64>} ins(%x, %w : " + xt + ", " + wt +
                  ") outs(%y : " + yt + ") -> " + yt + "\n  return %r : " + yt +
                  "\n}\n";
  return result;
}

Case makeSoftmax(Random &random, int64_t outputs) {
  int64_t rank = random.range(1, 3);
  Shape shape = makeShape(random, rank, outputs);
  std::string t = tensor(shape, "f32");
  Case result;
  result.inputs.push_back(random.oneIn(3) ? makeFloats(random, shape, 0.1f)
                                          : makeSoftFloats(random, shape));
  result.module = "func.func @main(%x: " + t + ") -> " + t +
                  " {\n  %e = tensor.empty() : " + t +
                  "\n  %r = linalg.softmax dimension(" +
                  std::to_string(random.range(0, rank - 1)) +
                  ") ins(%x : " + t + ") outs(%e : " + t + ") -> " + t +
                  "\n  return %r : " + t + "\n}\n";
  return result;
}
} // namespace

Case makeFloatCase(Random &random, int64_t outputs) {
  switch (random.range(0, 5)) {
  case 0:
    return makeFloatMatmul(random, std::min<int64_t>(outputs, 20000));
  case 1:
    return makeReduction(random, outputs);
  case 2:
    return makeWindow(random, std::min<int64_t>(outputs, 20000));
  case 3:
    return makeSoftmax(random, std::min<int64_t>(outputs, 100000));
  default:
    return makeElementwise(random, outputs);
  }
}

} // namespace lowbit::differential
