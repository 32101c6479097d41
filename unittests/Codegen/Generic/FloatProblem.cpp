//===- FloatProblem.cpp - a float reduction, and what it is ---------------===//
//
// See FloatProblem.h.
//
//===----------------------------------------------------------------------===//
#include "FloatProblem.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace lowbit::test {

int64_t FloatTensor::count() const {
  int64_t n = 1;
  for (int64_t size : sizes)
    n *= size;
  return n;
}

static unsigned pick(std::mt19937 &random, unsigned count) {
  return random() % count;
}

static bool isExtreme(Body body) {
  return body >= Body::Maximum && body <= Body::MinNumSecond;
}

static bool readsTwo(Body body) {
  return body == Body::AddDifference || body == Body::MultiplyAdd ||
         body == Body::MultiplyAddLast;
}

static FloatTensor randomTensor(std::vector<int64_t> sizes, Body body,
                                std::mt19937 &random) {
  FloatTensor tensor{std::move(sizes), {}};
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float special[] = {0.0f,  -0.0f, 1e-41f, -3e-42f,      0.0f,
                           -0.0f, inf,   -inf,   std::nanf("")};
  for (int64_t i = 0, n = tensor.count(); i < n; ++i) {
    // Products of many stay in range, sums do not cancel out.
    float x = static_cast<int32_t>(random()) * 0x1p-31f;
    if (body == Body::Multiply)
      x = 1.0f + x * 0.25f;
    else if (pick(random, 8) == 0)
      x = special[pick(random, isExtreme(body) ? 9 : 6)];
    tensor.elements.push_back(x);
  }
  // Whole tensors of zeros of either sign, which have an order.
  if (isExtreme(body) && pick(random, 2) == 0)
    for (float &x : tensor.elements)
      x = x != x ? x : std::copysign(0.0f, x);
  return tensor;
}

FloatProblem::FloatProblem(std::mt19937 &random) {
  static const int64_t sizes[] = {0,  1,  1,  2,  3,  5,  15,  16,
                                  17, 31, 33, 64, 65, 70, 128, 200};
  unsigned count = 1 + pick(random, 4);
  int64_t total = 1;
  for (unsigned loop = 0; loop < count; ++loop) {
    int64_t size = sizes[pick(random, std::size(sizes))];
    if (size == 0 && pick(random, 3) != 0)
      size = 4;
    while (total * size > 20000)
      size = (size + 1) / 3;
    total *= std::max<int64_t>(size, 1);
    extents.push_back(size);
    isReduction.push_back(pick(random, 2));
  }
  isReduction[pick(random, count)] = true;
  // Half of them sums and contractions.
  static const Body frequent[] = {Body::Add, Body::AddSquare,
                                  Body::AddDifference, Body::MultiplyAdd};
  body = pick(random, 2) ? frequent[pick(random, 4)]
                         : Body(pick(random, unsigned(Body::Last) + 1));
  producer = pick(random, 2)
                 ? Producer::None
                 : Producer(pick(random, unsigned(Producer::Last) + 1));
  fillsInit = pick(random, 2);

  std::vector<unsigned> all, parallel;
  for (unsigned loop = 0; loop < count; ++loop) {
    all.push_back(loop);
    if (!isReduction[loop])
      parallel.push_back(loop);
  }
  output = randomOperand(random, parallel);
  inputs.push_back(randomOperand(random, all));
  if (readsTwo(body) || pick(random, 3) == 0) {
    // The second one gives the loops that the first one lacks.
    inputs.push_back(randomOperand(random, all));
    std::vector<Dim> kept;
    bool isFull = std::count(extents.begin(), extents.end(), 0) == 0;
    for (const Dim &dim : inputs[0].dims)
      if (pick(random, 4) != 0)
        kept.push_back(dim);
    if (isFull && count > 1 && pick(random, 3) == 0)
      kept = {{0, count - 1}};
    inputs[0].dims = kept;
    giveSizes(inputs[0]);
  }

  // A linear window needs at least two dimensions.
  const Operand &read = inputs[0];
  size_t rank = read.dims.size();
  if (producer == Producer::Window && (rank < 2 || read.shape.count() == 0))
    producer = Producer::Scale;
  if (producer == Producer::Broadcast && rank == 0)
    producer = Producer::Scalar;
  std::vector<int64_t> source = read.shape.sizes;
  switch (producer) {
  case Producer::Transpose:
    std::reverse(source.begin(), source.end());
    break;
  case Producer::Broadcast:
    source = {source.back()};
    break;
  case Producer::Window: {
    int64_t length = 1;
    for (int64_t size : source)
      length += size - 1;
    source = {length};
    break;
  }
  case Producer::Scalar:
    source = {};
    break;
  default:
    break;
  }
  arguments.push_back(randomTensor(source, body, random));
  if (producer == Producer::Product)
    arguments.push_back(randomTensor(source, body, random));
  if (inputs.size() > 1)
    arguments.push_back(randomTensor(inputs[1].shape.sizes, body, random));
  arguments.push_back(randomTensor(output.shape.sizes, body, random));
  if (fillsInit)
    std::fill(arguments.back().elements.begin(),
              arguments.back().elements.end(), -0.25f);
}

