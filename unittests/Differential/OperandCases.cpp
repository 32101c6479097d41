//===- OperandCases.cpp - contractions of operands of any format ----------===//
//
// lowbit.contract and packed_contract of integers of 2 to 16 bits and of small
// floats, with zero points anywhere and epilogues of every kind.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"
#include "Loops.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {
namespace {

constexpr const char *kUnit = "{scale = dense<1.0> : tensor<f32>, zero_point "
                              "= dense<0> : tensor<i32>}";

struct Operand {
  std::string value, type;
  Format format;
  std::optional<int64_t> axis;
};

class Contraction {
public:
  Contraction(Random &random, int64_t outputs, bool isPacked)
      : random(random), isPacked(isPacked),
        loops(random.oneIn(3)
                  ? makeConvolution(random, std::min<int64_t>(outputs, 4000))
                  : makeMatmul(random, outputs, 200)) {}

  Case makeInteger() {
    Operand a = makeInteger(loops.aShape, std::nullopt);
    Operand b = isPacked
                    ? makePacked()
                    : makeInteger(loops.bShape, random.oneIn(2) ? columnAxis()
                                                                : std::nullopt);
    addZeroPoint("lhs_zero_point", a);
    addZeroPoint("rhs_zero_point", b);
    // Safe ends of the sums and of what zero points take out of them.
    auto reach = [](const Format &f) {
      return std::max({f.max - f.min, f.max, -f.min});
    };
    int64_t most = reach(a.format) * reach(b.format);
    bool fits = most < (int64_t(1) << 29) / loops.depth();
    if (fits && !random.oneIn(4))
      epilogueOfI32();
    else
      epilogueOfI64();
    return finish(a, b);
  }

  Case makeFloat() {
    Operand a = makeFloat(loops.aShape), b = makeFloat(loops.bShape);
    element = "f32";
    region = "  ^bb0(%acc: f32):\n    lowbit.yield %acc : f32\n";
    if (random.oneIn(3)) {
      addExtra(tensor({channels()}, "f32"),
               makeSoftFloats(random, {channels()}));
      element = "!lowbit.affine<i8>";
      region = "  ^bb0(%acc: f32, %e: f32):\n    %p = arith.mulf %acc, %e : "
               "f32\n    %q = lowbit.quantize %p {scale = dense<0.75> : "
               "tensor<f32>, zero_point = dense<3> : tensor<i32>} : f32 -> " +
               element + "\n    lowbit.yield %q : " + element + "\n";
    }
    return finish(a, b);
  }

private:
  int64_t channels() const { return loops.cShape.back(); }

  /// A dimension of the right-hand side that is a column.
  std::optional<int64_t> columnAxis() {
    return llvm::find(loops.b, loops.c.back()) - loops.b.begin();
  }

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  std::string castFrom(const std::string &value, const std::string &from,
                       const std::string &to) {
    return function.add("lowbit.storage_cast " + value + " : " + from + " to " +
                        to);
  }

  Operand makeInteger(const Shape &shape, std::optional<int64_t> axis) {
    Operand operand;
    operand.axis = axis;
    std::string fields = axis ? ", axis = " + std::to_string(*axis) + ">" : ">";
    int64_t way = random.range(0, 3);
    if (way == 0 && !axis) { // No format at all.
      Format &format = operand.format;
      format.width = random.pick({8u, 16u});
      format.max = (int64_t(1) << (format.width - 1)) - 1;
      format.min = -format.max - 1;
      format.isAffine = true;
      operand.type = tensor(shape, "i" + std::to_string(format.width));
      operand.value =
          function.addArgument(operand.type, makeCodes(random, format, shape));
      return operand;
    }
    if (way == 1) { // Integers that arrays hold.
      operand.format = makeAffine(random, 8, random.oneIn(2) ? 16 : 8);
      if (operand.format.width % 8 != 0)
        operand.format = makeAffine(random, 8, 8);
      operand.type = tensor(shape, operand.format.head + fields);
      std::string plain =
          tensor(shape, "i" + std::to_string(operand.format.width));
      operand.value = castFrom(makeStored(operand.format, shape, plain), plain,
                               operand.type);
      return operand;
    }
    operand.format = makeAffine(random, 2, random.oneIn(4) ? 16 : 7);
    operand.type = tensor(shape, operand.format.head + fields);
    std::string f = tensor(shape, "f32"), unit = kUnit, floats;
    auto wide =
        llvm::find_if(shape, [](int64_t size) { return size % 8 == 0; });
    if (way == 2 && !axis && wide != shape.end() && operand.format.canWrap &&
        operand.format.width < 8) { // Packed bytes, taken apart.
      Shape bytes = shape;
      bytes[wide - shape.begin()] = *wide * int64_t(operand.format.width) / 8;
      std::string stored = tensor(bytes, "i8"),
                  packed = tensor(
                      shape, operand.format.head + ", pack = " +
                                 std::to_string(wide - shape.begin()) + ">");
      std::string codes = castFrom(
          function.addArgument(stored, makeBytes(random, bytes, -128, 127)),
          stored, packed);
      floats = function.add("lowbit.dequantize " + codes + " " + unit + " : " +
                            packed + " -> " + f);
    } else {
      floats = function.addArgument(
          f, makeFloats(random, shape, operand.format.width > 8 ? 200 : 1));
    }
    if (axis) {
      std::string size = std::to_string(shape[*axis]);
      unit = "{scale = dense<1.0> : tensor<" + size +
             "xf32>, zero_point = dense<0> : tensor<" + size + "xi32>}";
    }
    operand.value = function.add("lowbit.quantize " + floats + " " + unit +
                                 " : " + f + " -> " + operand.type);
    return operand;
  }

