// Conversions of arith.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: extsi: dense<[-1, -128, 127]> : tensor<3xi32>
// CHECK: extui: dense<[255, 128, 127]> : tensor<3xi32>
// CHECK: bools: dense<{{\[}}[-1, 0], [1, 0]]> : tensor<2x2xi32>
// CHECK: trunci: dense<[-1, 44, 1]> : tensor<3xi8>
// CHECK: sitofp: dense<[0x4B800000, -1.000000e+00, 9.22337203E+18]> : tensor<3xf32>
// CHECK: uitofp: dense<[1.84467441E+19, 3.000000e+00]> : tensor<2xf32>
// 2049 ties to 2048, 4097 to 4096: rounded once, from the integer.
// CHECK: half: dense<[2.048000e+03, 4.096000e+03, 0x7C00]> : tensor<3xf16>
// CHECK: fptosi: dense<[-1, 1, 127, -128]> : tensor<4xi8>
// CHECK: fptoui: dense<[0, -1, 2]> : tensor<3xi8>
// CHECK: truncf: dense<[1.000000e+00, 6.097560e-05, 0x7C00]> : tensor<3xf16>
// CHECK: extf: dense<[1.000000e+00, 0.0999755859]> : tensor<2xf32>
// CHECK: bits: dense<[1065353216, -2147483648]> : tensor<2xi32>
// CHECK: index: dense<[-1, 255]> : tensor<2xi64>
func.func @main()
    -> (tensor<3xi32> {lowbit.name = "extsi"}, tensor<3xi32> {lowbit.name = "extui"},
        tensor<2x2xi32> {lowbit.name = "bools"}, tensor<3xi8> {lowbit.name = "trunci"},
        tensor<3xf32> {lowbit.name = "sitofp"}, tensor<2xf32> {lowbit.name = "uitofp"},
        tensor<3xf16> {lowbit.name = "half"}, tensor<4xi8> {lowbit.name = "fptosi"},
        tensor<3xi8> {lowbit.name = "fptoui"}, tensor<3xf16> {lowbit.name = "truncf"},
        tensor<2xf32> {lowbit.name = "extf"}, tensor<2xi32> {lowbit.name = "bits"},
        tensor<2xi64> {lowbit.name = "index"}) {
  %a = arith.constant dense<[-1, -128, 127]> : tensor<3xi8>
  %extsi = arith.extsi %a : tensor<3xi8> to tensor<3xi32>
  %extui = arith.extui %a : tensor<3xi8> to tensor<3xi32>
  %b = arith.constant dense<[true, false]> : tensor<2xi1>
  %b0 = arith.extsi %b : tensor<2xi1> to tensor<2xi32>
  %b1 = arith.extui %b : tensor<2xi1> to tensor<2xi32>
  %b2 = tensor.concat dim(0) %b0, %b1 : (tensor<2xi32>, tensor<2xi32>) -> tensor<4xi32>
  %bools = tensor.expand_shape %b2 [[0, 1]] output_shape [2, 2] : tensor<4xi32> into tensor<2x2xi32>
  %t = arith.constant dense<[-1, 300, 257]> : tensor<3xi32>
  %trunci = arith.trunci %t : tensor<3xi32> to tensor<3xi8>
  %w = arith.constant dense<[16777217, -1, 9223372036854775807]> : tensor<3xi64>
  %sitofp = arith.sitofp %w : tensor<3xi64> to tensor<3xf32>
  %u = arith.constant dense<[-1, 3]> : tensor<2xi64>
  %uitofp = arith.uitofp %u : tensor<2xi64> to tensor<2xf32>
  %h = arith.constant dense<[2049, 4097, 70000]> : tensor<3xi32>
  %half = arith.sitofp %h : tensor<3xi32> to tensor<3xf16>
  %f = arith.constant dense<[-1.9, 1.9, 127.9, -128.9]> : tensor<4xf32>
  %fptosi = arith.fptosi %f : tensor<4xf32> to tensor<4xi8>
  %g = arith.constant dense<[-0.9, 255.9, 2.0]> : tensor<3xf32>
  %fptoui = arith.fptoui %g : tensor<3xf32> to tensor<3xi8>
  %x = arith.constant dense<[1.00048828125, 6.1e-5, 65520.0]> : tensor<3xf32>
  %truncf = arith.truncf %x : tensor<3xf32> to tensor<3xf16>
  %y = arith.constant dense<[1.0, 0.1]> : tensor<2xf16>
  %extf = arith.extf %y : tensor<2xf16> to tensor<2xf32>
  %z = arith.constant dense<[1.0, -0.0]> : tensor<2xf32>
  %bits = arith.bitcast %z : tensor<2xf32> to tensor<2xi32>
  %c0 = arith.constant 0 : index
  %m = tensor.extract %a[%c0] : tensor<3xi8>
  %i = arith.index_cast %m : i8 to index
  %j = arith.index_castui %m : i8 to index
  %i0 = arith.index_cast %i : index to i64
  %j0 = arith.index_cast %j : index to i64
  %index = tensor.from_elements %i0, %j0 : tensor<2xi64>
  return %extsi, %extui, %bools, %trunci, %sitofp, %uitofp, %half, %fptosi, %fptoui, %truncf, %extf, %bits, %index
      : tensor<3xi32>, tensor<3xi32>, tensor<2x2xi32>, tensor<3xi8>, tensor<3xf32>, tensor<2xf32>, tensor<3xf16>,
        tensor<4xi8>, tensor<3xi8>, tensor<3xf16>, tensor<2xf32>, tensor<2xi32>, tensor<2xi64>
}
