// Formats other than affine i8, in linalg, arith and math. That the results are
// those of lib/Numerics is checked by unittests/Lower, which runs the code.
// RUN: quant-opt %s --split-input-file --lowbit-lower-qdq | FileCheck %s

// A block whose scales are E8M0: they become f32 first, one element looks its
// scale up at index / block; codes become bytes.
// CHECK-LABEL: @mx
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>, %[[S:.*]]: tensor<?x2xf8E8M0FNU>)
// CHECK: %[[SCALES:.*]] = linalg.generic {{.*}} ins(%[[S]] : tensor<?x2xf8E8M0FNU>)
// CHECK: arith.bitcast %{{.*}} : f8E8M0FNU to i8
// CHECK: %[[CODES:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x64xf32>) outs(%{{.*}} : tensor<?x64xi8>)
// CHECK: arith.divui %{{.*}}, %c32
// CHECK: tensor.extract %[[SCALES]]
// CHECK: arith.divf
// CHECK-NOT: tensor.extract
// CHECK: linalg.yield
// CHECK: %[[BYTES:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x32xi8>)
// CHECK-COUNT-2: tensor.extract %[[CODES]]
// CHECK: return %[[BYTES]]
!mx = !lowbit.float<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU, pack = 1>
func.func @mx(%x: tensor<?x64xf32>, %s: tensor<?x2xf8E8M0FNU>) -> tensor<?x32xi8> {
  %q = lowbit.quantize %x scale(%s : tensor<?x2xf8E8M0FNU>) : tensor<?x64xf32> -> tensor<?x64x!mx>
  %c = lowbit.storage_cast %q : tensor<?x64x!mx> to tensor<?x32xi8>
  return %c : tensor<?x32xi8>
}

// -----

// Known scales and the tensor scale are one constant: 0.5 * 3 and 2 * 3.
// CHECK-LABEL: @tensor_scale
// CHECK: arith.constant dense<[1.500000e+00, 6.000000e+00]> : tensor<2xf32>
// CHECK-NOT: 3.000000e+00
func.func @tensor_scale(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %f = lowbit.fake_quant %x as !lowbit.float<f4E2M1FN, axis = 0, scale = f8E4M3FN>
      {scale = dense<[0.5, 2.0]> : tensor<2xf8E4M3FN>, tensor_scale = dense<3.0> : tensor<f32>} : tensor<2x4xf32> -> tensor<2x4xf32>
  return %f : tensor<2x4xf32>
}

// -----

// A codebook of four values has three thresholds, the smallest floats above the
// midpoints (ties go down); values are looked up.
// CHECK-LABEL: @codebook
// CHECK: arith.constant -0.62499994 : f32
// CHECK: arith.cmpf oge
// CHECK: arith.constant 1.401300e-45 : f32
// CHECK: arith.cmpf oge
// CHECK: arith.constant 0.625000059 : f32
// CHECK: arith.cmpf oge
// CHECK: %[[VALUES:.*]] = arith.constant dense<[-1.000000e+00, -2.500000e-01, 2.500000e-01, 1.000000e+00]>
// CHECK: tensor.extract %[[VALUES]]
func.func @codebook(%x: tensor<9xf32>) -> tensor<9xf32> {
  %f = lowbit.fake_quant %x as !lowbit.codebook<[-1.0, -0.25, 0.25, 1.0]> {scale = dense<2.0> : tensor<f32>} : tensor<9xf32> -> tensor<9xf32>
  return %f : tensor<9xf32>
}

// -----

// Between two operations integers of four bits are bytes; i4 is only what a
// storage_cast asks for, and a constant is extended here.
// CHECK-LABEL: @nibbles
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<5xi8>)
// CHECK: linalg.generic {{.*}} ins(%[[Q]] : tensor<5xi8>) outs(%{{.*}} : tensor<5xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[Q]] : tensor<5xi8>) outs(%{{.*}} : tensor<5xi4>)
// CHECK: arith.trunci %{{.*}} : i8 to i4
// CHECK: arith.constant dense<[7, -8]> : tensor<2xi8>
// CHECK-NOT: lowbit.
// CHECK-NOT: unrealized
func.func @nibbles(%x: tensor<5xf32>) -> (tensor<5xf32>, tensor<5xi4>, tensor<2xf32>) {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<5xf32> -> tensor<5x!lowbit.affine<i4>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<5x!lowbit.affine<i4>> -> tensor<5xf32>
  %c = lowbit.storage_cast %q : tensor<5x!lowbit.affine<i4>> to tensor<5xi4>
  %k = arith.constant dense<[7, -8]> : tensor<2xi4>
  %w = lowbit.storage_cast %k : tensor<2xi4> to tensor<2x!lowbit.affine<i4>>
  %v = lowbit.dequantize %w {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<2x!lowbit.affine<i4>> -> tensor<2xf32>
  return %d, %c, %v : tensor<5xf32>, tensor<5xi4>, tensor<2xf32>
}

// -----

// Without saturation the low bits remain, except of what no i64 holds.
// CHECK-LABEL: @wrap
// CHECK: math.floor
// CHECK: arith.cmpf olt
// CHECK: arith.fptosi %{{.*}} : f32 to i64
// CHECK: arith.constant 255 : i64
// CHECK: arith.andi
func.func @wrap(%x: f32) -> i8 {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>,
      rounding = #lowbit.rounding<floor>, saturate = false} : f32 -> !lowbit.affine<i8>
  %i = lowbit.storage_cast %q : !lowbit.affine<i8> to i8
  return %i : i8
}

// -----

// A dimension whose length the run brings has to fill whole bytes.
// CHECK-LABEL: @dynamic_rows
// CHECK: lowbit.check_range %{{.*}} in [0, 1) "packed elements do not fill whole bytes
func.func @dynamic_rows(%x: tensor<?xf32>) -> tensor<?xi8> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<i3, pack = 0>>
  %i = lowbit.storage_cast %q : tensor<?x!lowbit.affine<i3, pack = 0>> to tensor<?xi8>
  return %i : tensor<?xi8>
}

// -----

// Gradients of parameters are sums in f64 in the order of the loops: terms of 0
// are passed over. Blocks of 4 do not divide 10, so 2 terms are filled in.
// CHECK-LABEL: @gradients
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<10x6xf32>, tensor<10x6xf32>, tensor<10x6xf32>)
// CHECK: tensor.pad %{{.*}} low[0, 0] high[2, 0]
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2]] output_shape [3, 4, 6]
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]
// CHECK: %[[Z:.*]] = arith.cmpf oeq
// CHECK: %[[A:.*]] = arith.addf %{{.*}}, %{{.*}} : f64
// CHECK: arith.select %[[Z]], %{{.*}}, %[[A]] : f64
// CHECK: arith.truncf %{{.*}} : f64 to f32
func.func @gradients(%x: tensor<10x6xf32>, %dy: tensor<10x6xf32>, %s: tensor<3x6xf32>, %z: tensor<3x6xi32>)
    -> (tensor<10x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>) {
  %0:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8, block = [4, 1]> scale(%s : tensor<3x6xf32>)
      zero_point(%z : tensor<3x6xi32>) : tensor<10x6xf32> -> tensor<3x6xf32>
  return %0#0, %0#1, %0#2 : tensor<10x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>
}
