// RUN: quant-opt %s --lowbit-expand-contractions="isa=avx512-vnni" --canonicalize --cse --split-input-file | FileCheck %s

// Panels of 48 columns pass over the rows in tiles of 8: 24 accumulators.

// CHECK-LABEL: func.func @main
// CHECK:       scf.parallel (%{{.*}}) = (%c0) to (%c8)
// CHECK:         scf.for %{{.*}} = %c0 to %c128 step %c8
// CHECK:           scf.for %{{.*}} = %c0 to %c96 step %c1
// CHECK-COUNT-24:    vpdpbusd.512
// CHECK-NOT:         vpdpbusd
// CHECK-COUNT-24:  vector.store
func.func @main(%a: memref<128x384xi8>, %b: memref<384x384xi8> {lowbit.parameter = "w"},
                %c: memref<128x384xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<128x384xi32>)
  linalg.matmul ins(%a, %b : memref<128x384xi8>, memref<384x384xi8>) outs(%c : memref<128x384xi32>)
  return
}

// -----

// Rows that do not fill a tile: the last tile is moved back.

// CHECK-LABEL: func.func @moved_back
// CHECK:       scf.for %[[ROW:.*]] = %c0 to %c29 step %[[STEP:.*]] {
// CHECK:         arith.minsi %[[ROW]], %{{.*}} : index
// CHECK-NOT:   arith.minsi
func.func @moved_back(%a: memref<29x8xi8>, %b: memref<8x32xi8>, %c: memref<29x32xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<29x32xi32>)
  linalg.matmul ins(%a, %b : memref<29x8xi8>, memref<8x32xi8>) outs(%c : memref<29x32xi32>)
  return
}

// -----

// C is added to: no row may be computed twice, and C is loaded, under the mask of
// the last columns.

// CHECK-LABEL: func.func @added_to
// CHECK-NOT:   arith.minsi
// CHECK:       vector.constant_mask [5]
// CHECK:       vector.maskedload
// CHECK:       vpdpbusd
// CHECK:       vector.maskedstore
func.func @added_to(%a: memref<29x8xi8>, %b: memref<8x5xi8>, %c: memref<29x5xi32>) {
  linalg.matmul ins(%a, %b : memref<29x8xi8>, memref<8x5xi8>) outs(%c : memref<29x5xi32>)
  return
}

// -----

// A fill that something reads before the contraction stays.

// CHECK-LABEL: func.func @fill_is_read
// CHECK:       linalg.fill
// CHECK:       memref.copy
// CHECK:       vector.load %{{.*}} : memref<32xi32>, vector<16xi32>
func.func @fill_is_read(%a: memref<2x8xi8>, %b: memref<8x16xi8>, %c: memref<2x16xi32>,
                        %d: memref<2x16xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<2x16xi32>)
  memref.copy %c, %d : memref<2x16xi32> to memref<2x16xi32>
  linalg.matmul ins(%a, %b : memref<2x8xi8>, memref<8x16xi8>) outs(%c : memref<2x16xi32>)
  return
}

// -----

// B that is not a parameter is packed first, and its columns are summed. Batch
// and heads are outside; scratch is freed.

// CHECK-LABEL: func.func @scores
// CHECK:       %[[A:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK:       %[[B:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK:       scf.parallel
// CHECK:         vector.load %{{.*}} : memref<?xi8>, vector<4xi8>
// CHECK:         vpdpbusd
// CHECK:       scf.parallel
// CHECK-NOT:     memref.alloc
// CHECK:         vpdpbusd
// CHECK:       memref.dealloc %[[A]]
// CHECK:       memref.dealloc %[[B]]
func.func @scores(%q: memref<?x?x12x32xi8>, %k: memref<?x?x12x32xi8>, %s: memref<?x12x?x?xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%s : memref<?x12x?x?xi32>)
  linalg.contract
      indexing_maps = [affine_map<(b, h, s, t, d) -> (b, s, h, d)>,
                       affine_map<(b, h, s, t, d) -> (b, t, h, d)>,
                       affine_map<(b, h, s, t, d) -> (b, h, s, t)>]
      ins(%q, %k : memref<?x?x12x32xi8>, memref<?x?x12x32xi8>)
      outs(%s : memref<?x12x?x?xi32>)
  return
}

// -----

// Equal packings of one parameter share an argument.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: lowbit.packing
// CHECK-NOT:   lowbit.packing
func.func @main(%a: memref<8x8xi8>, %b: memref<8x16xi8> {lowbit.parameter = "w"},
                %c: memref<8x16xi32>, %d: memref<8x16xi32>) {
  linalg.matmul ins(%a, %b : memref<8x8xi8>, memref<8x16xi8>) outs(%c : memref<8x16xi32>)
  linalg.matmul ins(%a, %b : memref<8x8xi8>, memref<8x16xi8>) outs(%d : memref<8x16xi32>)
  return
}

// -----

// Convolution: rows are pixels, a segment is a row of the kernel, of 3 * 16
// products that lie together.

// CHECK-LABEL: func.func @main
// CHECK-SAME:  lowbit.packing = {batch = array<i64>, column = array<i64: 32, 1>, corrections = true, depth = array<i64: 48, 32>, element = i8, group = 4 : i64, offset = 0 : i64, segments = array<i64: 3, 1536>, width = 32 : i64}
// CHECK:       scf.for %{{.*}} = %c0 to %c3 step %c1
// CHECK:         scf.for %{{.*}} = %c0 to %c12 step %c1
// CHECK:           vpdpbusd
func.func @main(%a: memref<1x10x10x16xi8>, %b: memref<3x3x16x32xi8> {lowbit.parameter = "w"},
                %c: memref<1x8x8x32xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<1x8x8x32xi32>)
  linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%a, %b : memref<1x10x10x16xi8>, memref<3x3x16x32xi8>) outs(%c : memref<1x8x8x32xi32>)
  return
}

// -----

// A dilated kernel: its columns lie apart too.

// CHECK-LABEL: func.func @main
// CHECK-SAME:  depth = array<i64: 16, 32>{{.*}}segments = array<i64: 3, 1536, 3, 512>
func.func @main(%a: memref<1x12x12x16xi8>, %b: memref<3x3x16x32xi8> {lowbit.parameter = "w"},
                %c: memref<1x8x8x32xi32>) {
  linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<2> : tensor<2xi64>}
      ins(%a, %b : memref<1x12x12x16xi8>, memref<3x3x16x32xi8>) outs(%c : memref<1x8x8x32xi32>)
  return
}

// -----

// Depthwise: the lanes are channels, 16 at a time, then the four that are left.

// CHECK-LABEL: func.func @depthwise
// CHECK:       scf.parallel
// CHECK:         scf.for
// CHECK:           vector.load %{{.*}} vector<16xi8>
// CHECK:           arith.muli %{{.*}} : vector<16xi32>
// CHECK:         vector.store %{{.*}} vector<16xi32>
// CHECK:           vector.load %{{.*}} vector<4xi8>
// CHECK-NOT:       vector<1xi8>
func.func @depthwise(%a: memref<1x10x10x20xi8>, %b: memref<3x3x20xi8>, %c: memref<1x8x8x20xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<1x8x8x20xi32>)
  linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%a, %b : memref<1x10x10x20xi8>, memref<3x3x20xi8>) outs(%c : memref<1x8x8x20xi32>)
  return
}
