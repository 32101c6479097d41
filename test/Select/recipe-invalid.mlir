// Errors in a recipe come with file, line and column, before anything runs: the
// first is the error, others are notes. So do rules that name nothing. Rules that
// do nothing are warnings.
// RUN: split-file %s %t
// RUN: not quant-opt %t/model.mlir --quantize-ptq="recipe=%t/bad.txt" -o %t/out.mlir 2>&1 | FileCheck %s --implicit-check-not=error
// RUN: not ls %t/out.mlir
// RUN: not quant-opt %t/model.mlir --quantize-ptq="recipe=%t/none.txt" 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not quant-opt %t/model.mlir --quantize-ptq="rule='name=q(uery keep=float'" 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: not quant-opt %t/model.mlir --quantize-ptq="weights=row" 2>&1 | FileCheck %s --check-prefix=ROW
// RUN: quant-opt %t/model.mlir --quantize-ptq="mode=weight-only activations=i16" -o /dev/null 2>&1 | FileCheck %s --check-prefix=WEIGHT-ONLY
// RUN: not quant-opt %t/model.mlir --lowbit-insert-observers --lowbit-select-ranges="mode=static activations=row" -o /dev/null 2>&1 | FileCheck %s --check-prefix=STATIC-ROW
// RUN: not quant-opt %t/model.mlir --quantize-ptq="weights=i4,i44" 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: not quant-opt %t/model.mlir --quantize-ptq="weights=i4,entropy" 2>&1 | FileCheck %s --check-prefix=ENTROPY
// RUN: quant-opt %t/model.mlir --quantize-ptq="mode=dynamic recipe=%t/idle.txt" -o /dev/null 2>&1 | FileCheck %s --check-prefix=IDLE --implicit-check-not=warning
// RUN: not quant-opt %t/model.mlir --quantize-ptq="mode=dynamic recipe=%t/nameless.txt" -o %t/out.mlir 2>&1 | FileCheck %s --check-prefix=NAMELESS --implicit-check-not=error
// RUN: not quant-opt %t/spread.mlir --quantize-ptq="weights=group:4" 2>&1 | FileCheck %s --check-prefix=SPREAD

// CHECK: bad.txt:1:1: error: unknown format 'i17'; formats are i2 to i16 and u2 to u16
// CHECK: bad.txt:2:3: note: unknown key 'nmae'; did you mean 'name'?
// CHECK: bad.txt:3:1: note: '[a' is no regular expression: brackets ([ ]) not balanced
// CHECK: bad.txt:4:11: note: 'format' is given twice
// CHECK: bad.txt:5:1: note: the rule chooses nothing; it needs format=, granularity=, method=, symmetry= or keep=
// CHECK: bad.txt:7:1: note: method=entropy is for activations; a weight has minmax, percentile or mse
// CHECK: bad.txt:8:1: note: unknown role 'wieght'; did you mean 'weight'?
// CHECK: bad.txt:9:1: note: unknown word 'flot' after 'keep='; it is float, or none to undo an earlier rule
// CHECK: bad.txt:10:6: note: a quote is opened and not closed
// CHECK: bad.txt:11:1: note: unknown granularity 'chanel'; did you mean 'channel'?
// CHECK: bad.txt:12:1: note: unknown method 'mss'
// CHECK: bad.txt:13:1: note: expected key=value, found 'hello'
// CHECK: bad.txt:14:1: note: granularity=channel is for weights and tables; activations have one scale a tensor or, in mode=dynamic, a row
// CHECK: bad.txt:15:1: note: granularity=group:4 is for weights; look-ups read tables with a scale for each row (channel) or one for all (tensor)
// CHECK: bad.txt:16:1: note: 'symmetry=' needs a word after it
// CHECK: bad.txt:17:1: note: unknown symmetry 'asym'; symmetries are 'asymmetric', 'narrow', 'symmetric'
// CHECK: bad.txt:18:1: note: unknown granularity 'group:0'

