//===- ConvolutionTest.cpp - convolutions, every ISA, exactly -------------===//
#include "Harness.h"
#include "gtest/gtest.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

using Shape = std::vector<int64_t>;

class Convolution : public testing::TestWithParam<Variant> {
protected:
  bool isFloat() { return GetParam().isFloat; }

  std::string memref(Shape sizes, bool result, bool known) {
    std::string text = "memref<";
    for (int64_t n : sizes)
      text += (known ? std::to_string(n) : "?") + "x";
    return text + (isFloat() ? "f32>" : result ? "i32>" : "i8>");
  }

  /// @main around a named convolution on buffers of these shapes.
  std::string text(std::string name, std::string attributes, Shape in,
                   Shape filter, Shape out, bool known, bool parameter,
                   bool filled) {
    std::string a = memref(in, false, known);
    std::string b = memref(filter, false, known || parameter);
    std::string c = memref(out, true, known);
    std::string zero = isFloat() ? "0.0 : f32" : "0 : i32";
    std::string t = "func.func @main(%a: " + a + ", %b: " + b +
                    (parameter ? " {lowbit.parameter = \"w\"}" : "") +
                    ", %c: " + c + ") {\n";
    if (filled)
      t += "  %z = arith.constant " + zero +
           "\n  linalg.fill ins(%z : " + (isFloat() ? "f32" : "i32") +
           ") outs(%c : " + c + ")\n";
    return t + "  " + name + " " + attributes + " ins(%a, %b : " + a + ", " +
           b + ") outs(%c : " + c + ")\n  return\n}\n";
  }

  void check2D(Shape in, Shape kernel, int64_t columns, int64_t stride,
               int64_t dilation, bool known, bool parameter, bool filled) {
    int64_t n = in[0], c = in[3];
    auto extent = [&](int i) {
      return (in[i + 1] - 1 - (kernel[i] - 1) * dilation) / stride + 1;
    };
    Shape filter{kernel[0], kernel[1], c, columns};
    Shape out{n, extent(0), extent(1), columns};
    std::string s = std::to_string(stride), d = std::to_string(dilation);
    Kernel k(text("linalg.conv_2d_nhwc_hwcf",
                  "{strides = dense<" + s +
                      "> : tensor<2xi64>, dilations = "
                      "dense<" +
                      d + "> : tensor<2xi64>}",
                  in, filter, out, known, parameter, filled),
             GetParam().isa);
    ASSERT_EQ(k.error, "");
    ASSERT_EQ(k.left, 0);
    ASSERT_EQ(k.packedArguments, parameter ? 1 : 0);
    EXPECT_EQ(k.mismatches({in, filter, out}), 0)
        << testing::PrintToString(in) << " kernel "
        << testing::PrintToString(kernel) << " columns " << columns
        << " stride " << stride << " dilation " << dilation
        << (known ? " known" : " unknown") << (parameter ? " parameter" : "")
        << (filled ? " filled" : "");
  }
};

TEST_P(Convolution, StridesAndDilations) {
  for (int64_t c : {1, 3, 4, 16, 64})
    for (int64_t stride : {1, 2})
      for (int64_t dilation : {1, 2})
        check2D({2, 7, 9, c}, {3, 3}, c == 64 ? 64 : 19, stride, dilation,
                /*known=*/true, /*parameter=*/true, /*filled=*/true);
}

TEST_P(Convolution, Forms) {
  for (bool filled : {false, true}) {
    check2D({1, 9, 30, 5}, {3, 2}, 33, 1, 1, true, false, filled);
    check2D({2, 9, 10, 3}, {2, 3}, 7, 2, 1, false, false, filled);
    check2D({2, 9, 10, 3}, {2, 3}, 7, 1, 2, false, true, filled);
    check2D({1, 7, 7, 20}, {1, 1}, 40, 1, 1, true, true, filled);
    check2D({1, 7, 7, 20}, {1, 1}, 16, 2, 1, true, true, filled);
    check2D({1, 20, 20, 3}, {7, 7}, 16, 2, 1, true, true, filled);
  }
}

TEST_P(Convolution, OneDimension) {
  for (bool known : {false, true}) {
    Kernel k(text("linalg.conv_1d_nwc_wcf",
                  "{strides = dense<2> : tensor<1xi64>, dilations = dense<1> : "
                  "tensor<1xi64>}",
                  {2, 25, 6}, {3, 6, 21}, {2, 12, 21}, known, false, true),
             GetParam().isa);
    ASSERT_EQ(k.error, "");
    ASSERT_EQ(k.left, 0);
    EXPECT_EQ(k.mismatches({{2, 25, 6}, {3, 6, 21}, {2, 12, 21}}), 0);
  }
}

// Channels first: the columns are the pixels.
TEST_P(Convolution, ChannelsFirst) {
  Shape in{2, 5, 9, 22}, filter{7, 5, 3, 3}, out{2, 7, 7, 20};
  Kernel k(text("linalg.conv_2d_nchw_fchw",
                "{strides = dense<1> : tensor<2xi64>, dilations = dense<1> : "
                "tensor<2xi64>}",
                in, filter, out, true, false, true),
           GetParam().isa);
  ASSERT_EQ(k.error, "");
  ASSERT_EQ(k.left, 0);
  EXPECT_EQ(k.mismatches({in, filter, out}), 0);
}

TEST_P(Convolution, Depthwise) {
  for (int64_t channels : {1, 3, 16, 35})
    for (bool known : {false, true})
      for (bool filled : {false, true}) {
        Shape in{2, 9, 11, channels}, filter{3, 3, channels};
        Shape out{2, 4, 5, channels};
        Kernel k(text("linalg.depthwise_conv_2d_nhwc_hwc",
                      "{strides = dense<2> : tensor<2xi64>, dilations = "
                      "dense<1> : tensor<2xi64>}",
                      in, filter, out, known, false, filled),
                 GetParam().isa);
        ASSERT_EQ(k.error, "");
        ASSERT_EQ(k.left, 0);
        EXPECT_EQ(k.mismatches({in, filter, out}), 0) << channels;
      }
}

INSTANTIATE_TEST_SUITE_P(All, Convolution, testing::ValuesIn(variants()),
                         variantName);

} // namespace
