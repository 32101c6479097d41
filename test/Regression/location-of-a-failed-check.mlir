// A check that fails while compiled code runs says where it comes from.
// RUN: split-file %s %t
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], arg0=numpy.zeros(3, 'f4'))" %t/three.npz
// RUN: not quant-run %t/packed.mlir --inputs %t/three.npz --print 2>&1 | FileCheck %t/packed.mlir
// RUN: not quant-run %t/named.mlir --print 2>&1 | FileCheck %t/named.mlir

//--- packed.mlir
// CHECK: error: {{.*}}packed.mlir:[[#@LINE+2]]:8: packed elements do not fill whole bytes
func.func @main(%a: tensor<?xf32>) -> (tensor<?xi8>) {
  %q = lowbit.quantize %a {zero_point = dense<0> : tensor<i32>, scale = dense<0.5> : tensor<f32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<i4, pack = 0>>
  %p = lowbit.storage_cast %q : tensor<?x!lowbit.affine<i4, pack = 0>> to tensor<?xi8>
  return %p : tensor<?xi8>
}

//--- named.mlir
// CHECK: error: 'embedding': token id: index 30522 at position 1 is out of range [0, 30522)
func.func @main() -> tensor<2xi64> {
  %a = arith.constant dense<[0, 30522]> : tensor<2xi64>
  lowbit.check_range %a in [0, 30522) "token id" : tensor<2xi64> loc("embedding")
  return %a : tensor<2xi64>
}
