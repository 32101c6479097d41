// Float operations of arith: signed zeros, infinities, NaN, subnormals, and one
// rounding each. 0x7FC00000 is NaN, 0x7F800000 infinity.
// RUN: quant-run %s --interpret --print | FileCheck %s

// 1 + 2^-24 is a tie and goes to the even 1; 2^-149 is the smallest subnormal.
// CHECK: add: dense<[1.000000e+00, -0.000000e+00, 0.000000e+00, 0x7F800000, 0x7FC00000]> : tensor<5xf32>
// CHECK: sub: dense<[0.99999994, 0.000000e+00, 0x7FC00000, 1.401300e-45]> : tensor<4xf32>
// CHECK: mul: dense<[1.00000024, 0.000000e+00, -0.000000e+00, 0x7F800000]> : tensor<4xf32>
// CHECK: div: dense<[0.333333343, 0xFF800000, 0x7FC00000, 0.000000e+00]> : tensor<4xf32>
// CHECK: rem: dense<[5.000000e-01, -5.000000e-01, 0x7FC00000]> : tensor<3xf32>
// CHECK: neg: dense<[-0.000000e+00, 1.000000e+00]> : tensor<2xf32>
// The operands: (-0, 0), (0, -0), (NaN, 1), (1, NaN), (2, 1)
// CHECK: maximum: dense<[0.000000e+00, 0.000000e+00, 0x7FC00000, 0x7FC00000, 2.000000e+00]> : tensor<5xf32>
// CHECK: minimum: dense<[-0.000000e+00, -0.000000e+00, 0x7FC00000, 0x7FC00000, 1.000000e+00]> : tensor<5xf32>
// CHECK: maxnum: dense<[0.000000e+00, 0.000000e+00, 1.000000e+00, 1.000000e+00, 2.000000e+00]> : tensor<5xf32>
// CHECK: minnum: dense<[-0.000000e+00, -0.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00]> : tensor<5xf32>
// f16: 2049 is a tie between 2048 and 2050; bf16: 257 between 256 and 258.
// CHECK: half: dense<[2.048000e+03, 2.052000e+03]> : tensor<2xf16>
// CHECK: brain: dense<[2.560000e+02, 2.600000e+02]> : tensor<2xbf16>
// CHECK: double: dense<[3.0000000000000004, 1.000000e-01]> : tensor<2xf64>
// A row: less, equal, greater, unordered.
// CHECK: ordered: dense<{{\[}}[false, true, false, false], [false, false, true, false], [false, true, true, false],
// CHECK-SAME: [true, false, false, false], [true, true, false, false], [true, false, true, false], [true, true, true, false]]>
// CHECK: unordered: dense<{{\[}}[false, true, false, true], [false, false, true, true], [false, true, true, true],
// CHECK-SAME: [true, false, false, true], [true, true, false, true], [true, false, true, true], [false, false, false, true]]>
// CHECK: always: dense<{{\[}}[false, false, false, false], [true, true, true, true]]>
func.func @main()
    -> (tensor<5xf32> {lowbit.name = "add"}, tensor<4xf32> {lowbit.name = "sub"},
        tensor<4xf32> {lowbit.name = "mul"}, tensor<4xf32> {lowbit.name = "div"},
        tensor<3xf32> {lowbit.name = "rem"}, tensor<2xf32> {lowbit.name = "neg"},
        tensor<5xf32> {lowbit.name = "maximum"}, tensor<5xf32> {lowbit.name = "minimum"},
        tensor<5xf32> {lowbit.name = "maxnum"}, tensor<5xf32> {lowbit.name = "minnum"},
        tensor<2xf16> {lowbit.name = "half"}, tensor<2xbf16> {lowbit.name = "brain"},
        tensor<2xf64> {lowbit.name = "double"}, tensor<7x4xi1> {lowbit.name = "ordered"},
        tensor<7x4xi1> {lowbit.name = "unordered"}, tensor<2x4xi1> {lowbit.name = "always"}) {
  %a0 = arith.constant dense<[1.0, -0.0, 0.0, 3.4e38, 0x7F800000]> : tensor<5xf32>
  %a1 = arith.constant dense<[5.9604644775390625e-8, -0.0, -0.0, 3.4e38, 0xFF800000]> : tensor<5xf32>
  %add = arith.addf %a0, %a1 : tensor<5xf32>
  %s0 = arith.constant dense<[1.0, 2.5, 0x7F800000, 2.802597e-45]> : tensor<4xf32>
  %s1 = arith.constant dense<[5.9604644775390625e-8, 2.5, 0x7F800000, 1.401298e-45]> : tensor<4xf32>
  %sub = arith.subf %s0, %s1 : tensor<4xf32>
  %m0 = arith.constant dense<[1.00000012, 1.0e-30, -1.0e-30, 1.0e30]> : tensor<4xf32>
  %m1 = arith.constant dense<[1.00000012, 1.0e-30, 1.0e-30, 1.0e30]> : tensor<4xf32>
  %mul = arith.mulf %m0, %m1 : tensor<4xf32>
  %d0 = arith.constant dense<[1.0, -1.0, 0.0, 1.0]> : tensor<4xf32>
  %d1 = arith.constant dense<[3.0, 0.0, 0.0, 0x7F800000]> : tensor<4xf32>
  %div = arith.divf %d0, %d1 : tensor<4xf32>
  %r0 = arith.constant dense<[5.5, -5.5, 1.0]> : tensor<3xf32>
  %r1 = arith.constant dense<[-2.5, 2.5, 0.0]> : tensor<3xf32>
  %rem = arith.remf %r0, %r1 : tensor<3xf32>
  %n0 = arith.constant dense<[0.0, -1.0]> : tensor<2xf32>
  %neg = arith.negf %n0 : tensor<2xf32>

  %x = arith.constant dense<[-0.0, 0.0, 0x7FC00000, 1.0, 2.0]> : tensor<5xf32>
  %y = arith.constant dense<[0.0, -0.0, 1.0, 0x7FC00000, 1.0]> : tensor<5xf32>
  %maximum = arith.maximumf %x, %y : tensor<5xf32>
  %minimum = arith.minimumf %x, %y : tensor<5xf32>
  %maxnum = arith.maxnumf %x, %y : tensor<5xf32>
  %minnum = arith.minnumf %x, %y : tensor<5xf32>

  %h0 = arith.constant dense<2048.0> : tensor<2xf16>
  %h1 = arith.constant dense<[1.0, 3.0]> : tensor<2xf16>
  %half = arith.addf %h0, %h1 : tensor<2xf16>
  %b0 = arith.constant dense<256.0> : tensor<2xbf16>
  %b1 = arith.constant dense<[1.0, 3.0]> : tensor<2xbf16>
  %brain = arith.addf %b0, %b1 : tensor<2xbf16>
  %w0 = arith.constant dense<[0.30000000000000004, 1.0]> : tensor<2xf64>
  %w1 = arith.constant dense<[0.1, 10.0]> : tensor<2xf64>
  %double = arith.divf %w0, %w1 : tensor<2xf64>

  %l = arith.constant dense<[1.0, 2.0, 3.0, 0x7FC00000]> : tensor<4xf32>
  %r = arith.constant dense<2.0> : tensor<4xf32>
  %oeq = arith.cmpf oeq, %l, %r : tensor<4xf32>
  %ogt = arith.cmpf ogt, %l, %r : tensor<4xf32>
  %oge = arith.cmpf oge, %l, %r : tensor<4xf32>
  %olt = arith.cmpf olt, %l, %r : tensor<4xf32>
  %ole = arith.cmpf ole, %l, %r : tensor<4xf32>
  %one = arith.cmpf one, %l, %r : tensor<4xf32>
  %ord = arith.cmpf ord, %l, %r : tensor<4xf32>
  %ueq = arith.cmpf ueq, %l, %r : tensor<4xf32>
  %ugt = arith.cmpf ugt, %l, %r : tensor<4xf32>
  %uge = arith.cmpf uge, %l, %r : tensor<4xf32>
  %ult = arith.cmpf ult, %l, %r : tensor<4xf32>
  %ule = arith.cmpf ule, %l, %r : tensor<4xf32>
  %une = arith.cmpf une, %l, %r : tensor<4xf32>
  %uno = arith.cmpf uno, %l, %r : tensor<4xf32>
  %never = arith.cmpf false, %l, %r : tensor<4xf32>
  %ever = arith.cmpf true, %l, %r : tensor<4xf32>
  %o = tensor.concat dim(0) %oeq, %ogt, %oge, %olt, %ole, %one, %ord
      : (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) -> tensor<28xi1>
  %u = tensor.concat dim(0) %ueq, %ugt, %uge, %ult, %ule, %une, %uno
      : (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) -> tensor<28xi1>
  %c = tensor.concat dim(0) %never, %ever : (tensor<4xi1>, tensor<4xi1>) -> tensor<8xi1>
  %ordered = tensor.expand_shape %o [[0, 1]] output_shape [7, 4] : tensor<28xi1> into tensor<7x4xi1>
  %unordered = tensor.expand_shape %u [[0, 1]] output_shape [7, 4] : tensor<28xi1> into tensor<7x4xi1>
  %always = tensor.expand_shape %c [[0, 1]] output_shape [2, 4] : tensor<8xi1> into tensor<2x4xi1>
  return %add, %sub, %mul, %div, %rem, %neg, %maximum, %minimum, %maxnum, %minnum, %half, %brain, %double, %ordered,
         %unordered, %always
      : tensor<5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<2xf32>, tensor<5xf32>,
        tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<2xf16>, tensor<2xbf16>, tensor<2xf64>, tensor<7x4xi1>,
        tensor<7x4xi1>, tensor<2x4xi1>
}
