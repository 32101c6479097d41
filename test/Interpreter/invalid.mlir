// One small module an error: what has no defined result, and what the
// interpreter does not know.
// RUN: split-file %s %t
// RUN: not quant-run %t/zero.mlir --interpret --print 2>&1 | FileCheck %t/zero.mlir
// RUN: not quant-run %t/lowest.mlir --interpret --print 2>&1 | FileCheck %t/lowest.mlir
// RUN: not quant-run %t/shift.mlir --interpret --print 2>&1 | FileCheck %t/shift.mlir
// RUN: not quant-run %t/flag.mlir --interpret --print 2>&1 | FileCheck %t/flag.mlir
// RUN: not quant-run %t/convert.mlir --interpret --print 2>&1 | FileCheck %t/convert.mlir
// RUN: not quant-run %t/lookup.mlir --interpret --print 2>&1 | FileCheck %t/lookup.mlir
// RUN: not quant-run %t/extract.mlir --interpret --print 2>&1 | FileCheck %t/extract.mlir
// RUN: not quant-run %t/slice.mlir --interpret --print 2>&1 | FileCheck %t/slice.mlir
// RUN: not quant-run %t/empty.mlir --interpret --print 2>&1 | FileCheck %t/empty.mlir
// RUN: not quant-run %t/contraction.mlir --interpret --print 2>&1 | FileCheck %t/contraction.mlir
// RUN: not quant-run %t/sum.mlir --interpret --print 2>&1 | FileCheck %t/sum.mlir
// RUN: not quant-run %t/sum-nsw.mlir --interpret --print 2>&1 | FileCheck %t/sum-nsw.mlir
// RUN: not quant-run %t/sizes.mlir --interpret --print 2>&1 | FileCheck %t/sizes.mlir
// RUN: not quant-run %t/cast.mlir --interpret --print 2>&1 | FileCheck %t/cast.mlir
// RUN: not quant-run %t/zero-point.mlir --interpret --print 2>&1 | FileCheck %t/zero-point.mlir
// RUN: not quant-run %t/code.mlir --interpret --print 2>&1 | FileCheck %t/code.mlir
// RUN: not quant-run %t/codes.mlir --interpret --print 2>&1 | FileCheck %t/codes.mlir
// RUN: not quant-run %t/contract-range.mlir --interpret --print 2>&1 | FileCheck %t/contract-range.mlir
// RUN: not quant-run %t/contract-count.mlir --inputs random --interpret --print 2>&1 | FileCheck %t/contract-count.mlir
// RUN: not quant-run %t/contract-missing.mlir --interpret --print 2>&1 | FileCheck %t/contract-missing.mlir
// RUN: not quant-run %t/range.mlir --interpret --print 2>&1 | FileCheck %t/range.mlir
// RUN: not quant-run %t/assert.mlir --interpret --print 2>&1 | FileCheck %t/assert.mlir
// RUN: not quant-run %t/endless.mlir --interpret --print 2>&1 | FileCheck %t/endless.mlir
// RUN: not quant-run %t/memory.mlir --interpret --print 2>&1 | FileCheck %t/memory.mlir
// RUN: not quant-run %t/unknown.mlir --inputs random --interpret --print 2>&1 | FileCheck %t/unknown.mlir
// RUN: not quant-run %t/body.mlir --interpret --print 2>&1 | FileCheck %t/body.mlir
// RUN: not quant-run %t/formula.mlir --interpret --print 2>&1 | FileCheck %t/formula.mlir
// RUN: not quant-run %t/wide.mlir --interpret --print 2>&1 | FileCheck %t/wide.mlir
// RUN: not quant-run %t/inputs.mlir --interpret --print 2>&1 | FileCheck %t/inputs.mlir

// Options that say nothing to an interpretation are wrong usage.
// RUN: sh -c 'quant-run %t/zero.mlir --interpret --print --threads 2; test $? -eq 2'
// RUN: sh -c 'quant-run %t/zero.mlir --interpret --bench; test $? -eq 2'