  /// An argument, or a constant that is packed at compile time.
  std::string makeStored(const Format &format, const Shape &shape,
                         const std::string &plain) {
    NpyArray codes = makeCodes(random, format, shape);
    if (random.oneIn(2) || codes.bytes().size() == 1 || product(shape) > 20000)
      return function.addArgument(plain, std::move(codes));
    return function.addConstant("dense<\"0x" + hexOf(codes) + "\"> : " + plain);
  }

  /// Bytes in the panels of a layout.
  Operand makePacked() {
    Operand operand;
    operand.format = makeAffine(random, 8, 8);
    if (random.oneIn(3)) {
      operand.format.min = -128;
      operand.format.max = 127;
      operand.format.head = "";
    }
    std::string plainElement =
        operand.format.head.empty() ? "i8" : operand.format.head + ">";
    int64_t width = random.pick({1, 2, 3, 8, 16, 32, 64}),
            group = random.pick({1, 2, 3, 4, 8});
    attributes +=
        ", layout = #lowbit.panels<columns = " + std::to_string(width) +
        ", group = " + std::to_string(group) +
        ">, rhs_type = " + tensor(loops.bShape, plainElement);
    NpyArray plain = makeCodes(random, operand.format, loops.bShape);
    NpyArray packed = pack(plain, width, group);
    operand.type = tensor(packed.shape, "i8");
    operand.value = function.addArgument(operand.type, std::move(packed));
    return operand;
  }

  NpyArray pack(const NpyArray &plain, int64_t width, int64_t group) {
    enum { Batch, Column, Depth };
    llvm::SmallVector<int> kinds;
    llvm::SmallVector<int64_t> loopOf;
    Shape shape;
    int64_t columns = 1, depth = 1, batch = 1;
    for (auto [expr, size] : llvm::zip(loops.b, loops.bShape)) {
      int64_t loop = std::stoll(expr.substr(1));
      bool isShared = llvm::is_contained(loops.a, expr);
      loopOf.push_back(loop);
      kinds.push_back(!loops.isParallel(loop) ? Depth
                      : isShared              ? Batch
                                              : Column);
      (kinds.back() == Depth   ? depth
       : kinds.back() == Batch ? batch
                               : columns) *= size;
      if (kinds.back() == Batch)
        shape.push_back(size);
    }
    // Several dimensions of a kind become one in the order of their loops.
    llvm::SmallVector<size_t> order;
    for (size_t i = 0; i < loopOf.size(); ++i)
      order.push_back(i);
    llvm::sort(order,
               [&](size_t i, size_t j) { return loopOf[i] < loopOf[j]; });
    int64_t panels = (columns + width - 1) / width,
            groups = (depth + group - 1) / group;
    shape.append({panels, groups, width, group});
    NpyArray packed = makeArray(DType::I8, shape);
    std::fill_n(packed.data(), packed.bytes().size(), 0);
    Shape index(loops.bShape.size(), 0);
    for (int64_t i = 0, e = plain.numElements(); i < e; ++i) {
      int64_t rest = i, at[3] = {0, 0, 0};
      for (size_t d = index.size(); d-- > 0;) {
        index[d] = rest % loops.bShape[d];
        rest /= loops.bShape[d];
      }
      for (size_t d = 0; d < index.size(); ++d)
        if (kinds[d] == Batch)
          at[Batch] = at[Batch] * loops.bShape[d] + index[d];
      for (size_t d : order)
        if (kinds[d] != Batch)
          at[kinds[d]] = at[kinds[d]] * loops.bShape[d] + index[d];
      int64_t n = at[Column], k = at[Depth];
      int64_t to = at[Batch] * panels + n / width;
      to = ((to * groups + k / group) * width + n % width) * group + k % group;
      packed.elements<int8_t>()[to] = plain.elements<int8_t>()[i];
    }
    return packed;
  }

