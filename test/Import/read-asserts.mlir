// Assertions that sizes are equal become checks; one of true goes.
// RUN: quant-opt %s --lowbit-read-asserts | FileCheck %s

// CHECK-LABEL: @main
func.func @main(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %c8_i64 = arith.constant 8 : i64
  %true = arith.constant true
  // CHECK: %[[A:.*]] = tensor.dim %arg0
  %a = tensor.dim %x, %c0 : tensor<?x4xf32>
  // CHECK: %[[B:.*]] = tensor.dim %arg1
  %b = tensor.dim %y, %c0 : tensor<?x4xf32>
  %same = arith.cmpi eq, %a, %b : index
  // CHECK: lowbit.check_size %[[A]], %[[B]] "mismatched size for broadcast"
  cf.assert %same, "mismatched size for broadcast"
  %wide = arith.index_cast %a : index to i64
  %eight = arith.cmpi eq, %wide, %c8_i64 : i64
  // CHECK: %[[E:.*]] = arith.index_cast %c8_i64
  // CHECK: lowbit.check_size %[[A]], %[[E]] "eight rows"
  cf.assert %eight, "eight rows"
  cf.assert %true, "nothing"
  %less = arith.cmpi slt, %a, %b : index
  // CHECK: cf.assert %{{.*}}, "another relation stays"
  // CHECK-NOT: cf.assert
  cf.assert %less, "another relation stays"
  return
}
