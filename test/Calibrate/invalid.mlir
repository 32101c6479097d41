// RUN: split-file %s %t
// RUN: quant-opt %t/observers.mlir --split-input-file --verify-diagnostics --lowbit-insert-observers
// RUN: quant-opt %t/data.mlir --verify-diagnostics --lowbit-calibrate
// RUN: quant-opt %t/data.mlir --verify-diagnostics --lowbit-calibrate="data=random table=t.json"
// RUN: not quant-opt %t/run.mlir --lowbit-calibrate="table=t.json mask=x" 2>&1 | FileCheck %s --check-prefix=OPTIONS
// RUN: not quant-opt %t/run.mlir --lowbit-insert-observers="observe=some" 2>&1 | FileCheck %s --check-prefix=OBSERVE
// The model runs in a child: what happens there is one error here.
// RUN: chmod +x %t/crash/quant-run %t/fail/quant-run %t/silent/quant-run %t/nothing/quant-run
// RUN: not env LOWBIT_TOOLS=%t/crash quant-opt %t/run.mlir --lowbit-calibrate="data=random" 2>&1 | FileCheck %s --check-prefix=CRASH
// RUN: not env LOWBIT_PROGRESS=1 LOWBIT_TOOLS=%t/crash quant-opt %t/run.mlir --lowbit-calibrate="data=random" 2>&1 | FileCheck %s --check-prefix=PROGRESS
// RUN: not env LOWBIT_TOOLS=%t/fail quant-opt %t/run.mlir --lowbit-calibrate="data=random" 2>&1 | FileCheck %s --check-prefix=FAIL
// RUN: not env LOWBIT_TOOLS=%t/silent quant-opt %t/run.mlir --lowbit-calibrate="data=random" 2>&1 | FileCheck %s --check-prefix=SILENT
// RUN: not env LOWBIT_TOOLS=%t/nothing quant-opt %t/run.mlir --lowbit-calibrate="data=random" 2>&1 | FileCheck %s --check-prefix=NOTHING

// CRASH-NOT: progress
// CRASH: error: calibration: the model crashed while it ran (Segmentation fault)
// PROGRESS: progress: 1/2
// FAIL: error: calibration: the data is bad
// FAIL: note: mend it
// SILENT: error: calibration: {{.*}}.json
// OPTIONS: error: lowbit-calibrate takes mask, resume and save-table with data, not with table
// OBSERVE: error: observe must be operands or all, found 'some'
// NOTHING: error: calibration: the value 'x' was never computed on the calibration data

//--- crash/quant-run
#!/bin/sh
echo "progress: 1/2" >&2
kill -SEGV $$

//--- fail/quant-run
#!/bin/sh
echo "error: the data is bad" >&2
echo "note: mend it" >&2
exit 1

//--- silent/quant-run
#!/bin/sh
exit 0

//--- nothing/quant-run
#!/bin/sh
cp "$(dirname "$0")/table.json" "$3"

//--- nothing/table.json
{"fingerprint": "00000000000000000000000000000000", "samples": 1, "samples_hash": "0000000000000001", "source": "lowbit", "values": {}, "version": 1}

//--- run.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = lowbit.observe %x "activation" "x" : tensor<4xf32>
  return %0 : tensor<4xf32>
}

//--- data.mlir
// expected-error @+1 {{lowbit-calibrate needs one of the options data and table}}
module {
}

//--- observers.mlir

// expected-error @+1 {{nothing to quantize: the model has no f32 matmul, batch_matmul, contract, convolution or generic that multiplies and adds, and no look-up in a 2-D f32 constant}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{nothing to quantize: all 4 contractions have to stay float, as the remarks say}}
module {
  func.func @main(%x: tensor<4x1xf32>, %y: tensor<1x4xf32>, %d: tensor<1x8x8x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x8x8x4xf32>, tensor<4x4xf32>) {
    %c = arith.constant dense<1.0> : tensor<4x4xf32>
    %k = arith.constant dense<1.0> : tensor<1x1x4xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    // expected-remark @+1 {{stays float: each sum has a single product}}
    %0 = linalg.matmul ins(%x, %y : tensor<4x1xf32>, tensor<1x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    // expected-remark @+1 {{stays float: both operands are constants}}
    %1 = linalg.matmul ins(%c, %c : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    // A depthwise convolution with a window of one.
    %e2 = tensor.empty() : tensor<1x8x8x4xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
    // expected-remark @+1 {{stays float: each sum has a single product}}
    %2 = linalg.depthwise_conv_2d_nhwc_hwc ins(%d, %k : tensor<1x8x8x4xf32>, tensor<1x1x4xf32>) outs(%f2 : tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
    // expected-remark @+1 {{stays float: I said so}}
    %3 = linalg.matmul {lowbit.float_reason = "I said so"} ins(%0, %1 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    return %0, %1, %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x8x8x4xf32>, tensor<4x4xf32>
  }
}
