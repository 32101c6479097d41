// With -o the weights go to a store beside the module; on standard output they
// are in it. A failure leaves no file, and spoils none that was there.
// RUN: rm -rf %t && mkdir %t
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" -o %t/q.mlir
// RUN: FileCheck %s --check-prefix=STORED < %t/q.mlir
// RUN: test -f %t/q.safetensors
// RUN: quant-opt %t/q.mlir --lowbit-attach-weights -o %t/copy.mlir
// RUN: FileCheck %s --check-prefix=STORED < %t/copy.mlir
// RUN: not test -f %t/copy.safetensors
// RUN: mkdir %t/other && quant-opt %t/q.mlir -o %t/other/moved.mlir
// RUN: FileCheck %s --check-prefix=MOVED < %t/other/moved.mlir
// RUN: test -f %t/other/moved.safetensors
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" | FileCheck %s --check-prefix=SELF
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" | quant-opt | FileCheck %s --check-prefix=SELF

// RUN: not quant-opt %s --quantize-ptq="calibration-data=%t/nothing.npz" -o %t/bad.mlir
// RUN: not test -f %t/bad.mlir
// RUN: not test -f %t/bad.safetensors
// RUN: cp %t/q.mlir %t/before.mlir
// RUN: not quant-opt %s --quantize-ptq="calibration-data=%t/nothing.npz" -o %t/q.mlir
// RUN: diff %t/before.mlir %t/q.mlir
// A store that another module reads is not written over; its own is.
// RUN: quant-opt %s -o %t/float.mlir && cp %t/float.mlir %t/in.mlir
// RUN: not quant-opt %t/in.mlir --quantize-ptq="mode=dynamic" -o %t/float.mlir 2>&1 | FileCheck %s --check-prefix=SPOIL
// RUN: quant-opt %t/in.mlir --lowbit-attach-weights -o /dev/null
// RUN: quant-opt %t/float.mlir --quantize-ptq="mode=dynamic" -o %t/float.mlir
// RUN: quant-opt %t/float.mlir --lowbit-attach-weights | FileCheck %s --check-prefix=INPLACE
// RUN: not quant-opt %s -o %t/nowhere/q.mlir 2>&1 | FileCheck %s --check-prefix=NOWHERE
// RUN: not quant-opt %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: head -c 100 %t/q.safetensors > %t/garbage.mlir
// RUN: not quant-opt %t/garbage.mlir 2>&1 | FileCheck %s --check-prefix=GARBAGE

// STORED: lowbit.store = "q.safetensors"
// STORED: lowbit.parameter @w.i8 : tensor<4x3xi8>{{$}}
// STORED-NOT: lowbit.parameter @w :
// MOVED: lowbit.store = "moved.safetensors"
// SELF: lowbit.parameter @w.i8 : tensor<4x3xi8> = dense_resource<w.i8> : tensor<4x3xi8>
// SELF: dialect_resources
// SPOIL: error: writing '{{.*}}float.safetensors' would spoil '{{.*}}in.mlir', whose weights are in it; give the output another name
// INPLACE: lowbit.parameter @w.i8 : tensor<4x3xi8>
// NOWHERE: error: {{.*}}nowhere
// MISSING: error: cannot open input file '{{.*}}missing.mlir'
// GARBAGE: error:
lowbit.parameter @w : tensor<4x3xf32> = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<4x3xf32>
func.func @main(%x: tensor<4x4xf32>) -> tensor<4x3xf32> {
  %w = lowbit.get_parameter @w : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