//--- zero.mlir
// CHECK: zero.mlir:[[#@LINE+4]]:8: error: 'arith.divsi' op divides 7 by zero at element [1]
func.func @main() -> tensor<2xi32> {
  %a = arith.constant dense<[6, 7]> : tensor<2xi32>
  %b = arith.constant dense<[1, 0]> : tensor<2xi32>
  %0 = arith.divsi %a, %b : tensor<2xi32>
  return %0 : tensor<2xi32>
}

//--- lowest.mlir
// CHECK: error: 'arith.divsi' op overflows on -128 and -1
func.func @main() -> tensor<1xi8> {
  %a = arith.constant -128 : i8
  %b = arith.constant -1 : i8
  %0 = arith.divsi %a, %b : i8
  %1 = tensor.from_elements %0 : tensor<1xi8>
  return %1 : tensor<1xi8>
}

//--- shift.mlir
// CHECK: error: 'arith.shli' op shifts 8 bits by 8 at element [0]
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<8> : tensor<1xi8>
  %0 = arith.shli %a, %a : tensor<1xi8>
  return %0 : tensor<1xi8>
}

//--- flag.mlir
// CHECK: error: 'arith.addi' op overflows, which 'nsw' rules out, on 127 and 127 at element [0]
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<127> : tensor<1xi8>
  %0 = arith.addi %a, %a overflow<nsw> : tensor<1xi8>
  return %0 : tensor<1xi8>
}

//--- convert.mlir
// CHECK: error: 'arith.fptosi' op converts 128, which is out of range for 8 bits at iteration [1] of 'linalg.generic'
func.func @main() -> tensor<2xi8> {
  %a = arith.constant dense<[127.9, 128.0]> : tensor<2xf32>
  %e = tensor.empty() : tensor<2xi8>
  %0 = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%a : tensor<2xf32>) outs(%e : tensor<2xi8>) {
  ^bb0(%in: f32, %out: i8):
    %1 = arith.fptosi %in : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<2xi8>
  return %0 : tensor<2xi8>
}

//--- lookup.mlir
// CHECK: error: 'tensor.extract' op reads element [3] of a tensor of shape [3] at iteration [0] of 'linalg.generic'
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %e = tensor.empty() : tensor<1xi8>
  %0 = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>], iterator_types = ["parallel"]} outs(%e : tensor<1xi8>) {
  ^bb0(%out: i8):
    %i = linalg.index 0 : index
    %c3 = arith.constant 3 : index
    %at = arith.addi %i, %c3 : index
    %1 = tensor.extract %a[%at] : tensor<3xi8>
    linalg.yield %1 : i8
  } -> tensor<1xi8>
  return %0 : tensor<1xi8>
}

//--- extract.mlir
// CHECK: error: 'tensor.extract' op index [0, -1] is out of bounds of shape [1, 3]
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<[[1, 2, 3]]> : tensor<1x3xi8>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant -1 : index
  %0 = tensor.extract %a[%c0, %c1] : tensor<1x3xi8>
  %1 = tensor.from_elements %0 : tensor<1xi8>
  return %1 : tensor<1xi8>
}

//--- slice.mlir
// CHECK: error: 'tensor.extract_slice' op takes 2 elements from 2 on in steps of 1, which is out of bounds of dimension 0 of shape [3]
func.func @main() -> tensor<2xi8> {
  %a = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %c2 = arith.constant 2 : index
  %0 = tensor.extract_slice %a[%c2] [2] [1] : tensor<3xi8> to tensor<2xi8>
  return %0 : tensor<2xi8>
}

