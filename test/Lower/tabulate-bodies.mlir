// Functions of one byte become tables.
// RUN: quant-opt %s --lowbit-tabulate-bodies --split-input-file | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
// e to q / 32 in steps of 1/2, saturated: -128 gives 0, 0 gives 2, 127 gives 106.
// CHECK: lowbit.parameter @exp.codes : tensor<256xi8>
// CHECK-LABEL: func.func @exp(
// CHECK: %[[T:.*]] = lowbit.get_parameter @exp.codes : tensor<256xi8>
// CHECK: linalg.generic {{.*}}lowbit.tables = ["exp"]
// CHECK: %[[WIDE:.*]] = arith.extsi
// CHECK: %[[SUM:.*]] = arith.addi %[[WIDE]]
// CHECK: %[[AT:.*]] = arith.index_cast %[[SUM]]
// CHECK: %[[CODE:.*]] = tensor.extract %[[T]][%[[AT]]]
// CHECK: linalg.yield %[[CODE]]
// CHECK-NOT: math.exp
// CHECK: exp.codes: "0x40000000{{0+1[0-9A-F]+}}63676A"
func.func @exp(%a: tensor<?x4xi8>, %e: tensor<?x4xi8>) -> tensor<?x4xi8> {
  %s = arith.constant 0.03125 : f32
  %q = linalg.generic {lowbit.integers = ["exp"], indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x4xi8>) outs(%e : tensor<?x4xi8>) {
  ^bb0(%in: i8, %o: i8):
    %two = arith.constant 2.0 : f32
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    %2 = math.exp %1 : f32
    %3 = arith.mulf %2, %two : f32
    %4 = math.roundeven %3 : f32
    %5 = arith.fptosi %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<?x4xi8>
  return %q : tensor<?x4xi8>
}

// -----

#id = affine_map<(d0) -> (d0)>
// Other scale and zero point, and a clamp: less than a look-up.
// CHECK-LABEL: @requantize
// CHECK: arith.divf
// CHECK-NOT: tensor.extract
func.func @requantize(%a: tensor<4xi8>, %e: tensor<4xi8>) -> tensor<4xi8> {
  %q = linalg.generic {lowbit.integers = ["relu"], indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xi8>) outs(%e : tensor<4xi8>) {
  ^bb0(%in: i8, %o: i8):
    %s = arith.constant 0.5 : f32
    %t = arith.constant 0.7 : f32
    %zero = arith.constant 0.0 : f32
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    %2 = arith.maximumf %1, %zero : f32
    %3 = arith.divf %2, %t : f32
    %4 = math.roundeven %3 : f32
    %5 = arith.fptosi %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<4xi8>
  return %q : tensor<4xi8>
}

// -----

#id = affine_map<(d0) -> (d0)>
// Of 16 bits a table would have 65536 entries; of two bytes as many.
// CHECK-LABEL: @more_than_a_byte
// CHECK-COUNT-2: math.exp
// CHECK-NOT: tensor.extract
func.func @more_than_a_byte(%a: tensor<4xi16>, %b: tensor<4xi8>, %c: tensor<4xi8>, %e: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi8>) {
  %q = linalg.generic {lowbit.integers = ["wide"], indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xi16>) outs(%e : tensor<4xi8>) {
  ^bb0(%in: i16, %o: i8):
    %0 = arith.sitofp %in : i16 to f32
    %1 = math.exp %0 : f32
    %2 = arith.fptosi %1 : f32 to i8
    linalg.yield %2 : i8
  } -> tensor<4xi8>
  %r = linalg.generic {lowbit.integers = ["two"], indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%b, %c : tensor<4xi8>, tensor<4xi8>) outs(%e : tensor<4xi8>) {
  ^bb0(%in: i8, %in2: i8, %o: i8):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.sitofp %in2 : i8 to f32
    %2 = arith.addf %0, %1 : f32
    %3 = math.exp %2 : f32
    %4 = arith.fptosi %3 : f32 to i8
    linalg.yield %4 : i8
  } -> tensor<4xi8>
  return %q, %r : tensor<4xi8>, tensor<4xi8>
}