FloatProblem::Operand FloatProblem::randomOperand(std::mt19937 &random,
                                                  std::vector<unsigned> loops) {
  if (pick(random, 3) == 0)
    std::shuffle(loops.begin(), loops.end(), random);
  Operand operand;
  for (unsigned loop : loops)
    operand.dims.push_back({loop});
  if (!loops.empty() && loops.size() < extents.size() && pick(random, 4) == 0)
    operand.dims.insert(
        operand.dims.begin() + pick(random, operand.dims.size() + 1), Dim());
  giveSizes(operand);
  return operand;
}

void FloatProblem::giveSizes(Operand &operand) const {
  operand.shape.sizes.clear();
  for (const Dim &dim : operand.dims) {
    int64_t size = 1;
    for (unsigned loop : dim)
      size += extents[loop] - 1;
    operand.shape.sizes.push_back(size);
  }
}

int64_t FloatProblem::offset(const Operand &operand,
                             const std::vector<int64_t> &i) const {
  int64_t at = 0;
  for (size_t d = 0; d < operand.dims.size(); ++d) {
    int64_t index = 0;
    for (unsigned loop : operand.dims[d])
      index += i[loop];
    at = at * operand.shape.sizes[d] + index;
  }
  return at;
}

//===----------------------------------------------------------------------===//
// The rules
//===----------------------------------------------------------------------===//

