// A reduction over nothing gives its init, whether its body reads it or not; it
// gave whatever the memory held.
// RUN: quant-run %s --inputs random --print | FileCheck %s
// RUN: quant-run %s --inputs random --print --interpret | FileCheck %s
// CHECK: static: dense<[7, 8, 9, 10]> : tensor<4xi32>
// CHECK: dynamic: dense<[7, 8, 9, 10]> : tensor<4xi32>
// CHECK: folded: dense<[7, 8, 9, 10]> : tensor<4xi32>
// CHECK: named: dense<[7, 8, 9, 10]> : tensor<4xi32>
// CHECK: full: dense<3> : tensor<4xi32>
#in = affine_map<(i, j) -> (i, j)>
#out = affine_map<(i, j) -> (j)>
func.func @main(%a: tensor<1xi8>)
    -> (tensor<4xi32> {lowbit.name = "static"}, tensor<4xi32> {lowbit.name = "dynamic"},
        tensor<4xi32> {lowbit.name = "folded"}, tensor<4xi32> {lowbit.name = "named"}, tensor<4xi32> {lowbit.name = "full"}) {
  %c = arith.constant dense<[7, 8, 9, 10]> : tensor<4xi32>
  %none = arith.constant dense<> : tensor<0x4xi32>
  %0 = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]} ins(%none : tensor<0x4xi32>) outs(%c : tensor<4xi32>) {
  ^bb0(%x: i32, %y: i32):
    %three = arith.constant 3 : i32
    linalg.yield %three : i32
  } -> tensor<4xi32>

  // min(a^2, 0) rows, which nothing folds.
  %i = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %byte = tensor.extract %a[%i] : tensor<1xi8>
  %wide = arith.extsi %byte : i8 to i32
  %square = arith.muli %wide, %wide : i32
  %min = arith.minsi %square, %zero : i32
  %rows = arith.index_cast %min : i32 to index
  %v = arith.constant dense<1> : tensor<2x4xi32>
  %some = tensor.extract_slice %v[0, 0] [%rows, 4] [1, 1] : tensor<2x4xi32> to tensor<?x4xi32>
  %1 = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]} ins(%some : tensor<?x4xi32>) outs(%c : tensor<4xi32>) {
  ^bb0(%x: i32, %y: i32):
    linalg.yield %x : i32
  } -> tensor<4xi32>

  // Canonicalization removes the read: whatever is or-ed with -1 is -1.
  %2 = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]} ins(%some : tensor<?x4xi32>) outs(%c : tensor<4xi32>) {
  ^bb0(%x: i32, %y: i32):
    %ones = arith.constant -1 : i32
    %or = arith.ori %y, %ones : i32
    linalg.yield %or : i32
  } -> tensor<4xi32>

  %reduced = linalg.reduce ins(%some : tensor<?x4xi32>) outs(%c : tensor<4xi32>) dimensions = [0]
    (%x: i32, %y: i32) {
      linalg.yield %x : i32
    }

  %3 = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]} ins(%v : tensor<2x4xi32>) outs(%c : tensor<4xi32>) {
  ^bb0(%x: i32, %y: i32):
    %three = arith.constant 3 : i32
    linalg.yield %three : i32
  } -> tensor<4xi32>
  return %0, %1, %2, %reduced, %3 : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>
}
