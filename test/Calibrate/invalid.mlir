// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-insert-observers

// expected-error @+1 {{nothing to quantize: the model has no f32 matmul, batch_matmul, contract, conv_2d_nhwc_hwcf or generic that multiplies and adds, and no look-up in a 2-D f32 constant}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{nothing to quantize: all 4 contractions have to stay float, as the remarks say}}
module {
  func.func @main(%x: tensor<4x1xf32>, %y: tensor<1x4xf32>, %d: tensor<1x8x8x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x6x6x4xf32>, tensor<4x4xf32>) {
    %c = arith.constant dense<1.0> : tensor<4x4xf32>
    %k = arith.constant dense<1.0> : tensor<3x3x4xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    // expected-remark @+1 {{stays float: each sum has a single product}}
    %0 = linalg.matmul ins(%x, %y : tensor<4x1xf32>, tensor<1x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    // expected-remark @+1 {{stays float: both operands are constants}}
    %1 = linalg.matmul ins(%c, %c : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    %e2 = tensor.empty() : tensor<1x6x6x4xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
    // expected-remark @+1 {{stays float: convolutions of this form (depthwise_conv_2d_nhwc_hwc) have no integer form in this version}}
    %2 = linalg.depthwise_conv_2d_nhwc_hwc ins(%d, %k : tensor<1x8x8x4xf32>, tensor<3x3x4xf32>) outs(%f2 : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
    // expected-remark @+1 {{stays float: I said so}}
    %3 = linalg.matmul {lowbit.float_reason = "I said so"} ins(%0, %1 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    return %0, %1, %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x6x6x4xf32>, tensor<4x4xf32>
  }
}
