// With batch = 1 the type of the slice no longer says which unit dimension it
// drops.
// RUN: quant-opt %s --lowbit-specialize-shapes=shape=batch=1 | FileCheck %s
// CHECK: func.func @main(%{{.*}}: tensor<1x256x8x4x2xf32>
// CHECK-SAME: -> tensor<1x256x8x4xf32>
// CHECK: tensor.extract_slice {{.*}}[0, 0, 0, 0, 1] [1, 256, 8, 4, 1] [1, 1, 1, 1, 1]
// CHECK-SAME: to tensor<1x256x8x4x1xf32>
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2], [3, 4]]

func.func @main(%x: tensor<?x256x8x4x2xf32> {lowbit.dims = ["batch", "256", "8", "4", "2"]}) -> tensor<?x256x8x4xf32> {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %x, %c0 : tensor<?x256x8x4x2xf32>
  %0 = tensor.extract_slice %x[0, 0, 0, 0, 1] [%dim, 256, 8, 4, 1] [1, 1, 1, 1, 1]
      : tensor<?x256x8x4x2xf32> to tensor<?x256x8x4xf32>
  return %0 : tensor<?x256x8x4xf32>
}
