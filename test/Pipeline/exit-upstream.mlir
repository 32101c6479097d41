// Contractions and requantizations are spelled out; stock mlir-opt lowers them.
// RUN: quant-opt %s --lowbit-exit-upstream -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: mlir-opt %t.mlir --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --convert-linalg-to-loops --expand-strided-metadata --lower-affine --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM
// RUN: not quant-opt %s --lowbit-exit-upstream=x 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: lowbit-exit-upstream takes no options, found 'x'

// CHECK-NOT: lowbit.
// CHECK-LABEL: @main(%{{.*}}: tensor<?x16xi8>, %{{.*}}: tensor<16x8xi8>) -> tensor<?x8xi8>
// CHECK: linalg
// CHECK: arith.shrsi
// CHECK-NOT: lowbit.
// LLVM: llvm.func @main
// LLVM: llvm.ashr
// LLVM-NOT: unrealized_conversion_cast
func.func @main(%a: tensor<?x16xi8> {lowbit.name = "a"}, %w: tensor<16x8xi8> {lowbit.name = "w"}) -> (tensor<?x8xi8> {lowbit.name = "y"}) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %a, %c0 : tensor<?x16xi8>
  %init = tensor.empty(%m) : tensor<?x8x!lowbit.affine<i8>>
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<3> : tensor<i32>}
      ins(%a, %w : tensor<?x16xi8>, tensor<16x8xi8>) outs(%init : tensor<?x8x!lowbit.affine<i8>>) {
  ^bb0(%acc: i32):
    %q = lowbit.requantize %acc {multiplier = dense<1200000000> : tensor<i32>, shift = dense<40> : tensor<i8>, zero_point = dense<-5> : tensor<i32>} : i32 -> !lowbit.affine<i8>
    lowbit.yield %q : !lowbit.affine<i8>
  } -> tensor<?x8x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %y : tensor<?x8x!lowbit.affine<i8>> to tensor<?x8xi8>
  return %i : tensor<?x8xi8>
}
