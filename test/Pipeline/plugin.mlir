// Stock mlir-opt with the plugin does what quant-opt does, byte for byte.
// RUN: rm -rf %t && split-file %s %t && mkdir %t/elsewhere
// DEFINE: %{passes} =
// DEFINE: %{stock} = mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin --mlir-print-op-on-diagnostic=false --pass-pipeline='builtin.module(%{passes})'

// Phases 1 to 6, 1 to 7, and with a child process that finds static ranges.
// REDEFINE: %{passes} = quantize-ptq{mode=dynamic}
// RUN: %{stock} %t/model.mlir > %t/stock.mlir
// RUN: quant-opt --quantize-ptq="mode=dynamic" %t/model.mlir > %t/ours.mlir
// RUN: cmp %t/stock.mlir %t/ours.mlir
// RUN: FileCheck %s < %t/stock.mlir
// REDEFINE: %{passes} = quantize-ptq{mode=dynamic compile-to=codegen}
// RUN: %{stock} %t/model.mlir > %t/stock.mlir
// RUN: quant-opt --quantize-ptq="mode=dynamic compile-to=codegen" %t/model.mlir > %t/ours.mlir
// RUN: cmp %t/stock.mlir %t/ours.mlir
// RUN: FileCheck %s --check-prefix=LLVM < %t/stock.mlir
// REDEFINE: %{passes} = quantize-ptq{calibration-data=random}
// RUN: %{stock} %t/model.mlir > %t/stock.mlir
// RUN: quant-opt --quantize-ptq="calibration-data=random" %t/model.mlir > %t/ours.mlir
// RUN: cmp %t/stock.mlir %t/ours.mlir
// RUN: FileCheck %s < %t/stock.mlir
// CHECK: linalg.matmul {lowbit.accumulator = {{.*}}, lowbit.id = "matmul_0.i32"
// LLVM: llvm.func @main

// Single passes among upstream's; operations of ours that need a buffer form.
// REDEFINE: %{passes} = lowbit-attach-weights,canonicalize,lowbit-insert-observers,lowbit-insert-taps{what=observers},func.func(cse)
// RUN: %{stock} %t/model.mlir > %t/stock.mlir
// RUN: quant-opt --pass-pipeline='builtin.module(%{passes})' %t/model.mlir > %t/ours.mlir
// RUN: cmp %t/stock.mlir %t/ours.mlir
// RUN: FileCheck %s --check-prefix=TAP < %t/stock.mlir
// TAP: lowbit.tap %{{.*}} "x" : tensor<4x2xf32>
// REDEFINE: %{passes} = lowbit-bufferize
// RUN: %{stock} %t/check.mlir | FileCheck %s --check-prefix=BUFFER
// BUFFER: lowbit.check_range %{{.*}} in [0, 4) "index" : memref<2xi64>

// A store is found from the working directory, or from the named folder.
// RUN: quant-opt %t/model.mlir -o %t/stored.mlir
// REDEFINE: %{passes} = quantize-ptq{mode=dynamic}
// RUN: cd %t && %{stock} stored.mlir | FileCheck %s
// RUN: cd %t/elsewhere && not %{stock} ../stored.mlir 2>&1 | FileCheck %s --check-prefix=LOST
// RUN: cd %t/elsewhere && env LOWBIT_STORE_DIRECTORY=%t %{stock} ../stored.mlir | FileCheck %s
// LOST: error: cannot read the weights: {{.*}}stored.safetensors

// Bad options are the same errors.
// REDEFINE: %{passes} = quantize-ptq{mode=static}
// RUN: not %{stock} %t/model.mlir 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: mode=static needs calibration-data=<inputs>

// Another LLVM than the one that this was built with, and said once.
// RUN: clang -shared -fPIC -x c %t/version.c -o %t/version.so
// RUN: env LD_PRELOAD=%t/version.so not %{stock} %t/model.mlir 2>&1 | FileCheck %s --check-prefix=VERSION
// VERSION: error: LowbitPlugin.so was built with LLVM 22.{{.*}}, and this program runs LLVM 23.4.5: build Lowbit with that version
// VERSION-NOT: was built with
// VERSION: {{'lowbit' not found|Failed to load}}

//--- model.mlir
lowbit.parameter @w : tensor<2x3xf32> = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
func.func @main(%x: tensor<4x2xf32> {lowbit.name = "x"}) -> tensor<4x3xf32> {
  %w = lowbit.get_parameter @w : tensor<2x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

//--- check.mlir
func.func @main(%i: tensor<2xi64>) {
  lowbit.check_range %i in [0, 4) "index" : tensor<2xi64>
  return
}

//--- version.c
void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch) {
  *major = 23;
  *minor = 4;
  *patch = 5;
}