// FILE: error: cannot read the recipe '{{.*}}none.txt': No such file or directory
// RULE: error: rule: 'q(uery' is no regular expression: parentheses not balanced (in 'name=q(uery keep=float')
// ROW: error: weights: granularity=row is for activations; a weight has one scale for each channel or one a tensor
// STATIC-ROW: warning: the rule 'role=activation granularity=row' matches 1 value, none of which can take granularity=row: activations have one scale a tensor or, in mode=dynamic, a row
// WEIGHT-ONLY: warning: the rule 'role=activation format=i16' matches 1 value, none of which can take a format: mode=weight-only leaves activations float
// WEIGHTS: error: weights: unknown word 'i44' in 'i4,i44'; it takes a format (i2 to i16, u2 to u16), a granularity (tensor, channel, group:32, row), a symmetry (asymmetric, symmetric, narrow), a method, or float
// ENTROPY: error: weights: method=entropy is for activations; a weight has minmax, percentile or mse

// NAMELESS: nameless.txt:1:1: error: the rule 'name=^quer$ format=i8' matches nothing; did you mean 'query'?
// NAMELESS: nameless.txt:2:1: note: the rule 'op=conv_2 keep=float' matches nothing: no operation of the kind 'conv_2' reads an observed value; the kinds are 'contract', 'matmul'
// NAMELESS: nameless.txt:3:1: note: the rule 'name=z[xyz]+ method=mse' matches nothing; mend or remove it (the names are in what explain=FILE writes of a run without it)

// IDLE: idle.txt:3:1: warning: the rule 'op=conv_2d keep=float' matches nothing in this model: no operation of the kind 'conv_2d' reads an observed value; the kinds are 'contract', 'matmul'
// IDLE: idle.txt:4:1: warning: the rule 'symmetry=symmetric role=activation' matches 1 value, none of which can take its symmetry: ranges of a run are asymmetric
// IDLE: idle.txt:5:1: warning: the rule 'method=entropy' matches 4 values, none of which can take method=entropy
// IDLE: idle.txt:6:1: warning: the rule 'name=^x$ granularity=group:3' matches 1 value, none of which can take granularity=group:3

// SPREAD: spread.mlir:[[#]]:[[#]]: error: the weight '{{.*}}.weight' cannot have granularity=group:4 (weights: role=weight granularity=group:4): 'conv' does not sum along one dimension of it; choose granularity=channel for it


//--- bad.txt
format=i17
  nmae=x
name=[a format=i2
format=i4 format=i5
name=x

role=weight method=entropy
role=wieght keep=float
keep=flot
name="x y keep=float
granularity=chanel
method=mss
hello
role=activation granularity=channel
role=table granularity=group:4
symmetry=
symmetry=asym
granularity=group:0
//--- nameless.txt
name=^quer$ format=i8
op=conv_2 keep=float
name=z[xyz]+ method=mse
op=conv_2d keep=float
//--- idle.txt
# A recipe may be for several models.

op=conv_2d keep=float
symmetry=symmetric role=activation
method=entropy
name=^x$ granularity=group:3
//--- spread.mlir
func.func @main(%x: tensor<1x6x6x4xf32>) -> tensor<1x2x6x6xf32> {
  %filter = arith.constant dense<0.5> : tensor<4x2x6x6xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x2x6x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  // Sums run along two dimensions of the weight, both of them long.
  %y = linalg.generic {lowbit.id = "conv", indexing_maps = [affine_map<(m, n, i, j, k, l) -> (m, i, k, l)>, affine_map<(m, n, i, j, k, l) -> (l, n, j, k)>, affine_map<(m, n, i, j, k, l) -> (m, n, i, j)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %filter : tensor<1x6x6x4xf32>, tensor<4x2x6x6xf32>) outs(%f : tensor<1x2x6x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<1x2x6x6xf32>
  return %y : tensor<1x2x6x6xf32>
}
//--- model.mlir
func.func @main(%x: tensor<?x4xf32> {lowbit.name = "x"}) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %wq = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %wk = arith.constant dense<[[1.5, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %wv = arith.constant dense<[[2.5, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
  %q = linalg.matmul {lowbit.id = "query"} ins(%x, %wq : tensor<?x4xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  %k = linalg.matmul {lowbit.id = "key"} ins(%x, %wk : tensor<?x4xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  %et = tensor.empty(%n) : tensor<4x?xf32>
  %t = linalg.transpose ins(%x : tensor<?x4xf32>) outs(%et : tensor<4x?xf32>) permutation = [1, 0] {lowbit.id = "turned"}
  %v = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {lowbit.id = "value"} ins(%t, %wv : tensor<4x?xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %q, %k, %v : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}
