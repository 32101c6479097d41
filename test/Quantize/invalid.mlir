// RUN: quant-opt %s --verify-diagnostics --lowbit-insert-qdq

func.func @axis(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{ranges are found at run time for affine formats per tensor or per row; '!lowbit.affine<i8, axis = 0>' needs scale and zero_point at compile time}}
  %0 = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8, axis = 0>} : tensor<4xf32>
  return %0 : tensor<4xf32>
}
