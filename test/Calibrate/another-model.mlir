// A table of a model with another activation is refused; one of the same model
// with other sizes is not.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random shape=n=3 save-table=%t.json compile-to=calibrate" -o /dev/null
// RUN: quant-opt %s --quantize-ptq="calibration-table=%t.json compile-to=calibrate" | FileCheck %s
// RUN: quant-opt %s --quantize-ptq="calibration-table=%t.json shape=n=5 observe=operands channels compile-to=calibrate" | FileCheck %s
// RUN: sed s/arith.maximumf/arith.minimumf/ %s > %t.mlir
// RUN: not quant-opt %t.mlir --quantize-ptq="calibration-table=%t.json compile-to=calibrate" 2>&1 | FileCheck %s --check-prefix=OTHER

// CHECK: lowbit.observe {{.*}} "activation" "relu"
// OTHER: error: the calibration table {{.*}} is of another model: its fingerprint is

lowbit.parameter @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
func.func @main(%x: tensor<?x2xf32> {lowbit.name = "x", lowbit.dims = ["n", "2"]})
    -> (tensor<?x2xf32> {lowbit.name = "y", lowbit.dims = ["n", "2"]}) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %w = lowbit.get_parameter @w : tensor<2x2xf32>
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %empty = tensor.empty(%n) : tensor<?x2xf32>
  %relu = linalg.generic {lowbit.id = "relu",
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x2xf32>) outs(%empty : tensor<?x2xf32>) {
    ^bb0(%e: f32, %o: f32):
      %m = arith.maximumf %e, %zero : f32
      linalg.yield %m : f32
  } -> tensor<?x2xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul {lowbit.id = "y"} ins(%relu, %w : tensor<?x2xf32>, tensor<2x2xf32>)
      outs(%fill : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
