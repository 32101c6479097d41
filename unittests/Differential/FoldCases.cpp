//===- FoldCases.cpp - chains that folds rewrite --------------------------===//
//
// quantize, dequantize, requantize, storage casts, data movement and look-ups
// of one value after the other, from an argument or a constant: what the
// canonicalizer and phase 5 fold, and what they must not.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {
namespace {

class Chain {
public:
  Chain(Random &random, int64_t elements) : random(random), most(elements * 4) {
    shape = makeShape(random, random.range(1, 3), elements);
    if (random.oneIn(3)) {
      int64_t &size = shape[random.range(0, int64_t(shape.size()) - 1)];
      size = (size + 7) / 8 * 8;
    }
    type = shape;
    begin();
  }

  Case make() {
    for (int64_t i = 0, e = random.range(3, 9); i < e; ++i)
      step();
    end();
    Case result = function.finish();
    result.folds = true;
    result.foldsExactly = !hasOddScale;
    return result;
  }

private:
  enum class Kind { Float, Quantized, Integer };

  void begin() {
    bool isConstant = product(shape) <= 400 && random.oneIn(2);
    NpyArray array = makeFloats(random, shape, 1.0f);
    if (!isConstant) {
      llvm::SmallVector<bool> all(shape.size(), true);
      type = makeDynamic(random, shape, all);
      value = function.addArgument(tensor(type, "f32"), std::move(array));
      return;
    }
    llvm::SmallVector<std::string> texts;
    for (float each : array.elements<float>())
      texts.push_back(literal(each));
    value = function.addConstant(dense(texts, shape, "f32"));
    if (random.oneIn(3))
      return;
    QuantizationOptions options;
    options.isWeight = true;
    q = makeQuantization(random, function, shape, options);
    set(q.quantize(value, type));
    set(q.dequantize(value, type));
    isUnmoved = true;
    for (int64_t i = 0, e = random.range(0, 3); i < e; ++i)
      move();
  }

  std::string element() const {
    return kind == Kind::Float       ? "f32"
           : kind == Kind::Quantized ? q.element
                                     : q.storageElement();
  }
  std::string text() const { return tensor(type, element()); }
  bool isDynamic() const { return llvm::is_contained(type, -1); }
  void set(const std::string &operation) { value = function.add(operation); }

  void castTo(const Shape &to) {
    if (to == type)
      return;
    set("tensor.cast " + value + " : " + text() + " to " +
        tensor(to, element()));
    type = to;
  }

  void step() {
    switch (kind) {
    case Kind::Float:
      if (random.oneIn(5))
        function.addResult(value, text());
      switch (random.range(0, 6)) {
      case 0:
      case 1:
        return move();
      case 2:
        return lookUp();
      default:
        return quantize();
      }
    case Kind::Quantized:
      switch (random.range(0, 5)) {
      case 0:
        return requantize();
      case 1:
        return toIntegers();
      default:
        set(q.dequantize(value, type));
        kind = Kind::Float;
        isUnmoved = true;
        return;
      }
    case Kind::Integer:
      if (isMovable && random.oneIn(2))
        return move();
      return fromIntegers();
    }
  }

  void end() {
    if (kind == Kind::Quantized && q.isStoredInBytes())
      toIntegers();
    if (kind == Kind::Integer && !q.isStoredInBytes())
      fromIntegers();
    if (kind == Kind::Quantized) {
      set(q.dequantize(value, type));
      kind = Kind::Float;
    }
    function.addResult(value, text());
  }

  //===--------------------------------------------------------------------===//
  // Quantization
  //===--------------------------------------------------------------------===//

  /// With the parameters of the dequantize before, with almost those, or new
  /// ones.
  void quantize() {
    if (isUnmoved && random.oneIn(2)) {
      vary();
    } else {
      q = makeQuantization(random, function, shape);
      hasOddScale |= q.hasOddScale;
    }
    isUnmoved = false;
    castTo(shape); // Parameters along a dimension need its size.
    if (q.isPerTensor() && !q.pack && random.oneIn(3)) {
      llvm::SmallVector<bool> all(shape.size(), true);
      castTo(makeDynamic(random, shape, all));
    }
    if (random.oneIn(8)) {
      set(q.fakeQuant(value, type));
      return;
    }
    set(q.quantize(value, type));
    kind = Kind::Quantized;
  }

