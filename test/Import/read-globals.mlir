// Globals that are read are parameters; those that nothing reads go, as
// torch-mlir's seed does.
// RUN: quant-opt %s --lowbit-read-globals | FileCheck %s

// CHECK-NOT: ml_program
// CHECK: lowbit.parameter @w : tensor<2x2xf32> = dense<{{\[\[}}1.0{{.*}}
// CHECK: lowbit.parameter @never_stored : tensor<2xf32> = dense<3.0{{.*}}
ml_program.global private mutable @global_seed(dense<0> : tensor<i64>) : tensor<i64>
ml_program.global private @w(dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>) : tensor<2x2xf32>
ml_program.global private mutable @never_stored(dense<3.0> : tensor<2xf32>) : tensor<2xf32>
// CHECK-LABEL: @main
func.func @main() -> (tensor<2x2xf32>, tensor<2xf32>) {
  // CHECK: lowbit.get_parameter @w : tensor<2x2xf32>
  %0 = ml_program.global_load_const @w : tensor<2x2xf32>
  // CHECK: lowbit.get_parameter @never_stored : tensor<2xf32>
  %1 = ml_program.global_load @never_stored : tensor<2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2xf32>
}