  Operand makeFloat(const Shape &shape) {
    Operand operand;
    bool isByte = random.oneIn(2);
    const char *name =
        isByte ? random.pick({"f8E4M3FN", "f8E5M2"})
               : random.pick({"f6E3M2FN", "f6E2M3FN", "f4E2M1FN", "f8E4M3FN"});
    operand.type = tensor(shape, std::string("!lowbit.float<") + name + ">");
    if (isByte) {
      std::string plain = tensor(shape, "i8");
      // Few NaN, or all sums are: most codes below the largest exponents.
      NpyArray codes = makeBytes(random, shape, 0, 100);
      if (random.oneIn(2))
        for (int8_t &code : codes.elements<int8_t>())
          code = int8_t(random.oneIn(3) ? code - 128 : code);
      if (random.oneIn(4))
        codes.elements<int8_t>()[0] = int8_t(random.range(-128, 127));
      operand.value = castFrom(function.addArgument(plain, std::move(codes)),
                               plain, operand.type);
      return operand;
    }
    std::string f = tensor(shape, "f32");
    std::string floats = function.addArgument(f, makeSoftFloats(random, shape));
    operand.value = function.add("lowbit.quantize " + floats +
                                 " {scale = dense<1.0> : tensor<f32>} : " + f +
                                 " -> " + operand.type);
    return operand;
  }

  void addZeroPoint(const std::string &name, const Operand &operand) {
    if (random.oneIn(3))
      return;
    Shape shape;
    if (operand.axis && random.oneIn(2))
      shape = {loops.bShape[*operand.axis]};
    NpyArray array = makeArray(DType::I32, shape);
    llvm::SmallVector<std::string> texts;
    for (int32_t &value : array.elements<int32_t>()) {
      value = int32_t(random.range(operand.format.min, operand.format.max));
      texts.push_back(std::to_string(value));
    }
    std::string elements = dense(texts, shape, "i32"),
                type = tensor(shape, "i32");
    switch (random.range(0, 2)) {
    case 0:
      attributes += ", " + name + " = " + elements;
      return;
    case 1:
      operands += " " + name + "(" + function.addConstant(elements) + " : " +
                  type + ")";
      return;
    default:
      operands += " " + name + "(" +
                  function.addArgument(type, std::move(array)) + " : " + type +
                  ")";
    }
  }

  //===--------------------------------------------------------------------===//
  // Epilogues
  //===--------------------------------------------------------------------===//

  void addExtra(const std::string &type, NpyArray array, bool isWhole = false) {
    addExtra(function.addArgument(type, std::move(array)), type, isWhole);
  }
  /// Along the channels, or a number an element.
  void addExtra(const std::string &value, const std::string &type,
                bool isWhole) {
    between += (isWhole ? map(loops.sizes.size(), loops.c)
                        : map(loops.sizes.size(), {loops.c.back()})) +
               ", ";
    extras.push_back(value);
    extraTypes.push_back(type);
  }

  void epilogueOfI64() {
    element = "i64";
    region = "  ^bb0(%acc: i64):\n    lowbit.yield %acc : i64\n";
    if (random.oneIn(2))
      return;
    addExtra(tensor({channels()}, "f32"), makeSoftFloats(random, {channels()}));
    element = "f32";
    region = "  ^bb0(%acc: i64, %e: f32):\n    %f = arith.sitofp %acc : i64 to "
             "f32\n    %y = arith.mulf %f, %e : f32\n    lowbit.yield %y : "
             "f32\n";
  }

