// Max pooling that reads i8 and makes i32: ranges of 8 and of 32 bits have no
// union. An end of 8 bits would come out: 127 + 1024 is 127 in 8 bits, with
// which the second sum seems to fit.
// RUN: quant-opt %s --lowbit-analyze-accumulators | FileCheck %s
// CHECK-LABEL: @extends
// CHECK-COUNT-2: arith.addi %{{.*}}, %{{.*}} : i32
func.func @extends(%x: tensor<1x4x4x1xi8>) -> tensor<1x3x3x1xi32> {
  %init = arith.constant dense<-1152> : tensor<1x3x3x1xi32>
  %w = tensor.empty() : tensor<2x2xi8>
  %e = tensor.empty() : tensor<1x3x3x1xi32>
  %a = arith.constant 1024 : i32
  %b = arith.constant 2147483147 : i32
  %p = linalg.pooling_nhwc_max {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x4x4x1xi8>, tensor<2x2xi8>) outs(%init : tensor<1x3x3x1xi32>) -> tensor<1x3x3x1xi32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%p : tensor<1x3x3x1xi32>) outs(%e : tensor<1x3x3x1xi32>) {
  ^bb0(%q: i32, %o: i32):
    %0 = arith.addi %q, %a : i32
    %1 = arith.addi %0, %b : i32
    linalg.yield %1 : i32
  } -> tensor<1x3x3x1xi32>
  return %y : tensor<1x3x3x1xi32>
}
