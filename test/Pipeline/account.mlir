// One remark of MLIR's remark engine for each operation of the input, at its
// location: passed where it became integer, missed where it stays float, with
// what would change that; analysis where it is gone. Nobody gets them unasked.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 rule='name=^kept keep=float'" -o /dev/null \
// RUN:   --remarks-filter=lowbit 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 rule='name=^kept keep=float'" -o /dev/null \
// RUN:   --remarks-filter-missed=lowbit --remark-policy=final 2>&1 | FileCheck %s --check-prefix=MISSED
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 rule='name=^kept keep=float'" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=DEFAULT --implicit-check-not=Category
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 rule='name=^kept keep=float'" -o /dev/null \
// RUN:   --mlir-pass-statistics 2>&1 | FileCheck %s --check-prefix=STATISTICS

// The words of `change` do change it.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 rule='name=^kept keep=float' rule='name=^kept.it$ keep=none' rule='name=^grouped$ role=weight granularity=channel' rule='name=^kept.it$ role=weight granularity=channel' explain=%t.json" -o /dev/null
// RUN: FileCheck %s --check-prefix=CHANGED < %t.json

// ALL: account.mlir:[[#@LINE+29]]:8: remark: [Missed] grouped | Category:lowbit:float | Function=main | Reason="operands with blocks or packed elements have no integer form in this version", Remark="linalg.matmul float", Suggestion="--rule "name=^grouped$ role=weight granularity=channel""
// ALL: account.mlir:[[#@LINE+29]]:8: remark: [Missed] kept it | Category:lowbit:float | Function=main | Reason="kept float by rule: name=^kept keep=float", Remark="linalg.matmul float", Suggestion="--rule "name=^kept.it$ keep=none""
// ALL: remark: [Analysis] unread | Category:lowbit:removed | Function=main | Reason="no output of the model depends on it"
// ALL: remark: [Missed] sum | Category:lowbit:float | Function=main | Reason="elementwise operation: mode=dynamic leaves it float"
// ALL: remark: [Passed] turned | Category:lowbit:moved | Function=main | Remark="linalg.transpose moved"

// MISSED-NOT: [Passed]
// MISSED-DAG: [Missed] grouped |
// MISSED-DAG: [Missed] kept it |
// MISSED-DAG: [Missed] sum |

// DEFAULT: remark: stays float: kept float by rule
// DEFAULT: remark: stays float: operands with blocks

// The counts of the explanation. Builds of MLIR without statistics leave out
// those that are 0.
// STATISTICS-DAG: 3 {{.*}}operations that stay float
// STATISTICS-DAG: 1 {{.*}}operations that move elements
// STATISTICS-DAG: 1 {{.*}}operations that are gone
// STATISTICS-NOT: operations computed on integers

// CHANGED: "float": 1,
// CHANGED: "integer": 2,
func.func @main(%x: tensor<4x6xf32>) -> tensor<3x4xf32> {
  %w = arith.constant dense<2.0> : tensor<6x3xf32>
  %v = arith.constant dense<3.0> : tensor<6x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul {lowbit.id = "grouped"} ins(%x, %w : tensor<4x6xf32>, tensor<6x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  %z = linalg.matmul {lowbit.id = "kept it"} ins(%x, %v : tensor<4x6xf32>, tensor<6x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  %u = linalg.add {lowbit.id = "unread"} ins(%y, %y : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %a = linalg.add {lowbit.id = "sum"} ins(%y, %z : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %et = tensor.empty() : tensor<3x4xf32>
  %t = linalg.transpose {lowbit.id = "turned"} ins(%a : tensor<4x3xf32>) outs(%et : tensor<3x4xf32>) permutation = [1, 0]
  return %t : tensor<3x4xf32>
}
