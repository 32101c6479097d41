// A scale that the run makes 0, as ONNX's DynamicQuantizeLinear does for zeros:
// 0 / 0 is the zero point, 1 / 0 saturates, in compiled code and interpreted.
// RUN: quant-run %s --inputs random --print | FileCheck %s
// RUN: quant-run %s --inputs random --print --interpret | FileCheck %s
// CHECK: dense<[3, 127, -128]> : tensor<3xi8>
func.func @main() -> tensor<3xi8> {
  %x = arith.constant dense<[0.0, 1.0, -1.0]> : tensor<3xf32>
  %s = arith.constant dense<0.0> : tensor<f32>
  %q = lowbit.quantize %x scale(%s : tensor<f32>) {zero_point = dense<3> : tensor<i32>} : tensor<3xf32> -> tensor<3x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %q : tensor<3x!lowbit.affine<i8>> to tensor<3xi8>
  return %i : tensor<3xi8>
}
