// RUN: quant-opt %s --lowbit-expand-contractions="isa=avx512-vnni" --canonicalize --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,ZMM
// RUN: quant-opt %s --lowbit-expand-contractions="isa=avx-vnni" --canonicalize --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,YMM
// RUN: quant-opt %s --lowbit-expand-contractions="isa=avx2" --canonicalize --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: quant-opt %s --lowbit-expand-contractions="isa=portable" --canonicalize --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,PLAIN

// The dot product of each target; the parameter becomes a packed argument.

// CHECK-LABEL: func.func @main
// CHECK-SAME:  %[[A:.*]]: memref<3x8xi8>, %{{.*}}: memref<8x16xi8> {lowbit.parameter = "w"}, %{{.*}}: memref<3x16xi32>,
// ZMM-SAME:    %[[P:.*]]: memref<192xi8> {lowbit.packing = {batch = array<i64>, column = array<i64: 16, 1>, corrections = true, depth = array<i64: 8, 16>, element = i8, group = 4 : i64, offset = 0 : i64, segments = array<i64>, width = 16 : i64}, lowbit.parameter = "w"}
// YMM-SAME:    memref<192xi8> {lowbit.packing = {{{.*}}corrections = true{{.*}}group = 4{{.*}}width = 16
// AVX2-SAME:   memref<128xi8> {lowbit.packing = {{{.*}}corrections = false{{.*}}group = 2{{.*}}width = 16
// PLAIN-SAME:  memref<128xi8> {lowbit.packing = {{{.*}}corrections = false{{.*}}group = 1{{.*}}width = 16
// CHECK-NOT:   linalg.

// vpdpbusd reads A as unsigned bytes, vpmaddwd as 16 bits.
// ZMM:     %[[COPY:.*]] = memref.alloc() {alignment = 64 : i64} : memref<88xi8>
// ZMM:     arith.xori %{{.*}}, %{{.*}} : vector<16xi8>
// YMM:     arith.xori
// AVX2:    memref.alloc() {alignment = 64 : i64} : memref<88xi16>
// AVX2:    arith.extsi %{{.*}} : vector<16xi8> to vector<16xi16>
// PLAIN-NOT: memref.alloc

// The accumulators start from the corrections: the fill of zero is gone.
// ZMM:     vector.load %[[P]][%c128] : memref<192xi8>, vector<64xi8>
// ZMM:     scf.for
// ZMM:       vector.load %[[P]][%{{.*}}] : memref<192xi8>, vector<64xi8>
// ZMM:       vector.load %[[COPY]][%{{.*}}] : memref<88xi8>, vector<4xi8>
// ZMM-COUNT-3: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"{{.*}} : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// ZMM-NOT: vpdpbusd
// YMM-COUNT-6: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"{{.*}} : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
// AVX2:    vector.load %{{.*}} : memref<128xi8>, vector<16xi8>
// AVX2:    vector.load %{{.*}} : memref<88xi16>, vector<2xi16>
// AVX2-COUNT-6: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"{{.*}} : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// PLAIN-COUNT-3: arith.muli %{{.*}}, %{{.*}} : vector<16xi32>
// ZMM-COUNT-3: vector.store %{{.*}} : memref<48xi32>, vector<16xi32>
// ZMM:     memref.dealloc %[[COPY]]
func.func @main(%a: memref<3x8xi8>, %b: memref<8x16xi8> {lowbit.parameter = "w"},
                %c: memref<3x16xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<3x16xi32>)
  linalg.matmul ins(%a, %b : memref<3x8xi8>, memref<8x16xi8>) outs(%c : memref<3x16xi32>)
  return
}

// -----

// Floats: one fma a step, sequential in k, nothing is copied.

// CHECK-LABEL: func.func @main
// CHECK-NOT:   memref.alloc
// CHECK:       scf.for %{{.*}} = %c0 to %c9
// ZMM-COUNT-2: math.fma %{{.*}} : vector<16xf32>
// YMM-COUNT-4: math.fma %{{.*}} : vector<8xf32>
// AVX2-COUNT-4: math.fma %{{.*}} : vector<8xf32>
// PLAIN-COUNT-2: math.fma %{{.*}} : vector<16xf32>
func.func @main(%a: memref<2x9xf32>, %b: memref<9x16xf32> {lowbit.parameter = "w"},
                %c: memref<2x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<2x16xf32>)
  linalg.matmul ins(%a, %b : memref<2x9xf32>, memref<9x16xf32>) outs(%c : memref<2x16xf32>)
  return
}
