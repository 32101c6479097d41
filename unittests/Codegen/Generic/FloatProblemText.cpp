//===- FloatProblemText.cpp - a float reduction in linalg -----------------===//
//
// See FloatProblem.h.
//
//===----------------------------------------------------------------------===//
#include "FloatProblem.h"

#include <numeric>

namespace lowbit::test {

static std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

static std::vector<std::string> loopNames(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back("d" + std::to_string(i));
  return names;
}

static std::string affineMap(size_t loops, const std::vector<std::string> &e) {
  return "affine_map<(" + join(loopNames(loops)) + ") -> (" + join(e) + ")>";
}

std::string FloatProblem::map(const Operand &operand) const {
  std::vector<std::string> results;
  for (const Dim &dim : operand.dims) {
    std::string sum;
    for (unsigned loop : dim)
      sum += (sum.empty() ? "d" : " + d") + std::to_string(loop);
    results.push_back(sum.empty() ? "0" : sum);
  }
  return affineMap(extents.size(), results);
}

static std::string bodyText(Body body) {
  switch (body) {
  case Body::Add:
    return "%r = arith.addf %s, %x : f32";
  case Body::AddSecond:
    return "%r = arith.addf %x, %s : f32";
  case Body::Multiply:
    return "%r = arith.mulf %s, %x : f32";
  case Body::Maximum:
    return "%r = arith.maximumf %s, %x : f32";
  case Body::Minimum:
    return "%r = arith.minimumf %x, %s : f32";
  case Body::MaxNum:
    return "%r = arith.maxnumf %s, %x : f32";
  case Body::MaxNumSecond:
    return "%r = arith.maxnumf %x, %s : f32";
  case Body::MinNum:
    return "%r = arith.minnumf %s, %x : f32";
  case Body::MinNumSecond:
    return "%r = arith.minnumf %x, %s : f32";
  case Body::AddSquare:
    return "%p = arith.mulf %x, %x : f32\n%r = arith.addf %s, %p : f32";
  case Body::AddDifference:
    return "%p = arith.subf %x, %y : f32\n%r = arith.addf %s, %p : f32";
  case Body::MultiplyAdd:
    return "%p = arith.mulf %x, %y : f32\n%r = arith.addf %s, %p : f32";
  case Body::MultiplyAddLast:
    return "%p = arith.mulf %y, %x : f32\n%r = arith.addf %p, %s : f32";
  case Body::Decay:
    return "%c = arith.constant 0.5 : f32\n%p = arith.mulf %s, %c : f32\n"
           "%r = arith.addf %p, %x : f32";
  }
  return "";
}

static std::string typeOf(const std::vector<int64_t> &sizes,
                          FloatProblem::Shapes shapes, std::mt19937 &random) {
  std::string text = "tensor<";
  for (int64_t size : sizes) {
    bool isKnown = shapes == FloatProblem::Shapes::Static ||
                   (shapes == FloatProblem::Shapes::Mixed && random() % 2);
    text += (isKnown ? std::to_string(size) : "?") + "x";
  }
  return text + "f32>";
}

/// A tensor.empty of type `type`, with the sizes of `like`.
static std::string emptyLike(const std::string &name, const std::string &type,
                             const std::string &like, size_t rank) {
  std::string text;
  std::vector<std::string> sizes;
  size_t at = 0;
  for (size_t d = 0; d < rank; ++d) {
    at = type.find_first_of("?x", d == 0 ? 0 : at + 1);
    bool isDynamic = type[at] == '?';
    at = type.find('x', at);
    if (!isDynamic)
      continue;
    std::string n = name + "_" + std::to_string(d);
    text += n + "c = arith.constant " + std::to_string(d) + " : index\n" + n +
            " = tensor.dim " + like + ", " + n + "c : " + type + "\n";
    sizes.push_back(n);
  }
  return text + name + " = tensor.empty(" + join(sizes) + ") : " + type + "\n";
}

FloatProblem::Text FloatProblem::text(const std::string &prefix, Shapes shapes,
                                      bool keepProducer,
                                      std::mt19937 &random) const {
  Text out;
  std::vector<std::string> names;
  for (size_t i = 0; i < arguments.size(); ++i) {
    names.push_back("%" + prefix + "a" + std::to_string(i));
    out.argumentTypes.push_back(typeOf(arguments[i].sizes, shapes, random));
  }
  std::string read = names[0], readType = out.argumentTypes[0];
  size_t rank = inputs[0].dims.size();
  if (producer != Producer::None) {
    const auto &sizes = inputs[0].shape.sizes;
    // What reads the shape of its source has it static elsewhere.
    bool sameShape = arguments[0].sizes == sizes;
    readType = sameShape ? readType : typeOf(sizes, Shapes::Static, random);
    if (producer == Producer::Splat)
      readType = typeOf(sizes, Shapes::Static, random);
    read = "%" + prefix + "p";
    std::string empty = read + "e";
    std::vector<std::string> loops = loopNames(rank), source = loops;
    std::string identity = affineMap(rank, loops);
    std::vector<std::string> maps, ins = {names[0]},
                                   inTypes = {out.argumentTypes[0]};
    std::string value = "%t";
    std::string extra;
    if (producer == Producer::Transpose)
      source.assign(loops.rbegin(), loops.rend());
    else if (producer == Producer::Broadcast)
      source = {loops.back()};
    else if (producer == Producer::Scalar)
      source = {};
    else if (producer == Producer::Window)
      source = {std::accumulate(
          loops.begin() + 1, loops.end(), loops[0],
          [](const auto &a, const auto &b) { return a + " + " + b; })};
    maps = {affineMap(rank, source)};
    std::string args = "%t: f32, ";
    if (producer == Producer::Scale) {
      extra = "%k = arith.constant 1.25 : f32\n%v = arith.mulf %t, %k : f32\n";
      value = "%v";
    } else if (producer == Producer::Product) {
      extra = "%v = arith.mulf %t, %u : f32\n";
      value = "%v";
      args += "%u: f32, ";
      maps.push_back(identity);
      ins.push_back(names[1]);
      inTypes.push_back(out.argumentTypes[1]);
    }
    maps.push_back(identity);
    if (producer == Producer::Splat) {
      out.operations +=
          read + " = arith.constant dense<3.000000e-01> : " + readType + "\n";
    } else {
      out.operations +=
          emptyLike(empty, readType, names[0], sameShape ? rank : 0);
      if (producer == Producer::Fill) {
        out.operations += read + "k = arith.constant 0.3 : f32\n" + read +
                          " = linalg.fill ins(" + read + "k : f32) outs(" +
                          empty + " : " + readType + ") -> " + readType + "\n";
      } else {
        std::string kinds;
        for (size_t d = 0; d < rank; ++d)
          kinds += d ? ", \"parallel\"" : "\"parallel\"";
        out.operations += read + " = linalg.generic {indexing_maps = [" +
                          join(maps) + "], iterator_types = [" + kinds +
                          "]} ins(" + join(ins) + " : " + join(inTypes) +
                          ") outs(" + empty + " : " + readType + ") {\n^bb0(" +
                          args + "%o: f32):\n" + extra + "linalg.yield " +
                          value + " : f32\n} -> " + readType + "\n";
      }
    }
  }

  std::vector<std::string> maps, kinds, ins = {read}, inTypes = {readType};
  for (const Operand &operand : inputs)
    maps.push_back(map(operand));
  maps.push_back(map(output));
  for (bool reduces : isReduction)
    kinds.push_back(reduces ? "\"reduction\"" : "\"parallel\"");
  if (inputs.size() > 1) {
    size_t second = producer == Producer::Product ? 2 : 1;
    ins.push_back(names[second]);
    inTypes.push_back(out.argumentTypes[second]);
  }
  std::string init = names.back(), initType = out.argumentTypes.back();
  if (fillsInit) {
    std::string fill = "%" + prefix + "i";
    out.operations += emptyLike(fill + "e", initType, init, output.dims.size());
    out.operations += fill + "k = arith.constant -0.25 : f32\n" + fill +
                      " = linalg.fill ins(" + fill + "k : f32) outs(" + fill +
                      "e : " + initType + ") -> " + initType + "\n";
    init = fill;
  }
  std::string result = "%" + prefix + "r";
  out.operations += result + " = linalg.generic {indexing_maps = [" +
                    join(maps) + "], iterator_types = [" + join(kinds) +
                    "]} ins(" + join(ins) + " : " + join(inTypes) + ") outs(" +
                    init + " : " + initType + ") {\n^bb0(%x: f32, " +
                    (inputs.size() > 1 ? "%y: f32, " : "") + "%s: f32):\n" +
                    bodyText(body) + "\nlinalg.yield %r : f32\n} -> " +
                    initType + "\n";
  out.results = {result};
  out.resultTypes = {initType};
  if (keepProducer && producer != Producer::None) {
    out.results.push_back(read);
    out.resultTypes.push_back(readType);
  }
  return out;
}

std::string FloatProblem::describe() const {
  std::mt19937 random(1);
  Text whole = text("", Shapes::Static, false, random);
  return join(whole.argumentTypes) + "\n" + whole.operations;
}

} // namespace lowbit::test
