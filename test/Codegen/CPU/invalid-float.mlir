// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-vectorize-generics --lowbit-expand-math

func.func @library(%x: f64) -> f64 {
  // expected-error @below {{'math.exp' op of 'f64' has no fixed formula, and the bits of a library's differ between machines}}
  // expected-note @below {{compute it in f32}}
  %0 = math.exp %x : f64
  return %0 : f64
}

// -----

func.func @no_formula(%x: f32) -> f32 {
  // expected-error @below {{'math.clampf' op of 'f32' has no fixed formula}}
  // expected-note @below {{write it with exp, log, sin, cos, sqrt or powf of f32}}
  %0 = math.clampf %x to [%x, %x] : f32
  return %0 : f32
}

// -----

func.func @no_lanes(%a: memref<4x8xf32>, %o: memref<4xf32>) {
  // expected-error @below {{reduces along its last loop, in lanes, and its body cannot be computed in lanes}}
  // expected-note @below {{compute the elements in an operation of their own, before the reduction}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<4x8xf32>) outs(%o : memref<4xf32>) {
  ^bb0(%x: f32, %s: f32):
    %zero = arith.constant 0.0 : f32
    %c = arith.cmpf ogt, %x, %zero : f32
    %v = scf.if %c -> f32 {
      scf.yield %x : f32
    } else {
      scf.yield %zero : f32
    }
    %r = arith.addf %s, %v : f32
    linalg.yield %r : f32
  }
  return
}
