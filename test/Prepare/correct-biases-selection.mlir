// Means are those of all elements that were observed: a contraction that reads a
// part of them, or zeros along with them, keeps its bias, with the reason in the
// explanation. The second weight is off by -0.25, the mean of its channel is 8,
// that of the row that the slice takes 6. The window of a convolution is taken
// to lie inside the image, so its padding stands against nothing.
// RUN: %python -c "import numpy, sys; x = numpy.array([[5, 6], [1, 10]], 'f4'); numpy.savez(sys.argv[1], x=x, image=x.reshape(1, 2, 1, 2))" %t.npz
// RUN: quant-opt %s --quantize-ptq="calibration-data=%t.npz prepare=bias-correction compile-to=select explain=%t.json" | FileCheck %s
// RUN: FileCheck %s --check-prefix=WHY < %t.json

// CHECK-LABEL: @main
// CHECK: tensor.extract_slice
// CHECK: arith.constant dense<[1.000000e+01, 2.000000e+01]>
// CHECK: tensor.pad
// CHECK: arith.constant dense<[3.000000e+01, 4.000000e+01]>
// CHECK: linalg.transpose
// CHECK: arith.constant dense<[5.200000e+01, 6.000000e+01]>
// CHECK: tensor.pad
// CHECK: arith.constant dense<[7.200000e+01, 8.000000e+01]>

// WHY: "kept": true,
// WHY-NEXT: "name": "bias-correction",
// WHY-NEXT: "reason": "means shifted by up to 2
// WHY-NEXT: "target": "transposed"
// WHY: "kept": true,
// WHY: "target": "convolved"
// WHY: "kept": false,
// WHY-NEXT: "name": "bias-correction",
// WHY-NEXT: "reason": "'row' makes it read other elements of 'x' than the means are of"
// WHY-NEXT: "target": "of_row"
// WHY: "kept": false,
// WHY-NEXT: "name": "bias-correction",
// WHY-NEXT: "reason": "'padded' makes it read other elements of 'x' than the means are of"
// WHY-NEXT: "target": "of_padded"
#map = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>
#image = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channel = affine_map<(d0, d1, d2, d3) -> (d3)>
func.func @main(%x: tensor<2x2xf32> {lowbit.name = "x"}, %image: tensor<1x2x1x2xf32> {lowbit.name = "image"})
    -> (tensor<1x2xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<1x4x1x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[127.0, 127.0], [0.25, 1.0]]> : tensor<2x2xf32>

  %row = tensor.extract_slice %x[0, 0] [1, 2] [1, 1] {lowbit.id = "row"} : tensor<2x2xf32> to tensor<1x2xf32>
  %e1 = tensor.empty() : tensor<1x2xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %y1 = linalg.matmul {lowbit.id = "of_row"} ins(%row, %w : tensor<1x2xf32>, tensor<2x2xf32>) outs(%f1 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %b1 = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %z1 = linalg.generic {indexing_maps = [#map, #col, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y1, %b1 : tensor<1x2xf32>, tensor<2xf32>) outs(%e1 : tensor<1x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<1x2xf32>

  %padded = tensor.pad %x low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } {lowbit.id = "padded"} : tensor<2x2xf32> to tensor<3x2xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y2 = linalg.matmul {lowbit.id = "of_padded"} ins(%padded, %w : tensor<3x2xf32>, tensor<2x2xf32>) outs(%f2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %b2 = arith.constant dense<[30.0, 40.0]> : tensor<2xf32>
  %z2 = linalg.generic {indexing_maps = [#map, #col, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y2, %b2 : tensor<3x2xf32>, tensor<2xf32>) outs(%e2 : tensor<3x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<3x2xf32>

  // All elements in another order.
  %e3 = tensor.empty() : tensor<2x2xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<2x2xf32>) -> tensor<2x2xf32>
  %t = linalg.transpose ins(%x : tensor<2x2xf32>) outs(%e3 : tensor<2x2xf32>) permutation = [1, 0]
  %y3 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                        iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %w : tensor<2x2xf32>, tensor<2x2xf32>) outs(%f3 : tensor<2x2xf32>) attrs = {lowbit.id = "transposed"} {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %p = arith.mulf %i, %c : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<2x2xf32>
  %b3 = arith.constant dense<[50.0, 60.0]> : tensor<2xf32>
  %z3 = linalg.generic {indexing_maps = [#map, #col, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y3, %b3 : tensor<2x2xf32>, tensor<2xf32>) outs(%e3 : tensor<2x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<2x2xf32>

  %k = arith.constant dense<[[[[127.0, 127.0], [0.25, 1.0]]]]> : tensor<1x1x2x2xf32>
  %q = tensor.pad %image low[0, 1, 0, 0] high[0, 1, 0, 0] {
  ^bb0(%h: index, %i: index, %j: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x1x2xf32> to tensor<1x4x1x2xf32>
  %e4 = tensor.empty() : tensor<1x4x1x2xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<1x4x1x2xf32>) -> tensor<1x4x1x2xf32>
  %y4 = linalg.conv_2d_nhwc_hwcf {lowbit.id = "convolved"} ins(%q, %k : tensor<1x4x1x2xf32>, tensor<1x1x2x2xf32>) outs(%f4 : tensor<1x4x1x2xf32>) -> tensor<1x4x1x2xf32>
  %b4 = arith.constant dense<[70.0, 80.0]> : tensor<2xf32>
  %z4 = linalg.generic {indexing_maps = [#image, #channel, #image], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y4, %b4 : tensor<1x4x1x2xf32>, tensor<2xf32>) outs(%e4 : tensor<1x4x1x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<1x4x1x2xf32>
  return %z1, %z2, %z3, %z4 : tensor<1x2xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<1x4x1x2xf32>
}