static float maximum(float a, float b) {
  if (a != a || b != b)
    return std::nanf("");
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

static float maxNum(float a, float b) {
  return maximum(a != a ? b : a, b != b ? a : b);
}

float FloatProblem::combine(float s, float x, float y) const {
  switch (body) {
  case Body::Add:
    return s + x;
  case Body::AddSecond:
    return x + s;
  case Body::Multiply:
    return s * x;
  case Body::Maximum:
    return maximum(s, x);
  case Body::Minimum:
    return -maximum(-x, -s);
  case Body::MaxNum:
    return maxNum(s, x);
  case Body::MaxNumSecond:
    return maxNum(x, s);
  case Body::MinNum:
    return -maxNum(-s, -x);
  case Body::MinNumSecond:
    return -maxNum(-x, -s);
  case Body::AddSquare: {
    float square = x * x;
    return s + square;
  }
  case Body::AddDifference: {
    float difference = x - y;
    return s + difference;
  }
  case Body::MultiplyAdd:
  case Body::MultiplyAddLast:
    return std::fma(x, y, s);
  case Body::Decay: {
    float half = s * 0.5f;
    return half + x;
  }
  }
  return 0;
}

bool FloatProblem::isFused() const {
  return body == Body::MultiplyAdd || body == Body::MultiplyAddLast;
}

bool FloatProblem::hasTree() const {
  if (isFused() || body == Body::Decay || !isReduction.back())
    return false;
  for (const Operand &operand : inputs)
    for (const Dim &dim : operand.dims)
      if (dim.size() > 1)
        return false;
  return true;
}

/// All points of the box, the last dimension fastest.
static void forEach(const std::vector<int64_t> &extents,
                    const std::function<void(std::vector<int64_t> &)> &visit) {
  for (int64_t extent : extents)
    if (extent == 0)
      return;
  std::vector<int64_t> i(extents.size(), 0);
  for (;;) {
    visit(i);
    size_t d = extents.size();
    while (d > 0 && ++i[d - 1] == extents[d - 1])
      i[--d] = 0;
    if (d == 0)
      return;
  }
}

FloatTensor FloatProblem::produced() const {
  const FloatTensor &t = arguments[0];
  FloatTensor result{inputs[0].shape.sizes, {}};
  forEach(result.sizes, [&](std::vector<int64_t> &i) {
    int64_t at = result.elements.size(), sum = 0, reversed = 0;
    for (size_t d = i.size(); d-- > 0;)
      reversed = reversed * result.sizes[d] + i[d];
    for (int64_t index : i)
      sum += index;
    float x = 0;
    switch (producer) {
    case Producer::None:
      x = t.elements[at];
      break;
    case Producer::Scale:
      x = t.elements[at] * 1.25f;
      break;
    case Producer::Product:
      x = t.elements[at] * arguments[1].elements[at];
      break;
    case Producer::Transpose:
      x = t.elements[reversed];
      break;
    case Producer::Broadcast:
      x = t.elements[i.back()];
      break;
    case Producer::Window:
      x = t.elements[sum];
      break;
    case Producer::Scalar:
      x = t.elements[0];
      break;
    case Producer::Splat:
    case Producer::Fill:
      x = 0.3f;
      break;
    }
    result.elements.push_back(x);
  });
  return result;
}

std::vector<FloatTensor> FloatProblem::evaluate(bool keepProducer) const {
  FloatTensor first = produced();
  FloatTensor second = inputs.size() > 1
                           ? arguments[producer == Producer::Product ? 2 : 1]
                           : FloatTensor();
  FloatTensor result = arguments.back();

  // The accumulators of each element: one, or those of the tree.
  float identity =
      body == Body::Multiply  ? 1.0f
      : body == Body::Maximum ? -std::numeric_limits<float>::infinity()
      : body == Body::Minimum ? std::numeric_limits<float>::infinity()
      : isExtreme(body)       ? std::nanf("")
                              : -0.0f;
  size_t lanes = hasTree() ? 64 : 1;
  std::vector<float> sums;
  for (float start : result.elements)
    sums.insert(sums.end(), lanes, hasTree() ? identity : start);

  forEach(extents, [&](std::vector<int64_t> &i) {
    float x = first.elements[offset(inputs[0], i)];
    float y = inputs.size() > 1 ? second.elements[offset(inputs[1], i)] : 0.0f;
    float &sum = sums[offset(output, i) * lanes + i.back() % lanes];
    sum = combine(sum, x, y);
  });
  if (!hasTree())
    result.elements = sums;
  // Partial results are combined as they are: the body's terms are in them.
  auto join = [&](float a, float b) {
    return body == Body::AddSquare || body == Body::AddDifference ||
                   body == Body::AddSecond
               ? a + b
               : combine(a, b, 0);
  };
  for (size_t e = 0; hasTree() && e < result.elements.size(); ++e) {
    float *acc = &sums[e * lanes], v[16];
    for (int l = 0; l < 16; ++l)
      v[l] = join(join(acc[l], acc[16 + l]), join(acc[32 + l], acc[48 + l]));
    for (int half = 8; half >= 1; half /= 2)
      for (int l = 0; l < half; ++l)
        v[l] = join(v[l], v[l + half]);
    float &out = result.elements[e];
    out = join(out, v[0]);
  }
  std::vector<FloatTensor> results{result};
  if (keepProducer && producer != Producer::None)
    results.push_back(first);
  return results;
}
} // namespace lowbit::test
