// RUN: quant-opt %s --lowbit-vectorize-generics --canonicalize --cse \
// RUN:   --split-input-file | FileCheck %s

// Four accumulators over 64 elements, then a tree; the order is defined in
// EmitLaneReduction.cpp. No vector.reduction: it leaves the order open.
// CHECK-LABEL: func @row_sums
// CHECK:         %[[ID:.*]] = arith.constant dense<-0.000000e+00> : vector<16xf32>
// CHECK:         scf.for
// CHECK:           %[[S:.*]]:4 = scf.for {{.*}} step %c64
// CHECK-COUNT-4:     arith.addf {{.*}} : vector<16xf32>
// CHECK:           %[[A:.*]] = arith.addf %[[S]]#0, %[[S]]#1
// CHECK:           %[[B:.*]] = arith.addf %[[S]]#2, %[[S]]#3
// CHECK:           arith.addf %[[A]], %[[B]]
// CHECK:           vector.shuffle {{.*}} [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK:           arith.addf {{.*}} : vector<8xf32>
// CHECK:           arith.addf {{.*}} : vector<4xf32>
// CHECK:           arith.addf {{.*}} : vector<2xf32>
// CHECK:           %[[T:.*]] = vector.extract
// CHECK:           %[[O:.*]] = memref.load
// CHECK:           arith.addf %[[O]], %[[T]] : f32
// CHECK-NOT:     vector.reduction
func.func @row_sums(%a: memref<4x384xf32>, %o: memref<4xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]}
    ins(%a : memref<4x384xf32>) outs(%o : memref<4xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.addf %s, %x : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Lanes beyond the end keep what they hold.
// CHECK-LABEL: func @dynamic_row_maxima
// CHECK:         scf.for {{.*}} step %c64
// CHECK:         scf.if
// CHECK:           scf.for {{.*}} step %c16 iter_args(%[[A:[^ ]*]] =
// CHECK:             %[[M:.*]] = vector.create_mask
// CHECK:             vector.maskedload
// CHECK:             %[[N:.*]] = arith.maximumf
// CHECK:             arith.select %[[M]], %[[N]], %[[A]]
func.func @dynamic_row_maxima(%a: memref<?x?xf32>, %o: memref<?xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]}
    ins(%a : memref<?x?xf32>) outs(%o : memref<?xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.maximumf %s, %x : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Lanes over channels: the window is summed in registers, in program order.
// CHECK-LABEL: func @pool
// CHECK:         scf.parallel
// CHECK-COUNT-4:   vector.load
// CHECK:           scf.for {{.*}} = %c0 to %c3
// CHECK:             scf.for {{.*}} = %c0 to %c3
// CHECK-COUNT-4:       arith.maximumf {{.*}} : vector<16xf32>
// CHECK-COUNT-4:   vector.store
func.func @pool(%a: memref<1x57x57x64xf32>, %w: memref<3x3xf32>,
                %o: memref<1x28x28x64xf32>) {
  linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>,
                           dilations = dense<1> : tensor<2xi64>}
    ins(%a, %w : memref<1x57x57x64xf32>, memref<3x3xf32>)
    outs(%o : memref<1x28x28x64xf32>)
  return
}

// -----

// Two results that depend on each other have no combiner, and no other loop could
// carry the lanes: scalar loops.
// CHECK-LABEL: func @arg_max
// CHECK:         linalg.generic
func.func @arg_max(%a: memref<100xf32>, %v: memref<f32>, %p: memref<i64>) {
  linalg.generic {
    indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>,
                     affine_map<(i) -> ()>],
    iterator_types = ["reduction"]}
    ins(%a : memref<100xf32>) outs(%v, %p : memref<f32>, memref<i64>) {
  ^bb0(%x: f32, %best: f32, %at: i64):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i64
    %c = arith.cmpf ogt, %x, %best : f32
    %r = arith.select %c, %x, %best : f32
    %q = arith.select %c, %n, %at : i64
    linalg.yield %r, %q : f32, i64
  }
  return
}
