// RUN: quant-opt %s --lowbit-convert-to-upstream | FileCheck %s
// Stock mlir-opt knows nothing of lowbit.
// RUN: quant-opt %s --lowbit-convert-to-upstream | mlir-opt | FileCheck %s

// CHECK-NOT: lowbit.
module attributes {lowbit.store = "none.safetensors"} {
  lowbit.parameter @small : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
  lowbit.parameter @large : tensor<100xi8> = dense<7> : tensor<100xi8>
  lowbit.parameter @unused : tensor<4xi8> = dense<1> : tensor<4xi8>

  // CHECK-LABEL: func.func @main(%arg0: tensor<?x3xi64>, %arg1: tensor<2xf32>, %arg2: tensor<4xi8>) -> tensor<2xf32>
  func.func @main(%ids: tensor<?x3xi64> {lowbit.name = "ids", lowbit.dims = ["batch", "3"]}, %x: tensor<2xf32> {lowbit.name = "x"}, %narrow: tensor<4xi8>) -> (tensor<2xf32> {lowbit.name = "y"}) {
    // CHECK: %[[ALL:.*]] = linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]} ins(%arg0 : tensor<?x3xi64>) outs(%{{.*}} : tensor<i1>)
    // CHECK: arith.cmpi sge
    // CHECK: arith.cmpi slt
    // CHECK: %[[OK:.*]] = tensor.extract %[[ALL]][] : tensor<i1>
    // CHECK: cf.assert %[[OK]], "row: an index is not in [0, 10)"
    lowbit.check_range %ids in [0, 10) "row" : tensor<?x3xi64>
    // CHECK: arith.extsi %{{.*}} : i8 to i64
    lowbit.check_range %narrow in [-4, 300) "class" : tensor<4xi8>
    // CHECK: arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
    // CHECK: arith.constant dense_resource<large> : tensor<100xi8>
    %w = lowbit.get_parameter @small : tensor<2xf32>
    %l = lowbit.get_parameter @large : tensor<100xi8>
    %o = lowbit.observe %x "activation" "x" {count = 4 : i64} : tensor<2xf32>
    lowbit.tap %o "x" : tensor<2xf32>
    // CHECK: arith.addf %arg1
    %y = arith.addf %o, %w {lowbit.id = "y"} : tensor<2xf32>
    return %y : tensor<2xf32>
  }
  // CHECK: func.func private @reader(tensor<100xi8>)
  func.func private @reader(tensor<100xi8>)
}

// CHECK: dialect_resources
// CHECK: large:
