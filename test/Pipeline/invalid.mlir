// Options that do not go together, and words that are not known.
// RUN: not quant-opt %s --quantize-ptq="mode=static" 2>&1 | FileCheck %s --check-prefix=STATIC
// RUN: not quant-opt %s --quantize-ptq="mode=dynamic calibration-data=random" 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// RUN: not quant-opt %s --quantize-ptq="mode=weight-only calibration-data=random" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not quant-opt %s --quantize-ptq="mode=statik" 2>&1 | FileCheck %s --check-prefix=UNKNOWN-MODE
// RUN: not quant-opt %s --quantize-ptq="method=percentile" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not quant-opt %s --quantize-ptq --compile-to=kernel 2>&1 | FileCheck %s --check-prefix=PHASE
// RUN: not quant-opt %s --quantize-ptq="calibration=random" 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not quant-opt %s --compile-to=fold 2>&1 | FileCheck %s --check-prefix=ALONE
// RUN: not quant-opt %s --quantize-ptq 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not quant-opt %s --quantize-ptq="calibration-data=%t.missing.npz" 2>&1 | FileCheck %s --check-prefix=NOTHING

// STATIC: error: {{.*}}mode=static needs calibration-data=<inputs>
// DYNAMIC: error: {{.*}}mode=dynamic finds ranges at run time and takes no calibration-data
// MODE: error: {{.*}}mode=weight-only leaves activations float and takes no calibration-data; leave one of them out
// UNKNOWN-MODE: error: {{.*}}unknown mode 'statik'; available: static, dynamic
// METHOD: error: {{.*}}method=percentile chooses from calibration data; give calibration-data=<inputs>, or leave it out
// PHASE: error: {{.*}}unknown phase 'kernel' in compile-to; the phases are import, calibrate, select, quantize, fold, lower
// OPTION: no such option calibration
// ALONE: Unknown command line argument '--compile-to=fold'
// NOTHING: error: nothing to quantize: the model has no f32 matmul
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