  /// A scale that differs by one ulp or a factor of 2, another zero point.
  bool alter(Parameter &p) {
    size_t hex = p.elements.find("0x");
    if (p.name == "scale" && p.type.find("f32") != std::string::npos) {
      // The lowest digit, or the one with the lowest bit of the exponent.
      char &digit = p.elements[hex + (random.oneIn(2) ? 9 : 4)];
      digit = llvm::hexdigit(llvm::hexDigitValue(digit) ^ 8);
      return true;
    }
    if (p.name != "zero_point" || !q.isPerTensor())
      return false;
    p.elements = "dense<" +
                 std::to_string(random.range(q.format.min, q.format.max)) +
                 "> : tensor<i32>";
    return true;
  }

  /// Equal parameters in another place, or almost equal ones.
  void vary() {
    for (Parameter &p : q.parameters) {
      if (p.elements.empty())
        continue;
      if (random.oneIn(3))
        p.value = p.value.empty() ? function.addConstant(p.elements) : "";
      bool isOther = random.oneIn(4) && alter(p);
      if (isOther && !p.value.empty())
        p.value = function.addConstant(p.elements);
    }
    if (random.oneIn(3) && q.format.isAffine)
      q.arithmetic = makeRounding(random);
  }

  void requantize() {
    if (!q.format.isAffine || q.pack)
      return;
    QuantizationOptions options;
    options.onlyAffine = options.onlyPerTensor = true;
    options.mayPack = false;
    Quantization to = makeQuantization(random, function, shape, options);
    hasOddScale |= to.hasOddScale;
    std::string scale =
        random.oneIn(2)
            ? "scale = dense<" +
                  literal(std::ldexp(1.0f + random.unit(),
                                     int(random.range(-8, 4)))) +
                  "> : tensor<f32>"
            : "multiplier = dense<" +
                  std::to_string(random.range(1 << 30, INT32_MAX)) +
                  "> : tensor<i32>, shift = dense<" +
                  std::to_string(random.range(29, 36)) + "> : tensor<i8>";
    std::string zeroPoint =
        "zero_point = dense<" +
        std::to_string(random.range(to.format.min, to.format.max)) +
        "> : tensor<i32>";
    std::string input =
        "input_zero_point = " +
        std::to_string(random.range(q.format.min, q.format.max)) + " : i32";
    set("lowbit.requantize " + value + braces({scale, zeroPoint, input}) +
        " : " + text() + " -> " + tensor(type, to.element));
    q = std::move(to);
  }

  void toIntegers() {
    castTo(shape);
    set("lowbit.storage_cast " + value + " : " + text() + " to " +
        q.storage(type));
    kind = Kind::Integer;
    isMovable = q.isPerTensor() && !q.pack;
    if (q.pack)
      type = shape = stored();
  }
  Shape stored() const {
    Shape result = shape;
    result[*q.pack] = result[*q.pack] * int64_t(q.format.width) / 8;
    return result;
  }

  void fromIntegers() {
    std::string from = text();
    if (q.pack) // Not moved since.
      type = shape = q.shape;
    set("lowbit.storage_cast " + value + " : " + from + " to " +
        tensor(type, q.element));
    kind = Kind::Quantized;
  }

  //===--------------------------------------------------------------------===//
  // Data movement
  //===--------------------------------------------------------------------===//

  void move() {
    isUnmoved = false;
    switch (random.range(0, 6)) {
    case 0:
      return transpose();
    case 1:
      return collapse();
    case 2:
      return expand();
    case 3:
      return slice();
    case 4:
      return pad();
    case 5:
      return concat();
    case 6:
      return broadcast();
    }
  }

