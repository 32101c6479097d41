// Every format, blocks, packing, requantization and gradients. The values are
// those of the formats' specifications, worked out by hand.
// RUN: quant-run %s --interpret --print | FileCheck %s

// E2M1: 2 is 0100, -3 is 1101, 100 saturates: 0111.
// CHECK: mx: dense<[4, 13, 7, 0]> : tensor<4xi8>
// Two nibbles a byte, the first in the low half: 0xD4, 0x07.
// CHECK: packed: dense<[-44, 7]> : tensor<2xi8>
// CHECK: mx_back: dense<[2.000000e+00, -3.000000e+00, 3.000000e+00, 0.000000e+00]>
// Scales 1 and 2 times the tensor's 0.5: 3 / 0.5 is 6, 0111; -1 / 1 is -1, 1010.
// CHECK: nv: dense<[7, 2, 10, 0]> : tensor<4xi8>
// CHECK: nv_back: dense<[3.000000e+00, 5.000000e-01, -1.000000e+00, 0.000000e+00]>
// 448 is 0x7E and the largest of f8E4M3FN; NaN is 0x7F; -0 keeps its sign.
// CHECK: e4m3: dense<[126, 126, 127, -128]> : tensor<4xi8>
// CHECK: e4m3_nan: dense<[126, 127, 127, -128]> : tensor<4xi8>
// CHECK: nf4: dense<[0, 7, 15]> : tensor<3xi8>
// CHECK: nf4_back: dense<[-2.000000e+00, 0.000000e+00, 2.000000e+00]>
// 2.5 steps: half away is 3, floor is 2; 130 wraps to -126.
// CHECK: away: dense<[3, -3]> : tensor<2xi8>
// CHECK: floor: dense<[2, -3]> : tensor<2xi8>
// CHECK: wraps: dense<[-126, 2]> : tensor<2xi8>
// The last block is shorter.
// CHECK: blocks: dense<[1, 2, 6]> : tensor<3xi8>
// 5 * 0.5 is a tie and goes to 2; 1000 saturates; -3 * 0.5 goes to -2.
// CHECK: requantized: dense<[3, 127, -1]> : tensor<3xi8>
// multiplier / 2^shift is 0.5: (5 + 1) >> 1 is 3, (-3 + 1) >> 1 is -1.
// CHECK: fixed: dense<[4, 127, 0]> : tensor<3xi8>
// CHECK: channels: dense<{{\[}}[5, 20], [-5, -20]]> : tensor<2x2xi8>
// Inside: dy, dy * (round(x / s) - x / s), 0; above: 0, dy * (qmax - z), dy * -s.
// CHECK: dx: dense<[1.000000e+00, 0.000000e+00]>
// CHECK: ds: dense<2.535000e+02>
// CHECK: dz: dense<-1.000000e+00>
!mx = !lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU, pack = 0>
!nv = !lowbit.float<f4E2M1FN, block = [2], scale = f8E4M3FN>
!nf = !lowbit.codebook<nf4>
!i8 = !lowbit.affine<i8>
func.func @main()
    -> (tensor<4xi8> {lowbit.name = "mx"}, tensor<2xi8> {lowbit.name = "packed"}, tensor<4xf32> {lowbit.name = "mx_back"},
        tensor<4xi8> {lowbit.name = "nv"}, tensor<4xf32> {lowbit.name = "nv_back"},
        tensor<4xi8> {lowbit.name = "e4m3"}, tensor<4xi8> {lowbit.name = "e4m3_nan"},
        tensor<3xi8> {lowbit.name = "nf4"}, tensor<3xf32> {lowbit.name = "nf4_back"},
        tensor<2xi8> {lowbit.name = "away"}, tensor<2xi8> {lowbit.name = "floor"}, tensor<2xi8> {lowbit.name = "wraps"},
        tensor<3xi8> {lowbit.name = "blocks"}, tensor<3xi8> {lowbit.name = "requantized"}, tensor<3xi8> {lowbit.name = "fixed"},
        tensor<2x2xi8> {lowbit.name = "channels"},
        tensor<2xf32> {lowbit.name = "dx"}, tensor<f32> {lowbit.name = "ds"}, tensor<f32> {lowbit.name = "dz"}) {
  %x = arith.constant dense<[2.0, -3.0, 100.0, 0.0]> : tensor<4xf32>
  %mxs = arith.constant dense<[1.0, 0.5]> : tensor<2xf8E8M0FNU>
  %m = lowbit.quantize %x {scale = dense<[1.0, 0.5]> : tensor<2xf8E8M0FNU>} : tensor<4xf32> -> tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU>>
  %m4 = lowbit.storage_cast %m : tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU>> to tensor<4xi4>
  %mx = arith.extui %m4 : tensor<4xi4> to tensor<4xi8>
  %p = lowbit.quantize %x scale(%mxs : tensor<2xf8E8M0FNU>) : tensor<4xf32> -> tensor<4x!mx>
  %packed = lowbit.storage_cast %p : tensor<4x!mx> to tensor<2xi8>
  %unpacked = lowbit.storage_cast %packed : tensor<2xi8> to tensor<4x!mx>
  %mx_back = lowbit.dequantize %unpacked scale(%mxs : tensor<2xf8E8M0FNU>) : tensor<4x!mx> -> tensor<4xf32>

  %y = arith.constant dense<[3.0, 0.5, -1.0, 0.0]> : tensor<4xf32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %n = lowbit.quantize %y tensor_scale(%half : tensor<f32>) {scale = dense<[1.0, 2.0]> : tensor<2xf8E4M3FN>} : tensor<4xf32> -> tensor<4x!nv>
  %n4 = lowbit.storage_cast %n : tensor<4x!nv> to tensor<4xi4>
  %nv = arith.extui %n4 : tensor<4xi4> to tensor<4xi8>
  %nv_back = lowbit.dequantize %n {scale = dense<[1.0, 2.0]> : tensor<2xf8E4M3FN>, tensor_scale = dense<0.5> : tensor<f32>} : tensor<4x!nv> -> tensor<4xf32>

  %z = arith.constant dense<[448.0, 1.0e9, 0x7FC00000, -0.0]> : tensor<4xf32>
  %e = lowbit.quantize %z {scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E4M3FN>>
  %e4m3 = lowbit.storage_cast %e : tensor<4x!lowbit.float<f8E4M3FN>> to tensor<4xi8>
  %en = lowbit.quantize %z {scale = dense<1.0> : tensor<f32>, saturate = false} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E4M3FN>>
  %e4m3_nan = lowbit.storage_cast %en : tensor<4x!lowbit.float<f8E4M3FN>> to tensor<4xi8>

  %b = arith.constant dense<[-9.0, 0.05, 2.0]> : tensor<3xf32>
  %f = lowbit.quantize %b {scale = dense<2.0> : tensor<f32>} : tensor<3xf32> -> tensor<3x!nf>
  %f4 = lowbit.storage_cast %f : tensor<3x!nf> to tensor<3xi4>
  %nf4 = arith.extui %f4 : tensor<3xi4> to tensor<3xi8>
  %nf4_back = lowbit.dequantize %f {scale = dense<2.0> : tensor<f32>} : tensor<3x!nf> -> tensor<3xf32>

  %r = arith.constant dense<[2.5, -2.5]> : tensor<2xf32>
  %ra = lowbit.quantize %r {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<half_away>} : tensor<2xf32> -> tensor<2x!i8>
  %away = lowbit.storage_cast %ra : tensor<2x!i8> to tensor<2xi8>
  %rf = lowbit.quantize %r {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<floor>} : tensor<2xf32> -> tensor<2x!i8>
  %floor = lowbit.storage_cast %rf : tensor<2x!i8> to tensor<2xi8>
  %w = arith.constant dense<[130.0, 258.0]> : tensor<2xf32>
  %rw = lowbit.quantize %w {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, saturate = false} : tensor<2xf32> -> tensor<2x!i8>
  %wraps = lowbit.storage_cast %rw : tensor<2x!i8> to tensor<2xi8>

  %t = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %bq = lowbit.quantize %t {scale = dense<[1.0, 0.5]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<3xf32> -> tensor<3x!lowbit.affine<i8, block = [2]>>
  %blocks = lowbit.storage_cast %bq : tensor<3x!lowbit.affine<i8, block = [2]>> to tensor<3xi8>

  %acc = arith.constant dense<[5, 1000, -3]> : tensor<3xi32>
  %rq = lowbit.requantize %acc {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<3xi32> -> tensor<3x!i8>
  %requantized = lowbit.storage_cast %rq : tensor<3x!i8> to tensor<3xi8>
  %fq = lowbit.requantize %acc {multiplier = dense<1073741824> : tensor<i32>, shift = dense<31> : tensor<i8>, zero_point = dense<1> : tensor<i32>} : tensor<3xi32> -> tensor<3x!i8>
  %fixed = lowbit.storage_cast %fq : tensor<3x!i8> to tensor<3xi8>
  %acc2 = arith.constant dense<[[10, 10], [-10, -10]]> : tensor<2x2xi32>
  %cq = lowbit.requantize %acc2 {axis = 1, scale = dense<[0.5, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<i32>} : tensor<2x2xi32> -> tensor<2x2x!i8>
  %channels = lowbit.storage_cast %cq : tensor<2x2x!i8> to tensor<2x2xi8>

  %gx = arith.constant dense<[0.25, 200.0]> : tensor<2xf32>
  %gy = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %dx, %ds, %dz = lowbit.fake_quant_grad %gx, %gy as !i8 {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2xf32> -> tensor<f32>
  return %mx, %packed, %mx_back, %nv, %nv_back, %e4m3, %e4m3_nan, %nf4, %nf4_back, %away, %floor, %wraps, %blocks, %requantized, %fixed, %channels, %dx, %ds, %dz
      : tensor<4xi8>, tensor<2xi8>, tensor<4xf32>, tensor<4xi8>, tensor<4xf32>, tensor<4xi8>, tensor<4xi8>, tensor<3xi8>, tensor<3xf32>, tensor<2xi8>, tensor<2xi8>, tensor<2xi8>, tensor<3xi8>, tensor<3xi8>, tensor<3xi8>, tensor<2x2xi8>, tensor<2xf32>, tensor<f32>, tensor<f32>
}
