// With VNNI, LLVM 22 made one vpdpbusd of the products and took its first lane
// for their sum: 36, 420 and 804.
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], arg0=numpy.arange(48, dtype='i1').reshape(3, 16))" %t.in.npz
// RUN: quant-run %s --inputs %t.in.npz --print | FileCheck %s
// RUN: quant-run %s --inputs %t.in.npz --print --interpret | FileCheck %s
// CHECK: r: dense<[720, 2256, 3792]>
func.func @main(%x: tensor<3x16xi8>) -> (tensor<3xi32> {lowbit.name = "r"}) {
  %zero = arith.constant 0 : i32
  %c6 = arith.constant 6 : i32
  %init = tensor.empty() : tensor<3xi32>
  %fill = linalg.fill ins(%zero : i32) outs(%init : tensor<3xi32>) -> tensor<3xi32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x16xi8>) outs(%fill : tensor<3xi32>) {
  ^bb0(%in: i8, %out: i32):
    %wide = arith.extsi %in : i8 to i32
    %product = arith.muli %wide, %c6 : i32
    %sum = arith.addi %out, %product : i32
    linalg.yield %sum : i32
  } -> tensor<3xi32>
  return %r : tensor<3xi32>
}