  /// An empty tensor whose dimension i is dimension `from[i]` of the value, or
  /// of a static size.
  std::string empty(const Shape &result, const Shape &from) {
    std::string sizes;
    for (size_t i = 0; i < result.size(); ++i)
      if (result[i] < 0) {
        std::string dim =
            function.addConstant(std::to_string(from[i]) + " : index");
        sizes +=
            (sizes.empty() ? "" : ", ") +
            function.add("tensor.dim " + value + ", " + dim + " : " + text());
      }
    return function.add("tensor.empty(" + sizes +
                        ") : " + tensor(result, element()));
  }

  static std::string list(const Shape &numbers) {
    std::string text;
    for (int64_t each : numbers)
      text += (text.empty() ? "" : ", ") + std::to_string(each);
    return "[" + text + "]";
  }

  void transpose() {
    Shape order;
    for (size_t i = 0; i < shape.size(); ++i)
      order.insert(order.begin() + random.range(0, int64_t(i)), int64_t(i));
    Shape newShape, newType;
    for (int64_t dim : order) {
      newShape.push_back(shape[dim]);
      newType.push_back(type[dim]);
    }
    std::string init = empty(newType, order), out = tensor(newType, element());
    set("linalg.transpose ins(" + value + " : " + text() + ") outs(" + init +
        " : " + out + ") permutation = " + list(order));
    shape = newShape;
    type = newType;
  }

  void broadcast() {
    int64_t dim = random.range(0, int64_t(shape.size())),
            size = random.range(1, 3);
    if (shape.size() > 3 || product(shape) * size > most)
      return;
    Shape newShape = shape, newType = type, from;
    for (size_t i = 0; i < shape.size(); ++i)
      from.push_back(int64_t(i));
    newShape.insert(newShape.begin() + dim, size);
    newType.insert(newType.begin() + dim, size);
    from.insert(from.begin() + dim, -1);
    std::string init = empty(newType, from), out = tensor(newType, element());
    set("linalg.broadcast ins(" + value + " : " + text() + ") outs(" + init +
        " : " + out + ") dimensions = [" + std::to_string(dim) + "]");
    shape = newShape;
    type = newType;
  }

  /// `[[0], [1, 2]]`, dimensions `at` and the next in one group.
  static std::string groups(int64_t rank, int64_t at) {
    std::string text;
    for (int64_t i = 0; i < rank; ++i) {
      text += (text.empty() ? "[" : ", [") + std::to_string(i);
      if (i == at)
        text += ", " + std::to_string(++i);
      text += "]";
    }
    return "[" + text + "]";
  }

  void collapse() {
    if (shape.size() < 2)
      return;
    castTo(shape);
    int64_t rank = shape.size(), at = random.range(0, rank - 2);
    Shape merged = shape;
    merged[at] *= merged[at + 1];
    merged.erase(merged.begin() + at + 1);
    set("tensor.collapse_shape " + value + " " + groups(rank, at) + " : " +
        text() + " into " + tensor(merged, element()));
    shape = type = merged;
  }

  void expand() {
    int64_t rank = shape.size(), at = random.range(0, rank - 1);
    if (rank > 3)
      return;
    castTo(shape);
    int64_t factor = random.pick({1, 2, 3, 5});
    if (shape[at] % factor != 0)
      factor = 1;
    Shape split = shape;
    bool isFirst = random.oneIn(2);
    split[at] = isFirst ? factor : shape[at] / factor;
    split.insert(split.begin() + at + 1, isFirst ? shape[at] / factor : factor);
    set("tensor.expand_shape " + value + " " + groups(rank + 1, at) +
        " output_shape " + list(split) + " : " + text() + " into " +
        tensor(split, element()));
    shape = type = split;
  }

