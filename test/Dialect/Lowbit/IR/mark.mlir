// RUN: quant-opt %s | quant-opt | FileCheck %s

// CHECK: lowbit.mark "step 1"
// CHECK: lowbit.mark "quoted \22" {lowbit.id = "x"}
func.func @marks() {
  lowbit.mark "step 1"
  lowbit.mark "quoted \"" {lowbit.id = "x"}
  return
}
