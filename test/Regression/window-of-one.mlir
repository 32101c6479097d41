// A window of one element over an image that is larger than the result: the
// rows of the image must not be taken for those of the result.
// RUN: quant-run %s --inputs random --print > %t.compiled
// RUN: quant-run %s --inputs random --print --interpret > %t.interpreted
// RUN: diff %t.compiled %t.interpreted
func.func @main(%x: tensor<1x4x4x19xf32>, %w: tensor<1x1xf32>, %y: tensor<1x3x3x19xf32>) -> tensor<1x3x3x19xf32> {
  %r = linalg.pooling_nhwc_max {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x4x4x19xf32>, tensor<1x1xf32>) outs(%y : tensor<1x3x3x19xf32>) -> tensor<1x3x3x19xf32>
  return %r : tensor<1x3x3x19xf32>
}
