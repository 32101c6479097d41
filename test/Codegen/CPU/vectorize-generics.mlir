// RUN: quant-opt %s --lowbit-vectorize-generics --canonicalize --cse \
// RUN:   --split-input-file | FileCheck %s

// A row-wise operation: the scale of a row is loaded, and its root computed, once
// a row. 384 is a multiple of 16: no tail.
// CHECK-LABEL: func @scale_rows
// CHECK-SAME:    %[[X:.*]]: memref<128x384xf32>, %[[S:.*]]: memref<128x1xf32>
// CHECK:         scf.parallel (%[[I:.*]]) =
// CHECK:           %[[E:.*]] = memref.load %{{.*}}[%[[I]]]
// CHECK:           %[[R:.*]] = math.rsqrt %[[E]] : f32
// CHECK:           scf.for %[[J:.*]] = %c0 to %c384 step %c16
// CHECK:             %[[V:.*]] = vector.load %[[X]][%[[I]], %[[J]]]
// CHECK:             %[[B:.*]] = vector.broadcast %[[R]]
// CHECK:             %[[M:.*]] = arith.mulf %[[V]], %[[B]] : vector<16xf32>
// CHECK:             vector.store %[[M]]
// CHECK-NOT:     vector.create_mask
func.func @scale_rows(%x: memref<128x384xf32>, %s: memref<128x1xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%s : memref<128x1xf32>) outs(%x : memref<128x384xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = math.rsqrt %a : f32
    %m = arith.mulf %b, %r : f32
    linalg.yield %m : f32
  }
  return
}

// -----

// Loops that are contiguous in every operand are one, in chunks for threads; the
// tail of a dynamic extent is masked.
// CHECK-LABEL: func @flat
// CHECK-COUNT-2: memref.collapse_shape
// CHECK:         scf.parallel {{.*}} step (%c4096)
// CHECK:           scf.for
// CHECK:             vector.load
// CHECK:             vector.store
// CHECK:           scf.if
// CHECK:             vector.create_mask
// CHECK:             vector.maskedload
// CHECK:             vector.maskedstore
func.func @flat(%a: memref<?x?x?xi8>, %o: memref<?x?x?xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>,
                     affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%a : memref<?x?x?xi8>) outs(%o : memref<?x?x?xf32>) {
  ^bb0(%x: i8, %y: f32):
    %r = arith.sitofp %x : i8 to f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Rows of a table: one look-up of the id and the scale, then vectors.
// CHECK-LABEL: func @gather
// CHECK-SAME:    %{{.*}}: memref<?x?xi64>, %[[T:.*]]: memref<1000x384xi8>, %[[S:[a-z0-9]*]]:
// CHECK:         scf.parallel
// CHECK:           %[[ID:.*]] = arith.index_cast
// CHECK:           memref.load %[[S]][%[[ID]]]
// CHECK:           scf.for %[[J:.*]] =
// CHECK:             vector.load %[[T]][%[[ID]], %[[J]]] : memref<1000x384xi8>, vector<16xi8>
func.func @gather(%ids: memref<?x?xi64>, %t: memref<1000x384xi8>,
                  %s: memref<1000xf32>, %o: memref<?x?x384xf32>) {
  linalg.generic {
    indexing_maps = [affine_map<(b, s, h) -> (b, s)>,
                     affine_map<(b, s, h) -> (b, s, h)>],
    iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%ids : memref<?x?xi64>) outs(%o : memref<?x?x384xf32>) {
  ^bb0(%x: i64, %z: f32):
    %i = arith.index_cast %x : i64 to index
    %j = linalg.index 2 : index
    %e = memref.load %t[%i, %j] : memref<1000x384xi8>
    %k = memref.load %s[%i] : memref<1000xf32>
    %f = arith.sitofp %e : i8 to f32
    %r = arith.mulf %f, %k : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// The input is contiguous along the rows of the output: that loop is inside.
// CHECK-LABEL: func @transpose
// CHECK:         scf.for %{{.*}} = %c0 to %c64 step %c16
// CHECK:           scf.for %{{.*}} = %c0 to %c96 step %c1
// CHECK-COUNT-16:    memref.load
// CHECK:             vector.from_elements
// CHECK:             vector.store
func.func @transpose(%a: memref<64x96xf32>, %o: memref<96x64xf32>) {
  linalg.transpose ins(%a : memref<64x96xf32>) outs(%o : memref<96x64xf32>)
    permutation = [1, 0]
  return
}

// -----

// A copy between layouts is vectorized, one of contiguous bytes is a memcpy.
// CHECK-LABEL: func @copies
// CHECK:         vector.load
// CHECK:         memref.copy
// CHECK-NOT:     memref.copy
func.func @copies(%a: memref<8x32xf32>, %b: memref<8x48xf32>,
                  %c: memref<8x32xf32>) {
  %s = memref.subview %b[0, 8] [8, 32] [1, 1]
    : memref<8x48xf32> to memref<8x32xf32, strided<[48, 1], offset: 8>>
  memref.copy %a, %s
    : memref<8x32xf32> to memref<8x32xf32, strided<[48, 1], offset: 8>>
  memref.copy %a, %c : memref<8x32xf32> to memref<8x32xf32>
  return
}

// -----

// An integer contraction is another pass's; a float one that it left gets fused
// multiply-adds.
// CHECK-LABEL: func @contractions
// CHECK:         linalg.matmul
// CHECK:         scf.for
// CHECK:           math.fma {{.*}} : vector<16xf32>
func.func @contractions(%a: memref<8x32xi16>, %b: memref<32x8xi16>,
                        %c: memref<8x8xi16>, %x: memref<8x32xf16>,
                        %y: memref<32x8xf16>, %z: memref<8x8xf32>) {
  linalg.matmul ins(%a, %b : memref<8x32xi16>, memref<32x8xi16>)
    outs(%c : memref<8x8xi16>)
  linalg.matmul ins(%x, %y : memref<8x32xf16>, memref<32x8xf16>)
    outs(%z : memref<8x8xf32>)
  return
}
