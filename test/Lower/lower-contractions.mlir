// The same operation on integers and one generic that dequantizes.
// RUN: quant-opt %s --split-input-file --lowbit-lower-contractions | FileCheck %s

!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 1>

// Static: 2 * sum(w) = [12, 14, -2] and 0.5 * scale are computed here.
// CHECK-LABEL: @matmul
// CHECK: %[[ACC:.*]] = linalg.matmul {lowbit.id = "y.i32"} ins(%{{.*}}, %{{.*}} : tensor<?x2xi8>, tensor<2x3xi8>) outs(%{{.*}} : tensor<?x3xi32>)
// CHECK-DAG: %[[SUM:.*]] = arith.constant dense<[12, 14, -2]> : tensor<3xi32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<[5.000000e-01, 1.000000e+00, 2.000000e+00]> : tensor<3xf32>
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[SUM]], %[[SCALE]] : {{.*}} attrs = {lowbit.id = "y"}
// CHECK: arith.subi
// CHECK: arith.sitofp
// CHECK: arith.mulf
func.func @matmul(%x: tensor<?x2x!a>) -> tensor<?x3xf32> {
  %i = arith.constant dense<[[2, 3, -4], [4, 4, 3]]> : tensor<2x3xi8>
  %w = lowbit.storage_cast %i : tensor<2x3xi8> to tensor<2x3x!w>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<?x2x!a> -> tensor<?x2xf32>
  %wd = lowbit.dequantize %w {scale = dense<[1.0, 2.0, 4.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<2x3x!w> -> tensor<2x3xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x2x!a>
  %e = tensor.empty(%n) : tensor<?x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
  %y = linalg.matmul {lowbit.id = "y"} ins(%xd, %wd : tensor<?x2xf32>, tensor<2x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

!a = !lowbit.affine<i8>

// Two activations: the sums are integer reductions, the longer one without the
// zero point of its own, so that no product of both is left. A sum of dynamic
// length is checked. The init is added.
// CHECK-LABEL: @attention
// CHECK: lowbit.check_range %{{.*}} in [0, 33026)
// CHECK: %[[ACC:.*]] = linalg.batch_matmul ins({{.*}} : tensor<2x3x?xi8>, tensor<2x?x4xi8>) outs({{.*}} : tensor<2x3x4xi32>)
// CHECK: %[[B:.*]] = linalg.generic {{.*}} ["parallel", "reduction", "parallel"]} ins(%{{.*}}, %{{.*}} : tensor<2x?x4xi8>, tensor<i32>) outs(%{{.*}} : tensor<2x4xi32>)
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x?xi8>, tensor<i32>, tensor<i32>) outs(%{{.*}} : tensor<2x3xi32>)
// CHECK: arith.subi
// CHECK: arith.muli
// CHECK: %[[S:.*]] = linalg.generic {{.*}} : tensor<f32>, tensor<f32>)
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[B]], %[[A]], %[[S]], %{{.*}} : tensor<2x3x4xi32>, tensor<2x4xi32>, tensor<2x3xi32>, tensor<f32>, tensor<2x3x4xf32>)
// CHECK: arith.addf
func.func @attention(%a: tensor<2x3x?x!a>, %b: tensor<2x?x4x!a>, %sa: tensor<f32>, %za: tensor<i32>,
                     %sb: tensor<f32>, %zb: tensor<i32>, %init: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %ad = lowbit.dequantize %a scale(%sa : tensor<f32>) zero_point(%za : tensor<i32>) : tensor<2x3x?x!a> -> tensor<2x3x?xf32>
  %bd = lowbit.dequantize %b scale(%sb : tensor<f32>) zero_point(%zb : tensor<i32>) : tensor<2x?x4x!a> -> tensor<2x?x4xf32>
  %y = linalg.batch_matmul ins(%ad, %bd : tensor<2x3x?xf32>, tensor<2x?x4xf32>) outs(%init : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 3>

// Strides and dilations stay. A zero point of 0 needs no correction; equal
// scales per tensor are one number.
// CHECK-LABEL: @conv
// CHECK: %[[ACC:.*]] = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%{{.*}}, %{{.*}} : tensor<1x5x5x2xi8>, tensor<3x3x2x2xi8>) outs(%{{.*}} : tensor<1x2x2x2xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %{{.*}} : tensor<1x2x2x2xi32>, tensor<2xf32>)
// CHECK-NOT: arith.subi
func.func @conv(%x: tensor<1x5x5x2x!a>, %w: tensor<3x3x2x2x!w>) -> tensor<1x2x2x2xf32> {
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<1x5x5x2x!a> -> tensor<1x5x5x2xf32>
  %wd = lowbit.dequantize %w {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<3x3x2x2x!w> -> tensor<3x3x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x2x2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%xd, %wd : tensor<1x5x5x2xf32>, tensor<3x3x2x2xf32>) outs(%f : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// -----

!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 2>

// Channels of a depthwise convolution are a batch loop: scale and zero point
// sum, 3 * (1 + 3) and 3 * (2 - 4), are those of the channel.
// CHECK-LABEL: @depthwise
// CHECK: %[[ACC:.*]] = linalg.depthwise_conv_2d_nhwc_hwc {dilations = dense<[1, 2]> : tensor<2xi64>, lowbit.id = "y.i32", strides = dense<2> : tensor<2xi64>} ins(%{{.*}}, %{{.*}} : tensor<1x5x5x2xi8>, tensor<1x2x2xi8>) outs(%{{.*}} : tensor<1x3x2x2xi32>)
// CHECK-DAG: %[[SUM:.*]] = arith.constant dense<[12, -6]> : tensor<2xi32>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<[5.000000e-01, 1.000000e+00]> : tensor<2xf32>
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[C:.*]], #[[C]], #{{.*}}], {{.*}}} ins(%[[ACC]], %[[SUM]], %[[SCALE]] :
func.func @depthwise(%x: tensor<1x5x5x2x!a>) -> tensor<1x3x2x2xf32> {
  %i = arith.constant dense<[[[1, 2], [3, -4]]]> : tensor<1x2x2xi8>
  %w = lowbit.storage_cast %i : tensor<1x2x2xi8> to tensor<1x2x2x!w>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<1x5x5x2x!a> -> tensor<1x5x5x2xf32>
  %wd = lowbit.dequantize %w {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<1x2x2x!w> -> tensor<1x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x3x2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
  %y = linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<2> : tensor<2xi64>, dilations = dense<[1, 2]> : tensor<2xi64>, lowbit.id = "y"}
      ins(%xd, %wd : tensor<1x5x5x2xf32>, tensor<1x2x2xf32>) outs(%f : tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
  return %y : tensor<1x3x2x2xf32>
}

// -----

!a = !lowbit.affine<i8>

// A convolution is told by its maps, with the image on either side. Its filter
// has a zero point: that takes the sum of each window of the image, of which
// the length is found at run time and checked.
// CHECK-DAG: #[[IMAGE:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2 * 2 + d3)>
// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 * 2 + d2)>
// CHECK-DAG: #[[EXTENT:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-LABEL: @spelled
// CHECK: lowbit.check_range
// CHECK: %[[ACC:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #[[IMAGE]], #{{.*}}]{{.*}} ins(%{{.*}}, %{{.*}} : tensor<3x?xi8>, tensor<2x?xi8>) outs(%{{.*}} : tensor<2x3x4xi32>)
// CHECK: %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<?xi8>
// CHECK: %[[I:.*]] = linalg.generic {indexing_maps = [#[[WINDOW]], #[[EXTENT]], #{{.*}}], iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %[[E]] : tensor<2x?xi8>, tensor<?xi8>) outs(%{{.*}} : tensor<2x4xi32>)
// CHECK: %[[F:.*]] = linalg.generic {{.*}} ["parallel", "reduction"]} ins(%{{.*}} : tensor<3x?xi8>) outs(%{{.*}} : tensor<3xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[I]], %[[F]] : tensor<2x3x4xi32>, tensor<2x4xi32>, tensor<3xi32>)
func.func @spelled(%w: tensor<3x?x!a>, %x: tensor<2x?x!a>) -> tensor<2x3x4xf32> {
  %wd = lowbit.dequantize %w {scale = dense<0.5> : tensor<f32>, zero_point = dense<7> : tensor<i32>} : tensor<3x?x!a> -> tensor<3x?xf32>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<2x?x!a> -> tensor<2x?xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(n, f, x, k) -> (f, k)>, affine_map<(n, f, x, k) -> (n, x * 2 + k)>, affine_map<(n, f, x, k) -> (n, f, x)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%wd, %xd : tensor<3x?xf32>, tensor<2x?xf32>) outs(%f : tensor<2x3x4xf32>) {
  ^bb0(%b: f32, %a: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %p, %acc : f32
    linalg.yield %s : f32
  } -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

!a = !lowbit.affine<i8>

// A contract keeps its maps; a product of a matrix and a vector becomes one.
// CHECK-LABEL: @contract
// CHECK: linalg.contract indexing_maps = [{{.*}}] ins({{.*}} : tensor<4x2xi8>, tensor<3x2xi8>) outs({{.*}} : tensor<3x4xi32>)
// CHECK: linalg.contract indexing_maps = [{{.*}}] ins({{.*}} : tensor<4x2xi8>, tensor<2xi8>) outs({{.*}} : tensor<4xi32>)
func.func @contract(%a: tensor<4x2x!a>, %b: tensor<3x2x!a>, %v: tensor<2x!a>) -> (tensor<3x4xf32>, tensor<4xf32>) {
  %ad = lowbit.dequantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x2x!a> -> tensor<4x2xf32>
  %bd = lowbit.dequantize %b {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<3x2x!a> -> tensor<3x2xf32>
  %vd = lowbit.dequantize %v {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x!a> -> tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = linalg.contract
      indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (j, i)>]
      ins(%ad, %bd : tensor<4x2xf32>, tensor<3x2xf32>) outs(%f : tensor<3x4xf32>) -> tensor<3x4xf32>
  %e2 = tensor.empty() : tensor<4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4xf32>) -> tensor<4xf32>
  %z = linalg.matvec ins(%ad, %vd : tensor<4x2xf32>, tensor<2xf32>) outs(%f2 : tensor<4xf32>) -> tensor<4xf32>
  return %y, %z : tensor<3x4xf32>, tensor<4xf32>
}

// -----

// More products than formats alone allow in 32 bits; these weights do.
!a = !lowbit.affine<i8>

// CHECK-LABEL: @long
// CHECK: linalg.matmul ins({{.*}} : tensor<1x66311xi8>, tensor<66311x1xi8>)
// CHECK: linalg.matmul ins({{.*}} : tensor<1x200000xi8>, tensor<200000x1xi8>)
// The zero point of the run is anything: 70000 * -100 * 255 = -1785000000 fits.
// CHECK: linalg.matmul ins({{.*}} : tensor<1x70000xi8>, tensor<70000x1xi8>)
// Weights on the left.
// CHECK: linalg.matmul ins({{.*}} : tensor<1x200000xi8>, tensor<200000x1xi8>)
func.func @long(%x: tensor<1x66311x!a>, %y: tensor<1x200000x!a>, %d: tensor<1x70000x!a>, %s: tensor<f32>, %z: tensor<i32>,
                %r: tensor<200000x1x!a>, %init: tensor<1x1xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>) {
  %xi = arith.constant dense<127> : tensor<66311x1xi8>
  %xw = lowbit.storage_cast %xi : tensor<66311x1xi8> to tensor<66311x1x!a>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<1x66311x!a> -> tensor<1x66311xf32>
  %xwd = lowbit.dequantize %xw {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<66311x1x!a> -> tensor<66311x1xf32>
  %0 = linalg.matmul ins(%xd, %xwd : tensor<1x66311xf32>, tensor<66311x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>

  %yi = arith.constant dense<3> : tensor<200000x1xi8>
  %yw = lowbit.storage_cast %yi : tensor<200000x1xi8> to tensor<200000x1x!a>
  %yd = lowbit.dequantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<1x200000x!a> -> tensor<1x200000xf32>
  %ywd = lowbit.dequantize %yw {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<200000x1x!a> -> tensor<200000x1xf32>
  %1 = linalg.matmul ins(%yd, %ywd : tensor<1x200000xf32>, tensor<200000x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>

  %di = arith.constant dense<-100> : tensor<70000x1xi8>
  %dw = lowbit.storage_cast %di : tensor<70000x1xi8> to tensor<70000x1x!a>
  %dd = lowbit.dequantize %d scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<1x70000x!a> -> tensor<1x70000xf32>
  %dwd = lowbit.dequantize %dw {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<70000x1x!a> -> tensor<70000x1xf32>
  %2 = linalg.matmul ins(%dd, %dwd : tensor<1x70000xf32>, tensor<70000x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>

  %ri = arith.constant dense<-4> : tensor<1x200000xi8>
  %rw = lowbit.storage_cast %ri : tensor<1x200000xi8> to tensor<1x200000x!a>
  %rd = lowbit.dequantize %r {scale = dense<0.5> : tensor<f32>, zero_point = dense<7> : tensor<i32>} : tensor<200000x1x!a> -> tensor<200000x1xf32>
  %rwd = lowbit.dequantize %rw {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<1x200000x!a> -> tensor<1x200000xf32>
  %3 = linalg.matmul ins(%rwd, %rd : tensor<1x200000xf32>, tensor<200000x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0, %1, %2, %3 : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>
}

// -----

// The filter of a convolution has a zero point: the sums of the windows, times it, are taken out.
// CHECK-LABEL: func.func @filter_zero_point
// CHECK: linalg.conv_2d_nhwc_hwcf
// CHECK: %[[WINDOW:.*]] = tensor.empty() : tensor<3x2xi8>
// CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction", "parallel", "reduction", "reduction"]} ins(%{{.*}}, %[[WINDOW]] : tensor<1x9x5x4xi8>, tensor<3x2xi8>) outs(%{{.*}} : tensor<1x4x4xi32>)
// CHECK: arith.subi %{{.*}}, %c3_i32 : i32
// CHECK: arith.muli %{{.*}}, %c-5_i32 : i32
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[SUMS]]
func.func @filter_zero_point(%x: tensor<1x9x5x4xi8>, %w: tensor<3x2x4x6xi8>) -> tensor<1x4x4x6xf32> {
  %xq = lowbit.storage_cast %x : tensor<1x9x5x4xi8> to tensor<1x9x5x4x!lowbit.affine<i8>>
  %xd = lowbit.dequantize %xq {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<1x9x5x4x!lowbit.affine<i8>> -> tensor<1x9x5x4xf32>
  %wq = lowbit.storage_cast %w : tensor<3x2x4x6xi8> to tensor<3x2x4x6x!lowbit.affine<i8, axis = 3>>
  %wd = lowbit.dequantize %wq {scale = dense<0.25> : tensor<6xf32>, zero_point = dense<-5> : tensor<6xi32>} : tensor<3x2x4x6x!lowbit.affine<i8, axis = 3>> -> tensor<3x2x4x6xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x4x4x6xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<[2, 1]> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%xd, %wd : tensor<1x9x5x4xf32>, tensor<3x2x4x6xf32>) outs(%init : tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
  return %y : tensor<1x4x4x6xf32>
}

// -----

!a = !lowbit.affine<i8, block = [1, *]>
!w = !lowbit.affine<i8, -127:127, axis = 1>

// A scale and a zero point for each row: the correction is an outer product,
// made where it is taken off.
// CHECK-LABEL: @rows
// CHECK: %[[ACC:.*]] = linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<?x2xi8>, tensor<2x3xi8>)
// CHECK-DAG: %[[SUM:.*]] = arith.constant dense<[6, 7, -1]> : tensor<3xi32>
// CHECK-DAG: %[[Z:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<?x1xi32> into tensor<?xi32>
// CHECK-DAG: %[[S:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<?x1xf32> into tensor<?xf32>
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[SUM]], %[[Z]], %[[S]], %{{.*}}, %{{.*}} : tensor<?x3xi32>, tensor<3xi32>, tensor<?xi32>, tensor<?xf32>, tensor<3xf32>, tensor<?x3xf32>)
// CHECK: arith.muli
// CHECK-NEXT: arith.subi
func.func @rows(%x: tensor<?x2x!a>, %s: tensor<?x1xf32>, %z: tensor<?x1xi32>, %f: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %i = arith.constant dense<[[2, 3, -4], [4, 4, 3]]> : tensor<2x3xi8>
  %w = lowbit.storage_cast %i : tensor<2x3xi8> to tensor<2x3x!w>
  %xd = lowbit.dequantize %x scale(%s : tensor<?x1xf32>) zero_point(%z : tensor<?x1xi32>) : tensor<?x2x!a> -> tensor<?x2xf32>
  %wd = lowbit.dequantize %w {scale = dense<[1.0, 2.0, 4.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<2x3x!w> -> tensor<2x3xf32>
  %y = linalg.matmul ins(%xd, %wd : tensor<?x2xf32>, tensor<2x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

!a = !lowbit.affine<i16>
!w = !lowbit.affine<i8, -127:127>

// 16 bits are two bytes, whose sums are put together in 64 bits; the lower one
// is 128 less, which the zero point takes in.
// CHECK-LABEL: @wide
// CHECK: %[[HIGH:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2xi16>) outs(%{{.*}} : tensor<4x2xi8>)
// CHECK: arith.shrsi
// CHECK: %[[LOW:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2xi16>) outs(%{{.*}} : tensor<4x2xi8>)
// CHECK: arith.xori
// CHECK: %[[H:.*]] = linalg.matmul ins(%[[HIGH]], %{{.*}} : tensor<4x2xi8>, tensor<2x3xi8>)
// CHECK: %[[L:.*]] = linalg.matmul ins(%[[LOW]], %{{.*}} : tensor<4x2xi8>, tensor<2x3xi8>)
// CHECK-DAG: %[[Z:.*]] = arith.constant dense<872> : tensor<i32>
// CHECK: linalg.generic {{.*}} ins(%[[H]], %[[L]], %{{.*}}, %[[Z]]
// CHECK: arith.constant 256 : i64
// CHECK: arith.sitofp %{{.*}} : i64 to f32
func.func @wide(%x: tensor<4x2x!a>, %f: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %i = arith.constant dense<[[2, 3, -4], [4, 4, 3]]> : tensor<2x3xi8>
  %w = lowbit.storage_cast %i : tensor<2x3xi8> to tensor<2x3x!w>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1000> : tensor<i32>} : tensor<4x2x!a> -> tensor<4x2xf32>
  %wd = lowbit.dequantize %w {scale = dense<2.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x3x!w> -> tensor<2x3xf32>
  %y = linalg.matmul ins(%xd, %wd : tensor<4x2xf32>, tensor<2x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
