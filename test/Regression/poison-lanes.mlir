// LLVM 22 took lanes that its SLP vectorizer had left poison for zeros on x86
// with AVX2: the first element was -1.
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], arg0=numpy.tile(numpy.arange(8, 16, dtype='i4'), (3, 1)))" %t.in.npz
// RUN: quant-run %s --inputs %t.in.npz --print | FileCheck %s
// RUN: quant-run %s --inputs %t.in.npz --print --interpret | FileCheck %s
// CHECK: r: dense<{{\[}}[0, 1, 2, 3, 3, 4, 5, 6], [0, 1, 2, 3, -8, -7, -6, -5], [7, -8, -7, -6, -3, -2, -1, 0]]>
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<3x8xi32>) -> (tensor<3x8xi32> {lowbit.name = "r"}) {
  %c4 = arith.constant 4 : index
  %table = arith.constant dense<[[-8, 7], [-8, -4], [-1, 1]]> : tensor<3x2xi32>
  %init = tensor.empty() : tensor<3x8xi32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<3x8xi32>) outs(%init : tensor<3x8xi32>) {
  ^bb0(%in: i32, %out: i32):
    %row = linalg.index 0 : index
    %column = linalg.index 1 : index
    %block = arith.divui %column, %c4 : index
    %z = tensor.extract %table[%row, %block] : tensor<3x2xi32>
    %sum = arith.addi %in, %z : i32
    %nibble = arith.trunci %sum : i32 to i4
    %wide = arith.extsi %nibble : i4 to i32
    linalg.yield %wide : i32
  } -> tensor<3x8xi32>
  return %r : tensor<3x8xi32>
}
