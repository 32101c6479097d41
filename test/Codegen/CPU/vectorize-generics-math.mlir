// RUN: quant-opt %s --lowbit-expand-math | FileCheck %s

// Nothing is left that would call libm.
// CHECK-LABEL: func @functions
// CHECK-NOT:     math.{{(exp|log|erf|tanh|sin|cos|pow|rsqrt|fpow)}}
// CHECK:         math.roundeven %{{.*}} : vector<16xf32>
// CHECK:         math.fma %{{.*}} : vector<16xf32>
// CHECK-NOT:     math.{{(exp|log|erf|tanh|sin|cos|pow|rsqrt|fpow)}}
// CHECK:         return
func.func @functions(%v: vector<16xf32>, %x: f32, %n: i32, %h: f16)
    -> (vector<16xf32>, f32, f16) {
  %0 = math.exp %v : vector<16xf32>
  %1 = math.erf %0 : vector<16xf32>
  %2 = math.tanh %1 : vector<16xf32>
  %3 = math.expm1 %2 : vector<16xf32>
  %4 = math.log1p %3 : vector<16xf32>
  %5 = math.rsqrt %4 : vector<16xf32>
  %6 = math.sin %x : f32
  %7 = math.cos %6 : f32
  %8 = math.log %7 : f32
  %9 = math.log2 %8 : f32
  %10 = math.log10 %9 : f32
  %11 = math.exp2 %10 : f32
  %12 = math.powf %11, %x : f32
  %13 = math.fpowi %12, %n : f32, i32
  %14 = math.tanh %h : f16
  %15 = math.sinh %13 : f32
  return %5, %15, %14 : vector<16xf32>, f32, f16
}
