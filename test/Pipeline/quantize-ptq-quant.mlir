// A network that `!quant.uniform` quantizes: a convolution of uint8 with a zero point, relu, a product with weights of a
// scale a column. No calibration data is needed; everything becomes integer with the parameters that are there.
// RUN: quant-opt %s --quantize-ptq 2>&1 | FileCheck %s
// RUN: quant-opt %s --quantize-ptq -o %t.mlir && quant-run %t.mlir --inputs random -o %t.npz
// RUN: quant-run %t.mlir --inputs random --interpret -o %t2.npz && cmp %t.npz %t2.npz

!image = !quant.uniform<u8:f32, 0.02:100>
!filter = !quant.uniform<u8:f32, 0.01:120>
!hidden = !quant.uniform<u8:f32, 0.05:0>
!weight = !quant.uniform<i8<-127:127>:f32:1, {0.01, 0.02, 0.03}>

// CHECK-NOT: remark
// CHECK-LABEL: func.func @main
// CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} : tensor<1x6x6x2xi8>, tensor<3x3x2x4xi8>) outs(%{{.*}} : tensor<1x4x4x4xi32>)
// CHECK: linalg.matmul {{.*}} : tensor<1x64xi8>, tensor<64x3xi8>) outs(%{{.*}} : tensor<1x3xi32>)
// CHECK-NOT: quant.
func.func @main(%x: tensor<1x6x6x2xf32>) -> tensor<1x3xf32> {
  %q = quant.qcast %x : tensor<1x6x6x2xf32> to tensor<1x6x6x2x!image>
  %d = quant.dcast %q : tensor<1x6x6x2x!image> to tensor<1x6x6x2xf32>
  %f8 = arith.constant dense<[[[[1, 2, 3, 4], [5, 6, 7, 8]], [[9, 10, 11, 12], [13, 14, 15, 16]], [[17, 18, 19, 20], [21, 22, 23, 24]]],
                             [[[25, 26, 27, 28], [29, 30, 31, 32]], [[-1, -2, -3, -4], [-5, -6, -7, -8]], [[0, 0, 0, 0], [1, 1, 1, 1]]],
                             [[[100, 110, 120, 127], [-128, -120, -110, -100]], [[2, 4, 6, 8], [1, 3, 5, 7]], [[-9, 9, -9, 9], [9, -9, 9, -9]]]]> : tensor<3x3x2x4xi8>
  %fq = quant.scast %f8 : tensor<3x3x2x4xi8> to tensor<3x3x2x4x!filter>
  %f = quant.dcast %fq : tensor<3x3x2x4x!filter> to tensor<3x3x2x4xf32>
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x4x4x4xf32>
  %z0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %c = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%d, %f : tensor<1x6x6x2xf32>, tensor<3x3x2x4xf32>) outs(%z0 : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%c : tensor<1x4x4x4xf32>) outs(%e0 : tensor<1x4x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<1x4x4x4xf32>
  %hq = quant.qcast %r : tensor<1x4x4x4xf32> to tensor<1x4x4x4x!hidden>
  %h = quant.dcast %hq : tensor<1x4x4x4x!hidden> to tensor<1x4x4x4xf32>
  %flat = tensor.collapse_shape %h [[0], [1, 2, 3]] : tensor<1x4x4x4xf32> into tensor<1x64xf32>
  %w8 = arith.constant dense<7> : tensor<64x3xi8>
  %wq = quant.scast %w8 : tensor<64x3xi8> to tensor<64x3x!weight>
  %w = quant.dcast %wq : tensor<64x3x!weight> to tensor<64x3xf32>
  %e1 = tensor.empty() : tensor<1x3xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x3xf32>) -> tensor<1x3xf32>
  %y = linalg.matmul ins(%flat, %w : tensor<1x64xf32>, tensor<64x3xf32>) outs(%z1 : tensor<1x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
