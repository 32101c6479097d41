// Calls, branches, loops and assertions.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: branches: dense<[1, -1]> : tensor<2xi64>
// CHECK: loop: dense<[10, 16]> : tensor<2xi64>
// CHECK: never: dense<7> : tensor<1xi64>
func.func private @sign(%x: i64) -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %isNegative = arith.cmpi slt, %x, %zero : i64
  %result = scf.if %isNegative -> i64 {
    %minus = arith.subi %zero, %one : i64
    scf.yield %minus : i64
  } else {
    scf.yield %one : i64
  }
  return %result : i64
}
func.func @main()
    -> (tensor<2xi64> {lowbit.name = "branches"}, tensor<2xi64> {lowbit.name = "loop"},
        tensor<1xi64> {lowbit.name = "never"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %m = arith.constant -40 : i64
  %p = arith.constant 40 : i64
  %s0 = func.call @sign(%p) : (i64) -> i64
  %s1 = func.call @sign(%m) : (i64) -> i64
  %branches = tensor.from_elements %s0, %s1 : tensor<2xi64>
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %holds = arith.cmpi eq, %s0, %one : i64
  cf.assert %holds, "40 is positive"
  // The values of one turn of the loop are gone in the next.
  %sum:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %zero, %b = %one) -> (i64, i64) {
    %k = arith.index_cast %i : index to i64
    %next = arith.addi %a, %k : i64
    %odd = arith.andi %k, %one : i64
    %isOdd = arith.cmpi ne, %odd, %zero : i64
    %doubled = scf.if %isOdd -> i64 {
      %0 = arith.addi %b, %b : i64
      %1 = arith.addi %0, %0 : i64
      scf.yield %1 : i64
    } else {
      scf.yield %b : i64
    }
    scf.yield %next, %doubled : i64, i64
  }
  %loop = tensor.from_elements %sum#0, %sum#1 : tensor<2xi64>
  %seven = arith.constant dense<7> : tensor<1xi64>
  %never = scf.for %i = %c5 to %c0 step %c1 iter_args(%t = %seven) -> tensor<1xi64> {
    %0 = arith.addi %t, %t : tensor<1xi64>
    scf.yield %0 : tensor<1xi64>
  }
  return %branches, %loop, %never : tensor<2xi64>, tensor<2xi64>, tensor<1xi64>
}
