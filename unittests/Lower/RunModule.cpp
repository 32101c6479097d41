//===- RunModule.cpp - compiles and runs a module in the test -------------===//
//
// See RunModule.h.
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Codegen/CPU/Bufferization.h"
#include "lowbit/Run/Program.h"

#include "mlir/Parser/Parser.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

using namespace mlir;

namespace lowbit::test {

MLIRContext &context() {
  static MLIRContext &shared = *[] {
    DialectRegistry registry;
    registerCodegenDialects(registry);
    auto *made = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return shared;
}

template <typename T>
static NpyArray makeArray(DType dtype, const Shape &shape,
                          const std::vector<T> &values) {
  NpyArray array = llvm::cantFail(NpyArray::create(dtype, shape));
  if (!values.empty())
    std::memcpy(array.data(), values.data(), values.size() * sizeof(T));
  return array;
}
NpyArray arrayOf(const Shape &shape, const std::vector<float> &values) {
  return makeArray(DType::F32, shape, values);
}
NpyArray arrayOf(const Shape &shape, const std::vector<int32_t> &values) {
  return makeArray(DType::I32, shape, values);
}
NpyArray arrayOf(const Shape &shape, const std::vector<int8_t> &values) {
  return makeArray(DType::I8, shape, values);
}
NpyArray arrayOf(const Shape &shape, const std::vector<int16_t> &values) {
  return makeArray(DType::I16, shape, values);
}

std::vector<NpyArray> runModule(const std::string &text,
                                const std::vector<NpyArray> &inputs) {
  auto fail = [&](const std::string &what) -> std::runtime_error {
    return std::runtime_error(what + "\n" + text);
  };
  auto module = parseSourceString<ModuleOp>(text, &context());
  if (!module)
    throw fail("cannot parse");
  auto program = Program::compile(std::move(module), {});
  if (!program)
    throw fail("cannot compile: " + llvm::toString(program.takeError()));
  std::vector<const NpyArray *> pointers;
  for (const NpyArray &input : inputs)
    pointers.push_back(&input);
  auto results = (*program)->run(pointers);
  if (!results)
    throw fail("cannot run: " + llvm::toString(results.takeError()));
  return std::move(*results);
}

std::string tensorType(const Shape &shape, const std::string &element,
                       bool isDynamic) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += (isDynamic ? "?" : std::to_string(size)) + "x";
  return text + element + ">";
}

std::vector<int32_t> integersOf(const NpyArray &array) {
  auto copy = [](auto elements) {
    return std::vector<int32_t>(elements.begin(), elements.end());
  };
  if (array.dtype == DType::I8)
    return copy(array.elements<int8_t>());
  if (array.dtype == DType::I16)
    return copy(array.elements<int16_t>());
  return copy(array.elements<int32_t>());
}

static uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(x));
  return bits;
}

::testing::AssertionResult haveSameBits(llvm::ArrayRef<float> got,
                                        const std::vector<float> &wanted) {
  if (got.size() != wanted.size())
    return ::testing::AssertionFailure()
           << got.size() << " elements instead of " << wanted.size();
  for (size_t i = 0; i < got.size(); ++i) {
    bool isSame = bitsOf(got[i]) == bitsOf(wanted[i]) ||
                  (std::isnan(got[i]) && std::isnan(wanted[i]));
    if (!isSame)
      return ::testing::AssertionFailure()
             << "element " << i << " is " << got[i] << " (" << std::hex
             << bitsOf(got[i]) << ") instead of " << wanted[i] << " ("
             << bitsOf(wanted[i]) << ")";
  }
  return ::testing::AssertionSuccess();
}

float interestingFloat(std::mt19937 &random, float scale) {
  using Limits = std::numeric_limits<float>;
  static const float special[] = {0.0f,
                                  -0.0f,
                                  Limits::infinity(),
                                  -Limits::infinity(),
                                  Limits::quiet_NaN(),
                                  -Limits::quiet_NaN(),
                                  Limits::denorm_min(),
                                  -Limits::denorm_min(),
                                  Limits::min(),
                                  Limits::max(),
                                  Limits::lowest(),
                                  0x1p62f,
                                  -0x1p63f,
                                  0x1p64f,
                                  464.0f,
                                  61440.0f};
  switch (random() % 6) {
  case 0:
    return special[random() % std::size(special)];
  case 1: { // any float
    uint32_t bits = random();
    float x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  }
  case 2: // ties of integers and of small floats
    return (float(int(random() % 1100) - 550) + 0.5f) * scale;
  case 3:
    return float(int(random() % 512) - 256) * 0x1p-6f * scale;
  default:
    return float(int32_t(random())) * 0x1p-31f * scale *
           float(1u << (random() % 18));
  }
}

int64_t countOf(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

} // namespace lowbit::test
