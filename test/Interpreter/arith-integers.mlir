// Integer operations of arith, element by element. The extremes of each width
// are among the operands.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: add: dense<[-128, 0, -3]> : tensor<3xi8>
// CHECK: sub: dense<[126, -2, 3]> : tensor<3xi8>
// CHECK: mul: dense<[1, 1, 0]> : tensor<3xi8>
// CHECK: bits: dense<{{\[}}[8, 14, 6], [-16, -3, 13]]> : tensor<2x3xi8>
// CHECK: div: dense<[3, -3, -3, 3]> : tensor<4xi8>
// CHECK: rem: dense<[1, -1, 1, -1]> : tensor<4xi8>
// CHECK: floor: dense<[3, -4, -4, 3]> : tensor<4xi8>
// CHECK: ceil: dense<[4, -3, -3, 4]> : tensor<4xi8>
// CHECK: divu: dense<[3, 124, 0, 0]> : tensor<4xi8>
// CHECK: remu: dense<[1, 1, 7, -7]> : tensor<4xi8>
// CHECK: ceilu: dense<[4, 125, 1, 1]> : tensor<4xi8>
// CHECK: shl: dense<[-128, -2, 10]> : tensor<3xi8>
// CHECK: shr: dense<[-1, -1, 2]> : tensor<3xi8>
// CHECK: shru: dense<[1, 127, 2]> : tensor<3xi8>
// CHECK: extremes: dense<{{\[}}[1, -1], [-1, 1], [-1, -128], [1, 127]]> : tensor<4x2xi8>
// CHECK: signed: dense<[false, true, true, false, false, true]> : tensor<6xi1>
// CHECK: unsigned: dense<[true, false, false, true]> : tensor<4xi1>
// CHECK: select: dense<[1, 5, 3]> : tensor<3xi64>
// CHECK: wide: dense<[-9223372036854775808, -1]> : tensor<2xi64>
func.func @main()
    -> (tensor<3xi8> {lowbit.name = "add"}, tensor<3xi8> {lowbit.name = "sub"},
        tensor<3xi8> {lowbit.name = "mul"}, tensor<2x3xi8> {lowbit.name = "bits"},
        tensor<4xi8> {lowbit.name = "div"}, tensor<4xi8> {lowbit.name = "rem"},
        tensor<4xi8> {lowbit.name = "floor"}, tensor<4xi8> {lowbit.name = "ceil"},
        tensor<4xi8> {lowbit.name = "divu"}, tensor<4xi8> {lowbit.name = "remu"},
        tensor<4xi8> {lowbit.name = "ceilu"},
        tensor<3xi8> {lowbit.name = "shl"}, tensor<3xi8> {lowbit.name = "shr"},
        tensor<3xi8> {lowbit.name = "shru"}, tensor<4x2xi8> {lowbit.name = "extremes"},
        tensor<6xi1> {lowbit.name = "signed"}, tensor<4xi1> {lowbit.name = "unsigned"},
        tensor<3xi64> {lowbit.name = "select"}, tensor<2xi64> {lowbit.name = "wide"}) {
  %a = arith.constant dense<[127, -1, 0]> : tensor<3xi8>
  %b = arith.constant dense<[1, 1, -3]> : tensor<3xi8>
  %add = arith.addi %a, %b : tensor<3xi8>
  %sub = arith.subi %a, %b : tensor<3xi8>
  %mul = arith.muli %a, %a : tensor<3xi8>

  %x = arith.constant dense<[[12, 10, 6], [-16, -1, 13]]> : tensor<2x3xi8>
  %y = arith.constant dense<[[10, 12, 0], [0, 2, 0]]> : tensor<2x3xi8>
  %and = arith.andi %x, %y : tensor<2x3xi8>
  %or = arith.ori %x, %y : tensor<2x3xi8>
  %xor = arith.xori %x, %y : tensor<2x3xi8>
  %first = arith.constant dense<[[true, false, false], [false, false, false]]> : tensor<2x3xi1>
  %second = arith.constant dense<[[false, true, true], [true, false, true]]> : tensor<2x3xi1>
  %rest = arith.select %second, %or, %xor : tensor<2x3xi1>, tensor<2x3xi8>
  %bits = arith.select %first, %and, %rest : tensor<2x3xi1>, tensor<2x3xi8>

  %n = arith.constant dense<[7, -7, 7, -7]> : tensor<4xi8>
  %d = arith.constant dense<[2, 2, -2, -2]> : tensor<4xi8>
  %div = arith.divsi %n, %d : tensor<4xi8>
  %rem = arith.remsi %n, %d : tensor<4xi8>
  %floor = arith.floordivsi %n, %d : tensor<4xi8>
  %ceil = arith.ceildivsi %n, %d : tensor<4xi8>
  %divu = arith.divui %n, %d : tensor<4xi8>
  %remu = arith.remui %n, %d : tensor<4xi8>
  %ceilu = arith.ceildivui %n, %d : tensor<4xi8>

  %s = arith.constant dense<[-1, -1, 5]> : tensor<3xi8>
  %by = arith.constant dense<[7, 1, 1]> : tensor<3xi8>
  %shl = arith.shli %s, %by : tensor<3xi8>
  %shr = arith.shrsi %s, %by : tensor<3xi8>
  %shru = arith.shrui %s, %by : tensor<3xi8>

  %p = arith.constant dense<[1, 127]> : tensor<2xi8>
  %q = arith.constant dense<[-1, -128]> : tensor<2xi8>
  %maxs = arith.maxsi %p, %q : tensor<2xi8>
  %mins = arith.minsi %p, %q : tensor<2xi8>
  %maxu = arith.maxui %p, %q : tensor<2xi8>
  %minu = arith.minui %p, %q : tensor<2xi8>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e0 = tensor.extract %maxs[%c0] : tensor<2xi8>
  %e1 = tensor.extract %mins[%c0] : tensor<2xi8>
  %e2 = tensor.extract %mins[%c0] : tensor<2xi8>
  %e3 = tensor.extract %maxs[%c0] : tensor<2xi8>
  %e4 = tensor.extract %maxu[%c0] : tensor<2xi8>
  %e5 = tensor.extract %maxu[%c1] : tensor<2xi8>
  %e6 = tensor.extract %minu[%c0] : tensor<2xi8>
  %e7 = tensor.extract %minu[%c1] : tensor<2xi8>
  %extremes = tensor.from_elements %e0, %e1, %e2, %e3, %e4, %e5, %e6, %e7 : tensor<4x2xi8>

  %u = tensor.extract %p[%c0] : tensor<2xi8>
  %v = tensor.extract %q[%c0] : tensor<2xi8>
  %eq = arith.cmpi eq, %u, %v : i8
  %ne = arith.cmpi ne, %u, %v : i8
  %sgt = arith.cmpi sgt, %u, %v : i8
  %slt = arith.cmpi slt, %u, %v : i8
  %sle = arith.cmpi sle, %u, %v : i8
  %sge = arith.cmpi sge, %u, %v : i8
  %signed = tensor.from_elements %eq, %ne, %sgt, %slt, %sle, %sge : tensor<6xi1>
  %ult = arith.cmpi ult, %u, %v : i8
  %ugt = arith.cmpi ugt, %u, %v : i8
  %uge = arith.cmpi uge, %u, %v : i8
  %ule = arith.cmpi ule, %u, %v : i8
  %unsigned = tensor.from_elements %ult, %ugt, %uge, %ule : tensor<4xi1>

  %condition = arith.constant dense<[true, false, true]> : tensor<3xi1>
  %yes = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  %no = arith.constant dense<[4, 5, 6]> : tensor<3xi64>
  %select = arith.select %condition, %yes, %no : tensor<3xi1>, tensor<3xi64>
  %l = arith.constant dense<[9223372036854775807, -2]> : tensor<2xi64>
  %one = arith.constant dense<1> : tensor<2xi64>
  %wide = arith.addi %l, %one : tensor<2xi64>
  return %add, %sub, %mul, %bits, %div, %rem, %floor, %ceil, %divu, %remu, %ceilu, %shl, %shr, %shru, %extremes,
         %signed, %unsigned, %select, %wide
      : tensor<3xi8>, tensor<3xi8>, tensor<3xi8>, tensor<2x3xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>,
        tensor<4xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>, tensor<3xi8>, tensor<3xi8>, tensor<3xi8>,
        tensor<4x2xi8>, tensor<6xi1>, tensor<4xi1>, tensor<3xi64>, tensor<2xi64>
}
