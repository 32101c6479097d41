// What is at padded positions is not counted, along whichever dimensions a
// value has them.
// RUN: split-file %s %t
// RUN: %python %t/data.py %t
// RUN: quant-opt %t/attention.mlir --lowbit-calibrate="data=%t/attention.npz mask=mask threads=1" | FileCheck %t/attention.mlir
// RUN: quant-opt %t/reshapes.mlir --lowbit-calibrate="data=%t/reshapes.npz mask=mask threads=1" | FileCheck %t/reshapes.mlir
// RUN: quant-opt %t/lost.mlir --verify-diagnostics --lowbit-calibrate="data=%t/lost.npz mask=mask threads=1" | FileCheck %t/lost.mlir
// RUN: quant-opt %t/loop.mlir --lowbit-calibrate="data=%t/loop.npz mask=mask threads=1" | FileCheck %t/loop.mlir
// RUN: not quant-opt %t/loop.mlir --lowbit-calibrate="data=%t/loop.npz mask=maks" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not quant-opt %t/loop.mlir --lowbit-calibrate="data=%t/loop.npz mask=scalar" 2>&1 | FileCheck %s --check-prefix=SCALAR
// RUN: not quant-opt %t/loop.mlir --lowbit-calibrate="data=%t/loop.npz mask=other" 2>&1 | FileCheck %s --check-prefix=NOTHING

// NAME: error: no input is called 'maks', which the option mask names; did you mean 'mask'?
// SCALAR: error: the mask 'scalar' has type 'tensor<f32>'; a mask has one element for each position, as attention_mask[batch, seq] has
// NOTHING: error: no observed value runs along the dimensions of the mask 'other', so it leaves nothing out; leave the option mask out or name another input

//--- data.py
import sys
import numpy as np

folder = sys.argv[1]
numbers = np.random.default_rng(0)


def floats(*shape):
    return numbers.normal(size=shape).astype(np.float32)


# Samples of 3, 1 and 5 of 5 positions.
mask = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 0], [1, 1, 1, 1, 1]])
np.savez(f"{folder}/attention.npz", q=floats(3, 5, 4), k=floats(3, 5, 4), mask=mask)
np.savez(f"{folder}/reshapes.npz", x=floats(6, 3, 8), mask=np.array([[1, 0, 0], [1, 1, 0]] * 3).astype(np.float32))
np.savez(f"{folder}/lost.npz", x=floats(1, 4, 2), mask=np.array([[True, True, False, False]]))
np.savez(f"{folder}/loop.npz", x=floats(4), mask=np.array([0, 1, 1, 0], np.int8), other=floats(3), scalar=floats()[()])

