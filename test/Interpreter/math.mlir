// Operations of math. The formulas of lib/Numerics have their own tests; here
// each operation finds its function.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: round: dense<{{\[}}[-2.000000e+00, -1.000000e+00, 3.000000e+00], [-3.000000e+00, -2.000000e+00, 2.000000e+00],
// CHECK-SAME: [-3.000000e+00, -2.000000e+00, 3.000000e+00], [-2.000000e+00, -2.000000e+00, 2.000000e+00],
// CHECK-SAME: [-2.000000e+00, -1.000000e+00, 2.000000e+00]]> : tensor<5x3xf32>
// CHECK: sign: dense<[2.500000e+00, 0.000000e+00, -1.000000e+00, 0x7FC00000]> : tensor<4xf32>
// CHECK: exact: dense<[9.765625E-4, 1.41421354, 5.000000e-01]> : tensor<3xf32>
// CHECK: functions: dense<[1.000000e+00, 8.000000e+00, 0.000000e+00, 0.000000e+00, 3.000000e+00, 2.000000e+00,
// CHECK-SAME: 0.000000e+00, -0.000000e+00, 1.000000e+00, 0.000000e+00, 1.000000e+00, 9.000000e+00,
// CHECK-SAME: 2.700000e+01, -0.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00, 0.000000e+00,
// CHECK-SAME: 0.000000e+00]> : tensor<19xf32>
// One rounding: (1 + 2^-23)^2 - 1 - 2^-22 = 2^-46.
// CHECK: fma: dense<1.42108547E-14> : tensor<1xf32>
// CHECK: half: dense<2.718750e+00> : tensor<1xf16>
// CHECK: classes: dense<{{\[}}[false, false, true, false], [false, true, false, false], [true, false, false, true],
// CHECK-SAME: [true, false, false, false]]> : tensor<4x4xi1>
// CHECK: bits: dense<[7, 3, 5, -128, 8]> : tensor<5xi8>
func.func @main()
    -> (tensor<5x3xf32> {lowbit.name = "round"}, tensor<4xf32> {lowbit.name = "sign"},
        tensor<3xf32> {lowbit.name = "exact"}, tensor<19xf32> {lowbit.name = "functions"},
        tensor<1xf32> {lowbit.name = "fma"}, tensor<1xf16> {lowbit.name = "half"},
        tensor<4x4xi1> {lowbit.name = "classes"}, tensor<5xi8> {lowbit.name = "bits"}) {
  %x = arith.constant dense<[-2.5, -1.5, 2.5]> : tensor<3xf32>
  %ceil = math.ceil %x : tensor<3xf32>
  %floor = math.floor %x : tensor<3xf32>
  %away = math.round %x : tensor<3xf32>
  %even = math.roundeven %x : tensor<3xf32>
  %trunc = math.trunc %x : tensor<3xf32>
  %rounded = tensor.concat dim(0) %ceil, %floor, %away, %even, %trunc
      : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<15xf32>
  %round = tensor.expand_shape %rounded [[0, 1]] output_shape [5, 3] : tensor<15xf32> into tensor<5x3xf32>

  %c1 = arith.constant -2.5 : f32
  %nz = arith.constant -0.0 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %three = arith.constant 3.0 : f32
  %nan = arith.constant 0x7FC00000 : f32
  %abs = math.absf %c1 : f32
  %abs0 = math.absf %nz : f32
  %copied = math.copysign %one, %nz : f32
  %root = math.sqrt %c1 : f32
  %sign = tensor.from_elements %abs, %abs0, %copied, %root : tensor<4xf32>
  %tiny = arith.constant 9.5367431640625e-7 : f32
  %four = arith.constant 4.0 : f32
  %r0 = math.sqrt %tiny : f32
  %r1 = math.sqrt %two : f32
  %r2 = math.rsqrt %four : f32
  %exact = tensor.from_elements %r0, %r1, %r2 : tensor<3xf32>

  %i3 = arith.constant 3 : i32
  %thousand = arith.constant 1000.0 : f32
  %eight = arith.constant 8.0 : f32
  %f0 = math.exp %zero : f32
  %f1 = math.exp2 %three : f32
  %f2 = math.expm1 %zero : f32
  %f3 = math.log %one : f32
  %f4 = math.log10 %thousand : f32
  %f5 = math.log2 %four : f32
  %f6 = math.log1p %zero : f32
  %f7 = math.tanh %nz : f32
  %f8 = math.erf %four : f32
  %f9 = math.sin %zero : f32
  %f10 = math.cos %zero : f32
  %f11 = math.powf %three, %two : f32
  %f12 = math.fpowi %three, %i3 : f32, i32
  %f13 = math.tan %nz : f32
  %f14 = math.sinh %zero : f32
  %f15 = math.cosh %zero : f32
  %f16 = math.asinh %zero : f32
  %f17 = math.acosh %one : f32
  %f18 = math.atanh %zero : f32
  %functions = tensor.from_elements %f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8, %f9, %f10, %f11, %f12, %f13, %f14,
                                    %f15, %f16, %f17, %f18 : tensor<19xf32>
  %a = arith.constant dense<1.00000012> : tensor<1xf32>
  %c = arith.constant dense<-1.00000024> : tensor<1xf32>
  %fma = math.fma %a, %a, %c : tensor<1xf32>
  %h = arith.constant dense<1.0> : tensor<1xf16>
  %half = math.exp %h : tensor<1xf16>

  %k = arith.constant dense<[1.0, 0x7F800000, 0x7FC00000, 1.0e-40]> : tensor<4xf32>
  %isnan = math.isnan %k : tensor<4xf32>
  %isinf = math.isinf %k : tensor<4xf32>
  %isfinite = math.isfinite %k : tensor<4xf32>
  %isnormal = math.isnormal %k : tensor<4xf32>
  %ks = tensor.concat dim(0) %isnan, %isinf, %isfinite, %isnormal
      : (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) -> tensor<16xi1>
  %classes = tensor.expand_shape %ks [[0, 1]] output_shape [4, 4] : tensor<16xi1> into tensor<4x4xi1>

  %m = arith.constant -2 : i8
  %n = arith.constant 24 : i8
  %p = arith.constant -5 : i8
  %q = arith.constant -128 : i8
  %z = arith.constant 0 : i8
  %b0 = math.ctpop %m : i8
  %b1 = math.ctlz %n : i8
  %b2 = math.absi %p : i8
  %b3 = math.absi %q : i8
  %b4 = math.cttz %z : i8
  %bits = tensor.from_elements %b0, %b1, %b2, %b3, %b4 : tensor<5xi8>
  return %round, %sign, %exact, %functions, %fma, %half, %classes, %bits
      : tensor<5x3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<19xf32>, tensor<1xf32>, tensor<1xf16>, tensor<4x4xi1>,
        tensor<5xi8>
}
