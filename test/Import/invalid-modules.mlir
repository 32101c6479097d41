// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-import-module --lowbit-verify-float-contract

func.func private @loop(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{calls @loop, which is being called already; recursion has no integer form: unroll it before}}
  %0 = call @loop(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @loop(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func private @elsewhere(tensor<4xf32>) -> tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{calls @elsewhere, which has no body in this module; a model is computed by its module alone: link the function into it, or remove the call}}
  %0 = call @elsewhere(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{the global @count is state that a run changes; make it an argument and a result of the function}}
ml_program.global private mutable @count(dense<0> : tensor<i64>) : tensor<i64>
func.func @main(%x: tensor<i64>) -> tensor<i64> {
  %0 = ml_program.global_load @count : tensor<i64>
  // expected-note @+1 {{'ml_program.global_store' uses it here}}
  ml_program.global_store @count = %x : tensor<i64>
  return %0 : tensor<i64>
}

// -----

// expected-error @+1 {{the global @w of type 'tensor<4xf32>' has no elements in this module; expected a tensor of known sizes with its value}}
ml_program.global private mutable @w : tensor<4xf32>
func.func @main() -> tensor<4xf32> {
  %0 = ml_program.global_load @w : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#map = affine_map<(d0) -> (d0)>
func.func @main(%table: tensor<?xf32>, %ids: tensor<4xi32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%ids : tensor<4xi32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %1 = arith.index_cast %in : i32 to index
    // expected-error @+1 {{looks up data along dimension 0 of 'tensor<?xf32>', whose size is not known before the run; give that dimension a size in the module}}
    %v = tensor.extract %table[%1] : tensor<?xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{the module does not keep the float contract: 2 offenders}}
module {
  // expected-note @+2 {{argument 0 has type memref<4xf32>; values are ranked tensors: give the module as it is before bufferization}}
  // expected-note @+1 {{argument 1 is no tensor; make it a tensor of rank 0}}
  func.func @main(%x: memref<4xf32>, %s: f32) { return }
}

// -----

// expected-error @+1 {{the module does not keep the float contract: 1 offender}}
module {
  // expected-note @+1 {{argument 1 is named 'arg1' like another}}
  func.func @main(%x: tensor<4xf32> {lowbit.name = "arg1"}, %y: tensor<4xf32>) { return }
}

// -----

// expected-error @+1 {{the module does not keep the float contract: 1 offender}}
module {
  func.func @main(%x: tensor<4x6xi8>, %w: tensor<6x3xi8>, %e: tensor<4x3xi32>, %zero: tensor<i32>) -> tensor<4x3xi32> {
    %z = tensor.extract %zero[] : tensor<i32>
    // expected-note @+1 {{'linalg.quantized_matmul' is quantized already; quantize the float model}}
    %0 = linalg.quantized_matmul ins(%x, %w, %z, %z : tensor<4x6xi8>, tensor<6x3xi8>, i32, i32) outs(%e : tensor<4x3xi32>) -> tensor<4x3xi32>
    return %0 : tensor<4x3xi32>
  }
}

// -----

// expected-error @+1 {{the module does not keep the float contract: 3 offenders}}
module {
  func.func @main(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<4xf32> {
    %b = tensor.extract %c[] : tensor<i1>
    // expected-note @+1 {{'scf.if' is control flow}}
    %0 = scf.if %b -> tensor<4xf32> {
      // expected-note @+1 {{'scf.yield' is control flow}}
      scf.yield %x : tensor<4xf32>
    } else {
      // expected-note @+1 {{'scf.yield' is control flow}}
      scf.yield %x : tensor<4xf32>
    }
    return %0 : tensor<4xf32>
  }
}

// -----

func.func @main(%x: tensor<2x8xf32>, %p: tensor<i1>) -> tensor<2x8xf32> {
  // expected-error @+1 {{'tosa.cond_if' is not covered by lowbit-convert-from-tosa; rewrite it with other operators before}}
  %0 = tosa.cond_if %p : tensor<i1> -> tensor<2x8xf32> {
    tosa.yield %x : tensor<2x8xf32>
  } else {
    tosa.yield %x : tensor<2x8xf32>
  }
  return %0 : tensor<2x8xf32>
}