  void slice() {
    Shape offsets, sizes, strides, kept;
    bool reduces = random.oneIn(3);
    for (size_t i = 0; i < shape.size(); ++i) {
      bool isWhole = random.oneIn(2);
      int64_t stride = isWhole ? 1 : random.range(1, 2),
              offset = isWhole ? 0 : random.range(0, (shape[i] - 1) / 2),
              longest = (shape[i] - offset + stride - 1) / stride;
      int64_t size = isWhole ? shape[i] : random.range(1, longest);
      offsets.push_back(offset);
      sizes.push_back(size);
      strides.push_back(stride);
      if (!(reduces && size == 1 && shape.size() > 1 &&
            kept.size() + shape.size() - i > 1))
        kept.push_back(size);
    }
    set("tensor.extract_slice " + value + list(offsets) + " " + list(sizes) +
        " " + list(strides) + " : " + text() + " to " +
        tensor(kept, element()));
    shape = type = kept;
  }

  void pad() {
    Shape low, high, newShape, newType;
    for (size_t i = 0; i < shape.size(); ++i) {
      low.push_back(random.oneIn(2) ? 0 : random.range(0, 2));
      high.push_back(random.oneIn(2) ? 0 : random.range(0, 2));
      newShape.push_back(shape[i] + low[i] + high[i]);
      newType.push_back(type[i] < 0 ? -1 : newShape[i]);
    }
    if (product(newShape) > most)
      return;
    std::string with =
        kind == Kind::Float ? random.pick({"0.0", "0.0", "-0.0", "1.5"}) : "0";
    std::string constant = function.addConstant(with + " : " + element());
    std::string indices;
    for (size_t i = 0; i < shape.size(); ++i)
      indices += (i ? ", %i" : "%i") + std::to_string(i) + ": index";
    set("tensor.pad " + value + " low" + list(low) + " high" + list(high) +
        " {\n  ^bb0(" + indices + "):\n    tensor.yield " + constant + " : " +
        element() + "\n  } : " + text() + " to " + tensor(newType, element()));
    shape = newShape;
    type = newType;
  }

  void concat() {
    if (product(shape) * 2 > most)
      return;
    castTo(shape);
    int64_t dim = random.range(0, int64_t(shape.size()) - 1);
    Shape longer = shape;
    longer[dim] *= 2;
    set("tensor.concat dim(" + std::to_string(dim) + ") " + value + ", " +
        value + " : (" + text() + ", " + text() + ") -> " +
        tensor(longer, element()));
    shape = type = longer;
  }

  /// Elements in reverse, by their indices.
  void lookUp() {
    isUnmoved = false;
    castTo(shape);
    int64_t rank = shape.size();
    llvm::SmallVector<std::string> dims, iterators, indices;
    std::string body;
    std::string init = empty(shape, shape);
    for (int64_t i = 0; i < rank; ++i) {
      std::string d = std::to_string(i);
      dims.push_back("d" + d);
      iterators.push_back("\"parallel\"");
      indices.push_back("%r" + d);
      std::string last =
          function.addConstant(std::to_string(shape[i] - 1) + " : index");
      body += "    %i" + d + " = linalg.index " + d + " : index\n    %r" + d +
              " = arith.subi " + last + ", %i" + d + " : index\n";
    }
    set("linalg.generic {indexing_maps = [" + map(rank, dims) +
        "], iterator_types = [" + llvm::join(iterators, ", ") + "]} outs(" +
        init + " : " + text() + ") {\n  ^bb0(%o: f32):\n" + body +
        "    %e = tensor.extract " + value + "[" + llvm::join(indices, ", ") +
        "] : " + text() + "\n    linalg.yield %e : f32\n  } -> " + text());
  }

  Random &random;
  int64_t most;
  FunctionText function;
  Kind kind = Kind::Float;
  std::string value;
  Shape shape, type;
  Quantization q;         ///< of the value, or of the last that was quantized
  bool isUnmoved = false; ///< a dequantize with `q` has just made it
  bool isMovable = false; ///< integers that `q` still fits after movement
  bool hasOddScale = false;
};
} // namespace

Case makeFoldCase(Random &random, int64_t outputs) {
  return Chain(random, outputs).make();
}

} // namespace lowbit::differential