//--- empty.mlir
// CHECK: error: 'linalg.matmul' op reads elements of tensor.empty, which are undefined
func.func @main() -> tensor<1x1xf32> {
  %a = arith.constant dense<1.0> : tensor<1x1xf32>
  %e = tensor.empty() : tensor<1x1xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<1x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

//--- contraction.mlir
// CHECK: error: 'linalg.matmul' op has the sum 2147483648 at element [0, 1], which does not fit the accumulator's 32 bits (N9)
func.func @main() -> tensor<1x2xi32> {
  %a = arith.constant dense<1> : tensor<1x1xi8>
  %b = arith.constant dense<[[0, 1]]> : tensor<1x2xi8>
  %c = arith.constant dense<2147483647> : tensor<1x2xi32>
  %0 = linalg.matmul ins(%a, %b : tensor<1x1xi8>, tensor<1x2xi8>) outs(%c : tensor<1x2xi32>) -> tensor<1x2xi32>
  return %0 : tensor<1x2xi32>
}

//--- sum.mlir
// A sum of products whose operands are no elements as they are.
// CHECK: error: 'linalg.quantized_matmul' op has the sum 2147483650 at element [0, 0], which does not fit its 32 bits (N9)
func.func @main() -> tensor<1x1xi32> {
  %a = arith.constant dense<1> : tensor<1x2xi8>
  %b = arith.constant dense<2> : tensor<2x1xi8>
  %c = arith.constant dense<2147483646> : tensor<1x1xi32>
  %za = arith.constant 2 : i32
  %zb = arith.constant 4 : i32
  %0 = linalg.quantized_matmul ins(%a, %b, %za, %zb : tensor<1x2xi8>, tensor<2x1xi8>, i32, i32) outs(%c : tensor<1x1xi32>) -> tensor<1x1xi32>
  return %0 : tensor<1x1xi32>
}

//--- sum-nsw.mlir
// CHECK: error: 'arith.addi' op overflows, which 'nsw' rules out, on -1 and -2147483648 at iteration [1] of 'linalg.generic'
func.func @main() -> tensor<i32> {
  %a = arith.constant dense<[-2147483648, -1]> : tensor<2xi32>
  %zero = arith.constant dense<0> : tensor<i32>
  %0 = linalg.reduce ins(%a : tensor<2xi32>) outs(%zero : tensor<i32>) dimensions = [0]
    (%in: i32, %acc: i32) {
      %1 = arith.addi %in, %acc overflow<nsw> : i32
      linalg.yield %1 : i32
    }
  return %0 : tensor<i32>
}

//--- sizes.mlir
// CHECK: error: 'linalg.generic' op has operands of different sizes, 2 and 3, along loop 0
func.func @main() -> tensor<?xi8> {
  %a = arith.constant dense<1> : tensor<2xi8>
  %b = arith.constant dense<1> : tensor<3xi8>
  %c = tensor.cast %a : tensor<2xi8> to tensor<?xi8>
  %d = tensor.cast %b : tensor<3xi8> to tensor<?xi8>
  %0 = linalg.add ins(%c, %d : tensor<?xi8>, tensor<?xi8>) outs(%c : tensor<?xi8>) -> tensor<?xi8>
  return %0 : tensor<?xi8>
}

//--- cast.mlir
// CHECK: error: 'tensor.cast' op result has type 'tensor<3xi8>', but its value has element type 'i8' and shape [2]
func.func @main() -> tensor<3xi8> {
  %a = arith.constant dense<1> : tensor<2xi8>
  %c = tensor.cast %a : tensor<2xi8> to tensor<?xi8>
  %d = tensor.cast %c : tensor<?xi8> to tensor<3xi8>
  return %d : tensor<3xi8>
}

//--- zero-point.mlir
// CHECK: error: 'lowbit.quantize' op has the zero point 200, which should be in -128:127
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<1.0> : tensor<1xf32>
  %s = arith.constant dense<0.5> : tensor<f32>
  %z = arith.constant dense<200> : tensor<i32>
  %q = lowbit.quantize %a scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<1xf32> -> tensor<1x!lowbit.affine<i8>>
  %0 = lowbit.storage_cast %q : tensor<1x!lowbit.affine<i8>> to tensor<1xi8>
  return %0 : tensor<1xi8>
}

