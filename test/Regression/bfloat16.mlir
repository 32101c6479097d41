// bf16 keeps subnormals, which processors that convert to it flush, and rounds
// once from f64 and from integers.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --isa=portable | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s

// 2^-133 is the smallest; 1.5 times it is a tie and goes to the even 2^-132.
// CHECK: f32: dense<[9.183550e-41, 1.836710e-40, -9.183550e-41, 3.389530e+38, 0x7F80, 0x7FC0]> : tensor<6xbf16>
// 1 + 2^-8 is a tie; with 2^-40 more it is not, though in f32 it is one.
// CHECK: f64: dense<[1.000000e+00, 1.007810e+00, -1.007810e+00, 0.000000e+00, 0x7F80, 1.836710e-40]> : tensor<6xbf16>
// CHECK: i64: dense<[9.187340e+18, -9.223370e+18, 7.205750e+16, 7.262050e+16, 1.000000e+00, -3.000000e+00]> : tensor<6xbf16>
// CHECK: sum: dense<[9.183550e-41, 1.836710e-40, -9.183550e-41, 3.389530e+38, 0x7F80, 0x7FC0]> : tensor<6xbf16>
#id = affine_map<(i) -> (i)>
func.func @main() -> (tensor<6xbf16> {lowbit.name = "f32"}, tensor<6xbf16> {lowbit.name = "f64"}, tensor<6xbf16> {lowbit.name = "i64"}, tensor<6xbf16> {lowbit.name = "sum"}) {
  %x = arith.constant dense<[0x00010000, 0x00018000, 0x80010000, 0x7F7F0000, 0x7F7FFFFF, 0x7FC00000]> : tensor<6xf32>
  %y = arith.constant dense<[1.00390625, 1.0039062500009095, -1.0039062500009095, 1.0e-60, 1.0e300, 1.4e-40]> : tensor<6xf64>
  %z = arith.constant dense<[9205357638345293823, -9223372036854775808, 72339069014638592, 72339069014638593, 1, -3]> : tensor<6xi64>
  %e = tensor.empty() : tensor<6xbf16>
  %r:4 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y, %z : tensor<6xf32>, tensor<6xf64>, tensor<6xi64>) outs(%e, %e, %e, %e : tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>) {
  ^bb0(%a: f32, %b: f64, %c: i64, %o0: bf16, %o1: bf16, %o2: bf16, %o3: bf16):
    %0 = arith.truncf %a : f32 to bf16
    %1 = arith.truncf %b : f64 to bf16
    %2 = arith.sitofp %c : i64 to bf16
    %zero = arith.constant 0.0 : bf16
    %3 = arith.addf %0, %zero : bf16
    linalg.yield %0, %1, %2, %3 : bf16, bf16, bf16, bf16
  } -> (tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>)
  return %r#0, %r#1, %r#2, %r#3 : tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>, tensor<6xbf16>
}
