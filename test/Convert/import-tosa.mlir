// Values have the names of their operators, parts are called after them, and
// the forms are those of the float contract.
// RUN: quant-opt %s --lowbit-import-tosa --split-input-file --mlir-print-local-scope | FileCheck %s

// CHECK-LABEL: @network
func.func @network(%x: tensor<2x6x5x3xf32>) -> tensor<2x1x1x4xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{values = dense<0.5> : tensor<4x3x3x3xf32>}> : () -> tensor<4x3x3x3xf32>
  %b = "tosa.const"() <{values = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>}> : () -> tensor<4xf32>
  // CHECK: tensor.pad
  // CHECK: {lowbit.id = "conv1/pad"}
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}}lowbit.id = "conv1"{{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x7x7x3xf32>, tensor<3x3x3x4xf32>)
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 1, 0, 1, 1>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>} : (tensor<2x6x5x3xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x3x3x4xf32> loc("conv1")
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "clamp_0"}
  // CHECK: arith.minimumf
  // CHECK: arith.maximumf
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<2x3x3x4xf32>) -> tensor<2x3x3x4xf32>
  // Padding and the start of a maximum are -inf.
  // CHECK-NOT: -3.40282347E+38
  // CHECK: arith.constant 0xFF800000 : f32
  // CHECK: {lowbit.id = "max_pool2d_0/pad"}
  // CHECK: linalg.pooling_nhwc_max {{.*}}lowbit.id = "max_pool2d_0"
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 1, 0, 1>, stride = array<i64: 1, 1>} : (tensor<2x3x3x4xf32>) -> tensor<2x3x3x4xf32>
  // The same number of elements under every window.
  // CHECK: linalg.pooling_nhwc_sum {{.*}}lowbit.id = "mean/pooling_nhwc_sum"
  // CHECK: linalg.generic {{.*}} ins(%{{[^,]*}} : tensor<2x1x1x4xf32>) {{.*}} attrs = {lowbit.id = "mean"}
  // CHECK: arith.divf %{{.*}}, %{{.*}} : f32
  // CHECK-NOT: tosa
  %3 = tosa.avg_pool2d %2, %z, %z {acc_type = f32, kernel = array<i64: 3, 3>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<2x3x3x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x1x1x4xf32> loc("mean")
  return %3 : tensor<2x1x1x4xf32>
}

// -----

// Windows over padding divide by what is not padding.
// CHECK-LABEL: @padded_average
func.func @padded_average(%x: tensor<?x3x3x2xf32>) -> tensor<?x3x3x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // CHECK: dense<{{\[\[}}4.{{0*}}e+00, 6.{{0*}}e+00, 4.{{0*}}e+00], [6.{{0*}}e+00, 9.{{0*}}e+00, 6.{{0*}}e+00], [4.{{0*}}e+00, 6.{{0*}}e+00, 4.{{0*}}e+00]]> : tensor<3x3xf32>
  // CHECK: linalg.generic {indexing_maps = [{{.*}}, affine_map<(d0, d1, d2, d3) -> (d1, d2)>, {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x3x3x2xf32>, tensor<3x3xf32>)
  %0 = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} : (tensor<?x3x3x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x3x3x2xf32>
  return %0 : tensor<?x3x3x2xf32>
}

// -----

// A table of one batch has rank 2.
// CHECK-LABEL: @embedding
func.func @embedding(%i: tensor<1x4xi32>) -> tensor<1x4x3xf32> {
  %t = "tosa.const"() <{values = dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]> : tensor<1x2x3xf32>}> : () -> tensor<1x2x3xf32>
  // CHECK: %[[T:.*]] = arith.constant dense<{{.*}}> : tensor<2x3xf32>
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "gather_0"}
  // CHECK: tensor.extract %[[T]][
  %0 = tosa.gather %t, %i : (tensor<1x2x3xf32>, tensor<1x4xi32>) -> tensor<1x4x3xf32>
  return %0 : tensor<1x4x3xf32>
}

// -----

// Sizes that are not known are equal: nothing is decided in the run.
// CHECK-LABEL: @unknown_sizes
// CHECK-SAME: %[[X:.*]]: tensor<1x?x10xf32>, %[[M:.*]]: tensor<1x?x1xf32>
func.func @unknown_sizes(%x: tensor<1x?x10xf32>, %m: tensor<1x?x1xf32>) -> tensor<1x?x10xf32> {
  // CHECK-NOT: scf
  // CHECK: linalg.generic {{.*}} ins(%[[X]], %[[M]] : {{.*}} attrs = {lowbit.id = "sub_0"}
  // CHECK-NOT: linalg.generic
  // CHECK: return
  %0 = tosa.sub %x, %m : (tensor<1x?x10xf32>, tensor<1x?x1xf32>) -> tensor<1x?x10xf32>
  return %0 : tensor<1x?x10xf32>
}