//--- code.mlir
// CHECK: error: 'lowbit.storage_cast' op makes a '!lowbit.affine<i8, -7:7>' of -128, which is not in its range
func.func @main() -> tensor<2xf32> {
  %a = arith.constant dense<[7, -128]> : tensor<2xi8>
  %q = lowbit.storage_cast %a : tensor<2xi8> to tensor<2x!lowbit.affine<i8, -7:7>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x!lowbit.affine<i8, -7:7>> -> tensor<2xf32>
  return %d : tensor<2xf32>
}

//--- codes.mlir
// CHECK: error: 'lowbit.storage_cast' op makes a '!lowbit.affine<i4, -7:7, pack = 0>' of -8, which is not in its range
func.func @main() -> tensor<2xf32> {
  %a = arith.constant dense<-113> : tensor<1xi8>
  %q = lowbit.storage_cast %a : tensor<1xi8> to tensor<2x!lowbit.affine<i4, -7:7, pack = 0>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x!lowbit.affine<i4, -7:7, pack = 0>> -> tensor<2xf32>
  return %d : tensor<2xf32>
}

//--- contract-range.mlir
// CHECK: error: 'lowbit.contract' op has the zero point 300, which should be in -128:127
func.func @main() -> tensor<1x2xi32> {
  %i = arith.constant dense<1> : tensor<1x1xi8>
  %j = arith.constant dense<1> : tensor<1x2xi8>
  %a = lowbit.storage_cast %i : tensor<1x1xi8> to tensor<1x1x!lowbit.affine<i8>>
  %b = lowbit.storage_cast %j : tensor<1x2xi8> to tensor<1x2x!lowbit.affine<i8, axis = 1>>
  %o = tensor.empty() : tensor<1x2xi32>
  %z = arith.constant dense<[1, 300]> : tensor<2xi32>
  %0 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<1x1x!lowbit.affine<i8>>, tensor<1x2x!lowbit.affine<i8, axis = 1>>) rhs_zero_point(%z : tensor<2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1x2xi32>
  return %0 : tensor<1x2xi32>
}

//--- contract-count.mlir
// CHECK: error: 'lowbit.contract' op has 3 zero points where there should be 2
func.func @main(%n: tensor<3xi32>) -> tensor<1x2xi32> {
  %i = arith.constant dense<1> : tensor<1x1xi8>
  %j = arith.constant dense<1> : tensor<1x2xi8>
  %a = lowbit.storage_cast %i : tensor<1x1xi8> to tensor<1x1x!lowbit.affine<i8>>
  %b = lowbit.storage_cast %j : tensor<1x2xi8> to tensor<1x2x!lowbit.affine<i8, axis = 1>>
  %o = tensor.empty() : tensor<1x2xi32>
  %z = tensor.cast %n : tensor<3xi32> to tensor<?xi32>
  %0 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<1x1x!lowbit.affine<i8>>, tensor<1x2x!lowbit.affine<i8, axis = 1>>) rhs_zero_point(%z : tensor<?xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1x2xi32>
  return %0 : tensor<1x2xi32>
}

//--- contract-missing.mlir
// CHECK: error: 'lowbit.contract' op has zero points that cannot be read
func.func @main() -> tensor<1x2xi32> {
  %i = arith.constant dense<1> : tensor<1x1xi8>
  %j = arith.constant dense<1> : tensor<1x2xi8>
  %a = lowbit.storage_cast %i : tensor<1x1xi8> to tensor<1x1x!lowbit.affine<i8>>
  %b = lowbit.storage_cast %j : tensor<1x2xi8> to tensor<1x2x!lowbit.affine<i8, axis = 1>>
  %o = tensor.empty() : tensor<1x2xi32>
  %0 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], rhs_zero_point = dense_resource<nowhere> : tensor<2xi32>}
      ins(%a, %b : tensor<1x1x!lowbit.affine<i8>>, tensor<1x2x!lowbit.affine<i8, axis = 1>>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1x2xi32>
  return %0 : tensor<1x2xi32>
}

