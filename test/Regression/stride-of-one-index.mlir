// Strides along dimensions of which a slice takes one index made subviews that
// upstream code matched to no dimension of their source; it read beyond a list.
// RUN: quant-opt %s --lowbit-decompose-tensor-ops | FileCheck %s
// RUN: quant-run %s --print | FileCheck %s --check-prefix=VALUES

// CHECK: tensor.extract_slice %{{.*}}[0, 0, 2] [1, 1, 2] [1, 1, 2]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[1, 1] [1, 2] [1, 2]
// VALUES: slice: dense<[3.000000e+00, 5.000000e+00]>
// VALUES: last: dense<6.000000e+00>
// VALUES: placed: dense<{{\[}}[0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00], [0.000000e+00, 3.000000e+00, 0.000000e+00, 5.000000e+00]]>
func.func @main() -> (tensor<2xf32> {lowbit.name = "slice"}, tensor<1xf32> {lowbit.name = "last"},
                      tensor<2x4xf32> {lowbit.name = "placed"}) {
  %x = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 1.0, 1.0, 1.0]]]> : tensor<1x2x6xf32>
  %s = tensor.extract_slice %x[0, 0, 2] [1, 1, 2] [2, 2, 2] : tensor<1x2x6xf32> to tensor<2xf32>
  %l = tensor.extract_slice %x[0, 0, 5] [1, 1, 1] [2, 2, 2] : tensor<1x2x6xf32> to tensor<1xf32>
  %zeros = arith.constant dense<0.0> : tensor<2x4xf32>
  %p = tensor.insert_slice %s into %zeros[1, 1] [1, 2] [3, 2] : tensor<2xf32> into tensor<2x4xf32>
  return %s, %l, %p : tensor<2xf32>, tensor<1xf32>, tensor<2x4xf32>
}