  void epilogueOfI32() {
    switch (random.range(0, 3)) {
    case 0:
      element = "i32";
      region = "  ^bb0(%acc: i32):\n    lowbit.yield %acc : i32\n";
      return;
    case 1: { // A scale for each channel and a zero point, of the run.
      Format format = makeAffine(random, 2, 16);
      element = format.head + ">";
      NpyArray scales = makeArray(DType::F32, {channels()}),
               zeros = makeArray(DType::I32, {channels()});
      for (float &scale : scales.elements<float>())
        scale = std::ldexp(1.0f + random.unit(), int(random.range(-16, -2)));
      for (int32_t &zero : zeros.elements<int32_t>())
        zero = int32_t(random.range(format.min, format.max));
      addExtra(tensor({channels()}, "f32"), std::move(scales));
      addExtra(tensor({channels()}, "i32"), std::move(zeros));
      region = "  ^bb0(%acc: i32, %s: f32, %z: i32):\n    %q = "
               "lowbit.requantize %acc scale(%s : f32) zero_point(%z : i32)" +
               braces({makeRounding(random)}) + " : i32 -> " + element +
               "\n    lowbit.yield %q : " + element + "\n";
      return;
    }
    case 2: { // A residual of its own format, fixed point.
      Format format = makeAffine(random, 2, 16),
             other = makeAffine(random, 8, 8);
      element = format.head + ">";
      std::string plain = tensor(loops.cShape, "i8"),
                  residual = other.head + ">";
      addExtra(castFrom(function.addArgument(
                            plain, makeCodes(random, other, loops.cShape)),
                        plain, tensor(loops.cShape, residual)),
               tensor(loops.cShape, residual), /*isWhole=*/true);
      region =
          "  ^bb0(%acc: i32, %e: " + residual +
          "):\n    %i = lowbit.storage_cast %e : " + residual +
          " to i8\n    %w = arith.extsi %i : i8 to i32\n    %sum = arith.addi "
          "%acc, %w : i32\n    %q = lowbit.requantize %sum {multiplier = "
          "dense<" +
          std::to_string(random.range(1 << 30, INT32_MAX)) +
          "> : tensor<i32>, shift = dense<" +
          std::to_string(random.range(31, 45)) +
          "> : tensor<i8>, zero_point = dense<" +
          std::to_string(random.range(format.min, format.max)) +
          "> : tensor<i32>, fixed_rounding = #lowbit.fixed_rounding<" +
          random.pick({"single_round", "double_round"}) + ">} : i32 -> " +
          element + "\n    lowbit.yield %q : " + element + "\n";
      return;
    }
    default: { // In float, a dequantized residual added.
      Format other = makeAffine(random, 8, 8);
      std::string plain = tensor(loops.cShape, "i8"),
                  residual = other.head + ">";
      addExtra(castFrom(function.addArgument(
                            plain, makeCodes(random, other, loops.cShape)),
                        plain, tensor(loops.cShape, residual)),
               tensor(loops.cShape, residual), /*isWhole=*/true);
      element = "f32";
      region = "  ^bb0(%acc: i32, %e: " + residual +
               "):\n    %f = arith.sitofp %acc : i32 to f32\n    %r = "
               "lowbit.dequantize %e {scale = dense<0.3> : tensor<f32>, "
               "zero_point = dense<" +
               std::to_string(random.range(other.min, other.max)) +
               "> : tensor<i32>} : " + residual +
               " -> f32\n    %y = arith.addf %f, %r : f32\n    %t = math.erf "
               "%y : f32\n    lowbit.yield %t : f32\n";
    }
    }
  }

  Case finish(const Operand &a, const Operand &b) {
    std::string out = tensor(loops.cShape, element);
    std::string init = function.add("tensor.empty() : " + out);
    std::string extra;
    if (!extras.empty())
      extra = " extra(" + llvm::join(extras, ", ") + " : " +
              llvm::join(extraTypes, ", ") + ")";
    std::string y = function.add(
        std::string(isPacked ? "lowbit.packed_contract" : "lowbit.contract") +
        " attributes {indexing_maps = " + loops.maps(between) +
        ", iterator_types = " + loops.types() + attributes + "}\n      ins(" +
        a.value + ", " + b.value + " : " + a.type + ", " + b.type + ")" +
        operands + extra + " outs(" + init + " : " + out + ") {\n" + region +
        "  } -> " + out);
    if (element[0] != '!') {
      function.addResult(y, out);
      return function.finish();
    }
    std::string f = tensor(loops.cShape, "f32");
    function.addResult(function.add("lowbit.dequantize " + y + " " + kUnit +
                                    " : " + out + " -> " + f),
                       f);
    return function.finish();
  }

  Random &random;
  bool isPacked;
  Loops loops;
  FunctionText function;
  std::string attributes, operands, between, element, region;
  llvm::SmallVector<std::string> extras, extraTypes;
};
} // namespace

Case makeOperandsCase(Random &random, int64_t outputs) {
  switch (random.range(0, 3)) {
  case 0:
    return Contraction(random, outputs, false).makeFloat();
  case 1:
    return Contraction(random, outputs, true).makeInteger();
  default:
    return Contraction(random, outputs, false).makeInteger();
  }
}

} // namespace lowbit::differential