//--- range.mlir
// CHECK: error: token id: index 30522 at position 1 is out of range [0, 30522)
func.func @main() -> tensor<2xi64> {
  %a = arith.constant dense<[0, 30522]> : tensor<2xi64>
  lowbit.check_range %a in [0, 30522) "token id" : tensor<2xi64>
  return %a : tensor<2xi64>
}

//--- assert.mlir
// CHECK: error: sizes must agree
func.func @main() -> tensor<1xi64> {
  %a = arith.constant dense<0> : tensor<1xi64>
  %false = arith.constant false
  cf.assert %false, "sizes must agree"
  return %a : tensor<1xi64>
}

//--- endless.mlir
// CHECK: error: calls @again, which is being called already; recursion has no integer form
func.func private @again(%a: tensor<1xi64>) -> tensor<1xi64> {
  %0 = func.call @again(%a) : (tensor<1xi64>) -> tensor<1xi64>
  return %0 : tensor<1xi64>
}
func.func @main() -> tensor<1xi64> {
  %a = arith.constant dense<0> : tensor<1xi64>
  %0 = func.call @again(%a) : (tensor<1xi64>) -> tensor<1xi64>
  return %0 : tensor<1xi64>
}

//--- memory.mlir
// CHECK: error: 'tensor.empty' op needs more memory than there is for shape [4611686018427387904, 4]
func.func @main() -> tensor<?x4xi64> {
  %n = arith.constant 4611686018427387904 : index
  %0 = tensor.empty(%n) : tensor<?x4xi64>
  return %0 : tensor<?x4xi64>
}

//--- unknown.mlir
// CHECK: unknown.mlir:[[#@LINE+4]]:8: error: the interpreter does not know 'tensor.gather'
// CHECK: note: it takes the modules of phases 1 to 6 (see docs/pipeline.md); lower the operation to linalg, tensor, arith and math first
func.func @main(%a: tensor<4xf32>) -> tensor<1xf32> {
  %i = arith.constant dense<0> : tensor<1x1xindex>
  %0 = tensor.gather %a[%i] gather_dims([0]) unique : (tensor<4xf32>, tensor<1x1xindex>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}

//--- body.mlir
// CHECK: error: the interpreter does not know 'scf.if' in a body
// CHECK: note: bodies have operations of arith and math, linalg.index, tensor.extract, tensor.dim and quantization of scalars
func.func @main() -> tensor<1xi8> {
  %a = arith.constant dense<1> : tensor<1xi8>
  %true = arith.constant true
  %0 = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      outs(%a : tensor<1xi8>) {
  ^bb0(%out: i8):
    %1 = scf.if %true -> i8 {
      scf.yield %out : i8
    } else {
      scf.yield %out : i8
    }
    linalg.yield %1 : i8
  } -> tensor<1xi8>
  return %0 : tensor<1xi8>
}

//--- formula.mlir
// CHECK: error: 'math.atan' op has no fixed formula, so its bits are not defined
func.func @main() -> tensor<1xf32> {
  %a = arith.constant dense<1.0> : tensor<1xf32>
  %0 = math.atan %a : tensor<1xf32>
  return %0 : tensor<1xf32>
}

//--- wide.mlir
// CHECK: error: 'math.exp' op on f64 has no fixed formula, so its bits differ between machines; compute in f32
func.func @main() -> tensor<1xf64> {
  %a = arith.constant dense<1.0> : tensor<1xf64>
  %0 = math.exp %a : tensor<1xf64>
  return %0 : tensor<1xf64>
}

//--- inputs.mlir
// CHECK: error: the model has inputs: give --inputs
func.func @main(%a: tensor<1xf32>) -> tensor<1xf32> {
  return %a : tensor<1xf32>
}
