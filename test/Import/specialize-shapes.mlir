// Sizes reach every type, the result and its dims.
// RUN: quant-opt %s --lowbit-specialize-shapes="shape=batch=2,seq=3" | FileCheck %s
// RUN: quant-opt %s --lowbit-specialize-shapes="shape=seq=3" | FileCheck %s --check-prefix=PART

// CHECK-LABEL: @main
// CHECK-SAME: tensor<2x3xi64> {lowbit.dims = ["2", "3"], lowbit.name = "ids"}
// CHECK-SAME: tensor<2x12xf32> {lowbit.dims = ["2", "12"]}
// CHECK-NOT: ?
// CHECK: return %{{.*}} : tensor<2x12xf32>

// PART-LABEL: @main
// PART-SAME: tensor<?x3xi64> {lowbit.dims = ["batch", "3"], lowbit.name = "ids"}
// PART: tensor.empty(%{{.*}}) : tensor<?x3x4xf32>
func.func @main(%ids: tensor<?x?xi64> {lowbit.name = "ids", lowbit.dims = ["batch", "seq"]})
    -> (tensor<?x?xf32> {lowbit.dims = ["batch", "width"]}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %ids, %c0 : tensor<?x?xi64>
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  lowbit.check_range %ids in [0, 9) "token id" : tensor<?x?xi64>
  %e = tensor.empty(%b, %s) : tensor<?x?x4xf32>
  %x = linalg.generic {
      indexing_maps = [affine_map<(b, s, n) -> (b, s)>, affine_map<(b, s, n) -> (b, s, n)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%ids : tensor<?x?xi64>) outs(%e : tensor<?x?x4xf32>) {
  ^bb0(%id: i64, %o: f32):
    %f = arith.sitofp %id : i64 to f32
    linalg.yield %f : f32
  } -> tensor<?x?x4xf32>
  %y = tensor.collapse_shape %x [[0], [1, 2]] : tensor<?x?x4xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
