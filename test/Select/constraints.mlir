// Values whose elements are moved or selected share one choice, made from all of
// them; values that are computed with do not. Each value is read by a
// contraction, so it is observed.
// RUN: %python %S/Inputs/planted.py %t.npz a=4x4 b=4x4 c=4x4 d=4x4 e=4x4 f=4x4 r=4x4 s=4x4 image=1x8x8x4
// RUN: quant-opt %s --quantize-ptq="compile-to=select calibration-data=%t.npz method=mse explain=%t.json" -o %t.mlir
// RUN: FileCheck %s < %t.json
// RUN: %python -c "import json, sys; d = json.load(open(sys.argv[1])); print('\n'.join(sorted(' '.join(c['values']) for c in d['constraints']))); v = {v['name']: v for v in d['values']}; [print(v[c['values'][0]]['parameters'] == v[n]['parameters']) for c in d['constraints'] for n in c['values']]" %t.json | FileCheck %s --check-prefix=GROUPS --implicit-check-not=False

// CHECK: "constraints": [
// CHECK: "reason": "their integers are moved or selected, not computed with; costs {{[0-9.]+}} dB at the most",
// CHECK-NEXT: "shared": {
// CHECK: "method": "mse",
// CHECK: "name": "b",
// CHECK: "shared_with": [
// CHECK-NEXT: "a",
// CHECK-NEXT: "concat"

// GROUPS: {{^}}a b concat{{$}}
// GROUPS-NEXT: {{^}}c d maximum{{$}}
// GROUPS-NEXT: {{^}}e gathered{{$}}
// GROUPS-NEXT: {{^}}f inserted{{$}}
// GROUPS-NEXT: {{^}}image padded pool{{$}}
// GROUPS-COUNT-13: True
// GROUPS-NOT: {{.}}
func.func @main(
    %a: tensor<4x4xf32> {lowbit.name = "a"}, %b: tensor<4x4xf32> {lowbit.name = "b"},
    %c: tensor<4x4xf32> {lowbit.name = "c"}, %d: tensor<4x4xf32> {lowbit.name = "d"},
    %e: tensor<4x4xf32> {lowbit.name = "e"}, %f: tensor<4x4xf32> {lowbit.name = "f"},
    %r: tensor<4x4xf32> {lowbit.name = "r"}, %s: tensor<4x4xf32> {lowbit.name = "s"},
    %image: tensor<1x8x8x4xf32> {lowbit.name = "image"})
    -> (tensor<8x8xf32>, tensor<4x4xf32>, tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>, tensor<1x6x6x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %one = arith.constant 1.0 : f32
  %c3 = arith.constant 3 : index
  %e4 = tensor.empty() : tensor<4x4xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e8 = tensor.empty() : tensor<8x8xf32>
  %z8 = linalg.fill ins(%zero : f32) outs(%e8 : tensor<8x8xf32>) -> tensor<8x8xf32>

  // Concatenation, behind a transpose.
  %t = linalg.transpose ins(%b : tensor<4x4xf32>) outs(%e4 : tensor<4x4xf32>) permutation = [1, 0]
  %concat = tensor.concat dim(0) %a, %t {lowbit.id = "concat"} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  %ab = linalg.matmul ins(%a, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %abab = tensor.concat dim(1) %ab, %ab : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x8xf32>
  %y0 = linalg.matmul ins(%concat, %abab : tensor<8x4xf32>, tensor<4x8xf32>) outs(%z8 : tensor<8x8xf32>) -> tensor<8x8xf32>

  // The greater of two tensors.
  %maximum = linalg.max {lowbit.id = "maximum"} ins(%c, %d : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %cd = linalg.matmul ins(%c, %d : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y1 = linalg.matmul ins(%maximum, %cd : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z4 : tensor<4x4xf32>) -> tensor<4x4xf32>

  // Rows in another order.
  %gathered = linalg.generic {lowbit.id = "gathered", indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%e4 : tensor<4x4xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %back = arith.subi %c3, %i : index
    %x = tensor.extract %e[%back, %j] : tensor<4x4xf32>
    linalg.yield %x : f32
  } -> tensor<4x4xf32>
  %y2 = linalg.matmul ins(%gathered, %e : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y1 : tensor<4x4xf32>) -> tensor<4x4xf32>

  // A part of a larger tensor.
  %inserted = tensor.insert_slice %f into %z8[0, 0] [4, 4] [1, 1] {lowbit.id = "inserted"} : tensor<4x4xf32> into tensor<8x8xf32>
  %y3 = linalg.matmul ins(%inserted, %y0 : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z8 : tensor<8x8xf32>) -> tensor<8x8xf32>
  %y4 = linalg.matmul ins(%f, %y2 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z4 : tensor<4x4xf32>) -> tensor<4x4xf32>

  // Arithmetic: a sum, and a clamp at a constant. Nobody shares.
  %sum = linalg.add {lowbit.id = "sum"} ins(%r, %r : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y7 = linalg.matmul ins(%sum, %r : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %relu = linalg.max {lowbit.id = "relu"} ins(%s, %z4 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y8 = linalg.matmul ins(%relu, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%y7 : tensor<4x4xf32>) -> tensor<4x4xf32>

  // Max pooling, and padding that is not with zero.
  %filter = arith.constant dense<0.5> : tensor<1x1x4x2xf32>
  %ei = tensor.empty() : tensor<1x8x8x2xf32>
  %zi = linalg.fill ins(%zero : f32) outs(%ei : tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32>
  %y9 = linalg.conv_2d_nhwc_hwcf ins(%image, %filter : tensor<1x8x8x4xf32>, tensor<1x1x4x2xf32>) outs(%zi : tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32>
  %ep = tensor.empty() : tensor<1x4x4x4xf32>
  %lp = linalg.fill ins(%lowest : f32) outs(%ep : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %pool = linalg.pooling_nhwc_max {lowbit.id = "pool", strides = dense<2> : tensor<2xi64>} ins(%image, %window : tensor<1x8x8x4xf32>, tensor<2x2xf32>) outs(%lp : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %eq = tensor.empty() : tensor<1x4x4x2xf32>
  %zq = linalg.fill ins(%zero : f32) outs(%eq : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %y10 = linalg.conv_2d_nhwc_hwcf ins(%pool, %filter : tensor<1x4x4x4xf32>, tensor<1x1x4x2xf32>) outs(%zq : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %padded = tensor.pad %pool low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %one : f32
  } {lowbit.id = "padded"} : tensor<1x4x4x4xf32> to tensor<1x6x6x4xf32>
  %er = tensor.empty() : tensor<1x6x6x2xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<1x6x6x2xf32>) -> tensor<1x6x6x2xf32>
  %y11 = linalg.conv_2d_nhwc_hwcf ins(%padded, %filter : tensor<1x6x6x4xf32>, tensor<1x1x4x2xf32>) outs(%zr : tensor<1x6x6x2xf32>) -> tensor<1x6x6x2xf32>
  return %y3, %y8, %y9, %y10, %y11 : tensor<8x8xf32>, tensor<4x4xf32>, tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>, tensor<1x6x6x2xf32>
}
