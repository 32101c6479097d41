// Operations of lowbit: N7 and N8 with known, per-axis and run-time parameters,
// narrow and unsigned formats, parameters, observers.
// RUN: quant-run %s --interpret --print | FileCheck %s
// RUN: quant-run %s --inputs random --interpret --dump-values %t.npz
// RUN: %python -c "import numpy, sys; print(dict(numpy.load(sys.argv[1])))" %t.npz | FileCheck %s --check-prefix=DUMP

// CHECK: quantized: dense<[3, 5, 7, 127, -128, 3]> : tensor<6xi8>
// CHECK: dequantized: dense<[0.000000e+00, 1.000000e+00, 2.000000e+00, 6.200000e+01, -6.550000e+01, 0.000000e+00]>
// CHECK: channels: dense<{{\[}}[2, 0], [6, 5], [-7, 1]]> : tensor<3x2xi8>
// CHECK: real: dense<{{\[}}[1.000000e+00, 0.000000e+00], [3.000000e+00, 1.000000e+00], [-3.500000e+00, 2.000000e-01]]>
// CHECK: unsigned: dense<[0, 15, 8]> : tensor<3xi8>
// CHECK: fake: dense<[-8.000000e+00, 7.000000e+00, 0.000000e+00]> : tensor<3xf32>
// CHECK: weight: dense<[1, 2, 3]> : tensor<3xi8>
// DUMP: 'half': array([0.5, 0.5, 0.5], dtype=float32)
lowbit.parameter @weight : tensor<3xi8> = dense<[1, 2, 3]> : tensor<3xi8>
func.func @main()
    -> (tensor<6xi8> {lowbit.name = "quantized"}, tensor<6xf32> {lowbit.name = "dequantized"},
        tensor<3x2xi8> {lowbit.name = "channels"}, tensor<3x2xf32> {lowbit.name = "real"},
        tensor<3xi8> {lowbit.name = "unsigned"}, tensor<3xf32> {lowbit.name = "fake"},
        tensor<3xi8> {lowbit.name = "weight"}, tensor<3xf32> {lowbit.name = "observed"}) {
  %x = arith.constant dense<[0.25, 0.75, 1.75, 1.0e9, 0xFF800000, 0x7FC00000]> : tensor<6xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
      : tensor<6xf32> -> tensor<6x!lowbit.affine<i8>>
  %quantized = lowbit.storage_cast %q : tensor<6x!lowbit.affine<i8>> to tensor<6xi8>
  %dequantized = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
      : tensor<6x!lowbit.affine<i8>> -> tensor<6xf32>

  %y = arith.constant dense<[[1.0, 0.09], [3.0, 1.0], [-9.0, 0.2]]> : tensor<3x2xf32>
  %scale = arith.constant dense<[0.5, 0.2]> : tensor<2xf32>
  %zero = arith.constant dense<0> : tensor<2xi32>
  %c = lowbit.quantize %y dynamic(%scale, %zero : tensor<2xf32>, tensor<2xi32>)
      : tensor<3x2xf32> -> tensor<3x2x!lowbit.affine<i8, -7:7, axis = 1>>
  %channels = lowbit.storage_cast %c : tensor<3x2x!lowbit.affine<i8, -7:7, axis = 1>> to tensor<3x2xi8>
  %real = lowbit.dequantize %c dynamic(%scale, %zero : tensor<2xf32>, tensor<2xi32>)
      : tensor<3x2x!lowbit.affine<i8, -7:7, axis = 1>> -> tensor<3x2xf32>

  // 15 of ui4 has the bits of -1 of i4.
  %z = arith.constant dense<[-9.0, 9.0, 0.0]> : tensor<3xf32>
  %u = lowbit.quantize %z {scale = dense<1.0> : tensor<f32>, zero_point = dense<8> : tensor<i32>}
      : tensor<3xf32> -> tensor<3x!lowbit.affine<ui4>>
  %nibble = lowbit.storage_cast %u : tensor<3x!lowbit.affine<ui4>> to tensor<3xi4>
  %unsigned = arith.extui %nibble : tensor<3xi4> to tensor<3xi8>
  %fake = lowbit.fake_quant %z as !lowbit.affine<ui4>
      {scale = dense<1.0> : tensor<f32>, zero_point = dense<8> : tensor<i32>} : tensor<3xf32> -> tensor<3xf32>
  %w = lowbit.get_parameter @weight : tensor<3xi8>
  lowbit.check_range %w in [1, 4) "weight" : tensor<3xi8>
  %half = arith.constant {lowbit.id = "half"} dense<0.5> : tensor<3xf32>
  %observed = lowbit.observe %half "activation" "half" : tensor<3xf32>
  lowbit.tap %observed "half" : tensor<3xf32>
  return %quantized, %dequantized, %channels, %real, %unsigned, %fake, %w, %observed
      : tensor<6xi8>, tensor<6xf32>, tensor<3x2xi8>, tensor<3x2xf32>, tensor<3xi8>, tensor<3xf32>, tensor<3xi8>,
        tensor<3xf32>
}
