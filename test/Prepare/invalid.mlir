// One module a message.
// RUN: not quant-opt %s --quantize-ptq="calibration-data=random prepare=smooth" 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: quantize-ptq: unknown preparation 'smooth'; available: equalize, smooth-quant, bias-correction, auto
// RUN: not quant-opt %s --quantize-ptq="prepare=smooth-quant" 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: quantize-ptq: the option prepare needs calibration-data=<inputs>: what it does is chosen from statistics
// RUN: not quant-opt %s --quantize-ptq="calibration-data=random prepare=smooth-quant smooth-quant-strength=1.5" 2>&1 | FileCheck %s --check-prefix=STRENGTH
// STRENGTH: quantize-ptq: a strength is a number from 0 to 1 or 'search', found '1.5'
// RUN: not quant-opt %s --lowbit-insert-observers --lowbit-smooth-activations=strength=many 2>&1 | FileCheck %s --check-prefix=PASS
// PASS: error: a strength is a number from 0 to 1 or 'search', found 'many'
// RUN: not quant-opt %s --lowbit-insert-observers --lowbit-equalize-layers=measure 2>&1 | FileCheck %s --check-prefix=MEASURE
// MEASURE: error: prepare=auto compares the model's outputs, which only --quantize-ptq can: the pass by itself does not know how ranges will be selected
// RUN: not quant-opt %s --lowbit-insert-observers --lowbit-smooth-activations 2>&1 | FileCheck %s --check-prefix=TABLE
// TABLE: error: smooth-quant needs a calibration table with statistics of each channel
// RUN: not quant-opt %s --lowbit-insert-observers --lowbit-correct-biases 2>&1 | FileCheck %s --check-prefix=MEANS
// MEANS: error: bias-correction needs a calibration table with statistics of each channel

// A table alone says nothing of the model once it was changed.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random channels compile-to=calibrate save-table=%t.json" -o %t.mlir
// RUN: not quant-opt %s --quantize-ptq="calibration-table=%t.json prepare=smooth-quant" 2>&1 | FileCheck %s --check-prefix=STALE
// STALE: error: the preparation changed the values that the model computes, and the calibration table has those from before
// STALE: note: give calibration data instead of the table; the prepared model is observed on it

// A table without statistics of channels.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random compile-to=calibrate save-table=%t.plain.json" -o %t.mlir
// RUN: not quant-opt %s --quantize-ptq="calibration-table=%t.plain.json prepare=smooth-quant" 2>&1 | FileCheck %s --check-prefix=CHANNELS
// CHANNELS: error: the calibration table has no statistics of each channel, which smooth-quant needs
// CHANNELS: note: calibrate with the option 'channels'
func.func @main(%x: tensor<4x4xf32> {lowbit.name = "x"}) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 0.1, 1.0], [0.3, 0.2, 0.1, 0.7], [3.0, 1.0, 1.0, 1.0]]> : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