//--- attention.mlir
// A probability has two positions: of the query and of the key. Counts over the
// three samples: 3 + 1 + 5 positions, 9 + 1 + 25 pairs.
// CHECK: "activation" "q" {count = 36 : i64
// CHECK: "activation" "k" {count = 36 : i64
// CHECK: "value" "scores" {count = 35 : i64
// CHECK: "value" "masked" {count = 35 : i64
// CHECK: "value" "pooled" {count = 12 : i64
#q = affine_map<(b, i, j, d) -> (b, i, d)>
#k = affine_map<(b, i, j, d) -> (b, j, d)>
#s = affine_map<(b, i, j, d) -> (b, i, j)>
func.func @main(%q: tensor<?x?x4xf32> {lowbit.name = "q", lowbit.dims = ["batch", "queries", "4"]},
                %k: tensor<?x?x4xf32> {lowbit.name = "k", lowbit.dims = ["batch", "keys", "4"]},
                %mask: tensor<?x?xi64> {lowbit.name = "mask", lowbit.dims = ["batch", "queries"]}) -> (tensor<?x?x?xf32>, tensor<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %n = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %m = tensor.dim %k, %c1 : tensor<?x?x4xf32>
  %qo = lowbit.observe %q "activation" "q" : tensor<?x?x4xf32>
  %ko = lowbit.observe %k "activation" "k" : tensor<?x?x4xf32>
  %e = tensor.empty(%b, %n, %m) : tensor<?x?x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %scores = linalg.contract indexing_maps = [#q, #k, #s]
      ins(%qo, %ko : tensor<?x?x4xf32>, tensor<?x?x4xf32>) outs(%f : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  lowbit.observe %scores "value" "scores" : tensor<?x?x?xf32>
  // Only here do the keys meet the mask.
  %masked = linalg.generic {
      indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, j)>, affine_map<(b, i, j) -> (b, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %mask : tensor<?x?x?xf32>, tensor<?x?xi64>) outs(%e : tensor<?x?x?xf32>) {
  ^bb0(%s: f32, %v: i64, %o: f32):
    %r = arith.sitofp %v : i64 to f32
    %p = arith.mulf %s, %r : f32
    linalg.yield %p : f32
  } -> tensor<?x?x?xf32>
  lowbit.observe %masked "value" "masked" : tensor<?x?x?xf32>
  // A sum over the positions has none.
  %e2 = tensor.empty(%b) : tensor<?x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x4xf32>) -> tensor<?x4xf32>
  %pooled = linalg.reduce ins(%qo : tensor<?x?x4xf32>) outs(%f2 : tensor<?x4xf32>) dimensions = [1]
    (%a: f32, %o: f32) {
      %r = arith.addf %a, %o : f32
      linalg.yield %r : f32
    }
  lowbit.observe %pooled "value" "pooled" : tensor<?x4xf32>
  return %masked, %pooled : tensor<?x?x?xf32>, tensor<?x4xf32>
}

//--- reshapes.mlir
// Two samples a run: 1 + 2 of 6 positions, three runs. Batch and positions are
// joined, split and transposed; the eight features are split in two.
// CHECK: "activation" "flat" {count = 72 : i64
// CHECK: "value" "heads" {count = 72 : i64
// CHECK: "value" "first" {count = 48 : i64
// CHECK: "value" "swapped" {axis = 0 : i64, count = 72 : i64
func.func @main(%x: tensor<2x3x8xf32> {lowbit.name = "x"}, %mask: tensor<2x3xf32> {lowbit.name = "mask"}) -> tensor<8x3x2xf32> {
  %e0 = tensor.empty() : tensor<2x3x8xf32>
  %both = linalg.generic {
      indexing_maps = [affine_map<(b, i, d) -> (b, i, d)>, affine_map<(b, i, d) -> (b, i)>, affine_map<(b, i, d) -> (b, i, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %mask : tensor<2x3x8xf32>, tensor<2x3xf32>) outs(%e0 : tensor<2x3x8xf32>) {
  ^bb0(%a: f32, %v: f32, %o: f32):
    %p = arith.addf %a, %v : f32
    linalg.yield %p : f32
  } -> tensor<2x3x8xf32>
  %flat = tensor.collapse_shape %both [[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  %fo = lowbit.observe %flat "activation" "flat" : tensor<6x8xf32>
  %heads = tensor.expand_shape %fo [[0, 1], [2, 3]] output_shape [2, 3, 2, 4] : tensor<6x8xf32> into tensor<2x3x2x4xf32>
  lowbit.observe %heads "value" "heads" : tensor<2x3x2x4xf32>
  // The first sample of each run is gone: one position of its row counts for
  // all that is left of the batch.
  %first = tensor.extract_slice %heads[0, 0, 0, 0] [1, 3, 2, 4] [1, 1, 1, 1] : tensor<2x3x2x4xf32> to tensor<3x2x4xf32>
  lowbit.observe %first "value" "first" : tensor<3x2x4xf32>
  %merged = tensor.collapse_shape %heads [[0], [1], [2, 3]] : tensor<2x3x2x4xf32> into tensor<2x3x8xf32>
  %e = tensor.empty() : tensor<8x3x2xf32>
  %swapped = linalg.transpose ins(%merged : tensor<2x3x8xf32>) outs(%e : tensor<8x3x2xf32>) permutation = [2, 1, 0]
  lowbit.observe %swapped "value" "swapped" {axis = 0 : i64} : tensor<8x3x2xf32>
  return %swapped : tensor<8x3x2xf32>
}

//--- lost.mlir
// Positions are lost where a value is put together anew, or looked up by data.
// One position alone is no loss.
// CHECK: "activation" "x" {count = 4 : i64
// CHECK: "value" "one" {count = 2 : i64
// CHECK: "value" "shifted" {count = 8 : i64
// CHECK: "value" "after" {count = 8 : i64
// CHECK: "value" "gathered" {count = 8 : i64
func.func @main(%x: tensor<1x4x2xf32> {lowbit.name = "x"}, %mask: tensor<1x4xi1> {lowbit.name = "mask"}) -> (tensor<1x4x2xf32>, tensor<1x4x2xf32>) {
  %e = tensor.empty() : tensor<1x4x2xf32>
  %zero = arith.constant 0.0 : f32
  %kept = linalg.generic {
      indexing_maps = [affine_map<(b, i, d) -> (b, i, d)>, affine_map<(b, i, d) -> (b, i)>, affine_map<(b, i, d) -> (b, i, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %mask : tensor<1x4x2xf32>, tensor<1x4xi1>) outs(%e : tensor<1x4x2xf32>) {
  ^bb0(%a: f32, %v: i1, %o: f32):
    %p = arith.select %v, %a, %zero : f32
    linalg.yield %p : f32
  } -> tensor<1x4x2xf32>
  %xo = lowbit.observe %kept "activation" "x" : tensor<1x4x2xf32>
  %one = tensor.extract_slice %xo[0, 3, 0] [1, 1, 2] [1, 1, 1] : tensor<1x4x2xf32> to tensor<1x1x2xf32>
  lowbit.observe %one "value" "one" : tensor<1x1x2xf32>
  // expected-note @+1 {{here}}
  %rest = tensor.extract_slice %xo[0, 0, 0] [1, 3, 2] [1, 1, 1] : tensor<1x4x2xf32> to tensor<1x3x2xf32>
  %shifted = tensor.concat dim(1) %one, %rest : (tensor<1x1x2xf32>, tensor<1x3x2xf32>) -> tensor<1x4x2xf32>
  // expected-remark @+1 {{the value 'shifted' is observed with its padding: where it is padded cannot be followed through tensor.extract_slice}}
  lowbit.observe %shifted "value" "shifted" : tensor<1x4x2xf32>
  %after = linalg.exp ins(%shifted : tensor<1x4x2xf32>) outs(%e : tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  // expected-remark @+1 {{the value 'after' is observed with its padding: where it is padded cannot be followed through tensor.extract_slice}}
  lowbit.observe %after "value" "after" : tensor<1x4x2xf32>
  %c0 = arith.constant 0 : index
  // expected-note @+1 {{here}}
  %gathered = linalg.generic {
      indexing_maps = [affine_map<(b, i, d) -> (b, i, d)>, affine_map<(b, i, d) -> (b, i, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%after : tensor<1x4x2xf32>) outs(%e : tensor<1x4x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.cmpf olt, %a, %zero : f32
    %q = arith.extui %p : i1 to i64
    %i = arith.index_cast %q : i64 to index
    %d = linalg.index 2 : index
    %v = tensor.extract %xo[%c0, %i, %d] : tensor<1x4x2xf32>
    linalg.yield %v : f32
  } -> tensor<1x4x2xf32>
  // expected-remark @+1 {{the value 'gathered' is observed with its padding: where it is padded cannot be followed through linalg.generic}}
  lowbit.observe %gathered "value" "gathered" : tensor<1x4x2xf32>
  return %after, %gathered : tensor<1x4x2xf32>, tensor<1x4x2xf32>
}

//--- loop.mlir
// Through a loop; what is observed in it is one sample, however often it runs.
// CHECK: "value" "carried" {count = 6 : i64
// CHECK: "activation" "result" {count = 2 : i64
func.func @main(%x: tensor<4xf32> {lowbit.name = "x"}, %mask: tensor<4xi8> {lowbit.name = "mask"},
                %other: tensor<3xf32> {lowbit.name = "other"}, %scalar: tensor<f32> {lowbit.name = "scalar"}) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%v = %x) -> tensor<4xf32> {
    %e = tensor.empty() : tensor<4xf32>
    %n = linalg.generic {
        indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]}
        ins(%v, %mask : tensor<4xf32>, tensor<4xi8>) outs(%e : tensor<4xf32>) {
    ^bb0(%a: f32, %m: i8, %o: f32):
      %f = arith.sitofp %m : i8 to f32
      %p = arith.addf %a, %f : f32
      linalg.yield %p : f32
    } -> tensor<4xf32>
    lowbit.observe %n "value" "carried" : tensor<4xf32>
    scf.yield %n : tensor<4xf32>
  }
  %r = lowbit.observe %y "activation" "result" : tensor<4xf32>
  return %r : tensor<4xf32>
}
