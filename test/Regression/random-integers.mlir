// Random integers are of the whole range, but where they are used as indices,
// which must be valid, and where an imported model has ids and masks.
// RUN: quant-run %s --inputs random -o %t.npz
// RUN: quant-run %s --inputs random --interpret -o %t.interpreted.npz
// RUN: cmp %t.npz %t.interpreted.npz
// RUN: %python -c "import numpy, sys; [print(k, v.min(), v.max(), len(set(v.tolist())) > 99) for k, v in numpy.load(sys.argv[1]).items()]" %t.npz | FileCheck %s
// RUN: quant-run --help | FileCheck %s --check-prefix=HELP

// CHECK: out0 False True
// CHECK: out1 -128 127 True
// CHECK: out2 0 255 True
// CHECK: out3 -32{{[0-9]+}} 32{{[0-9]+}} True
// CHECK: out4 -214{{[0-9]+}} 214{{[0-9]+}} True
// CHECK: out5 -9{{[0-9]+}} 9{{[0-9]+}} True
// CHECK: out6 -{{[2-6]\.[0-9]+}} {{[2-6]\.[0-9]+}} True
// CHECK: out7 -{{[2-6]\.[0-9]+}} {{[2-6]\.[0-9]+}} True
// CHECK: out8 7 7 False
// CHECK: out9 1 1 False
// CHECK: out10 7 7 False
// HELP: integers of the whole range
func.func @main(%i1: tensor<1000xi1>, %i8: tensor<1000xi8>, %ui8: tensor<1000xui8>, %i16: tensor<1000xi16>,
                %i32: tensor<1000xi32>, %i64: tensor<1000xi64>, %f16: tensor<1000xf16>, %bf16: tensor<1000xbf16>,
                %ids: tensor<4xi32>, %mask: tensor<4xi64> {lowbit.name = "mask"}, %chosen_ids: tensor<4xi16>)
    -> (tensor<1000xi1>, tensor<1000xi8>, tensor<1000xui8>, tensor<1000xi16>, tensor<1000xi32>, tensor<1000xi64>,
        tensor<1000xf16>, tensor<1000xf32>, tensor<4xi8>, tensor<4xi64>, tensor<4xi8>) {
  %table = arith.constant dense<[5, 7]> : tensor<2xi8>
  %e32 = tensor.empty() : tensor<1000xf32>
  %wide = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%bf16 : tensor<1000xbf16>) outs(%e32 : tensor<1000xf32>) {
  ^bb0(%in: bf16, %out: f32):
    %0 = arith.extf %in : bf16 to f32
    linalg.yield %0 : f32
  } -> tensor<1000xf32>

  // Through a widening in a region of its own.
  %e4 = tensor.empty() : tensor<4xi64>
  %widened = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%ids : tensor<4xi32>) outs(%e4 : tensor<4xi64>) {
  ^bb0(%in: i32, %out: i64):
    %0 = arith.extsi %in : i32 to i64
    linalg.yield %0 : i64
  } -> tensor<4xi64>
  %e8 = tensor.empty() : tensor<4xi8>
  %looked = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%widened : tensor<4xi64>) outs(%e8 : tensor<4xi8>) {
  ^bb0(%in: i64, %out: i8):
    %0 = arith.index_cast %in : i64 to index
    %1 = tensor.extract %table[%0] : tensor<2xi8>
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  %flag = arith.constant true
  %chosen = scf.if %flag -> tensor<4xi16> {
    scf.yield %chosen_ids : tensor<4xi16>
  } else {
    scf.yield %chosen_ids : tensor<4xi16>
  }
  %again = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%chosen : tensor<4xi16>) outs(%e8 : tensor<4xi8>) {
  ^bb0(%in: i16, %out: i8):
    %0 = arith.index_cast %in : i16 to index
    %1 = tensor.extract %table[%0] : tensor<2xi8>
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  return %i1, %i8, %ui8, %i16, %i32, %i64, %f16, %wide, %looked, %mask, %again
      : tensor<1000xi1>, tensor<1000xi8>, tensor<1000xui8>, tensor<1000xi16>, tensor<1000xi32>, tensor<1000xi64>,
        tensor<1000xf16>, tensor<1000xf32>, tensor<4xi8>, tensor<4xi64>, tensor<4xi8>
}
