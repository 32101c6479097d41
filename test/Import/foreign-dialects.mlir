// Modules of dialects that are not here are refused with what makes linalg of
// them; names in comments and attributes are no use of a dialect.
// RUN: split-file %s %t
// RUN: not quant-opt %t/stablehlo.mlir 2>&1 | FileCheck %s --check-prefix=STABLEHLO
// RUN: not quant-run %t/stablehlo.mlir --signature 2>&1 | FileCheck %s --check-prefix=STABLEHLO
// RUN: not quant-opt %t/torch.mlir 2>&1 | FileCheck %s --check-prefix=TORCH
// RUN: not quant-opt %t/unknown.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN --implicit-check-not=note:{{.}}what

// STABLEHLO: error: Dialect `stablehlo' not found
// STABLEHLO: note: what comes in is linalg on tensors or TOSA, and this module has operations of 'stablehlo': stablehlo-opt --stablehlo-legalize-to-linalg makes linalg of it
// TORCH: note: what comes in is linalg on tensors or TOSA, and this module has operations of 'torch': torch-mlir makes linalg of it
// UNKNOWN: error: Dialect `mine' not found

//--- stablehlo.mlir
// model = tf.keras.Sequential(), and torch.nn
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.add %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

//--- torch.mlir
func.func @main(%x: !torch.vtensor<[4],f32>) {
  return
}

//--- unknown.mlir
// Exported by stablehlo.export
module attributes {torch.debug_module_name = "M"} {
  func.func @main(%x: tensor<4xf32>) {
    mine.op %x
    return
  }
}
