// RUN: quant-opt %s --lowbit-convert-to-quant | FileCheck %s
// The way back gives the text that the file began with.
// RUN: quant-opt %s -o %t.before.mlir
// RUN: quant-opt %s --lowbit-convert-to-quant --lowbit-convert-from-quant -o %t.after.mlir
// RUN: diff %t.before.mlir %t.after.mlir

// The smallest f32 above 0.1 is a double that upstream writes in full.
// CHECK-LABEL: @per_tensor
// CHECK: quant.qcast %{{.*}} : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.10000000149011612:-5>>
// CHECK: quant.dcast
func.func @per_tensor(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = lowbit.quantize %x {scale = dense<0.1> : tensor<f32>, zero_point = dense<-5> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %d = lowbit.dequantize %q {scale = dense<0.1> : tensor<f32>, zero_point = dense<-5> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// The parameters of the integers are those of their reader, through the
// collapse and the branch.
// CHECK-LABEL: @through_movement
// CHECK: quant.scast %{{.*}} : tensor<2x3xi4> to tensor<2x3x!quant.uniform<i4<-7:7>:f32, 2.500000e-01>>
// CHECK: tensor.collapse_shape {{.*}} into tensor<6x!quant.uniform<i4<-7:7>:f32, 2.500000e-01>>
// CHECK: scf.if %{{.*}} -> (tensor<6x!quant.uniform<i4<-7:7>:f32, 2.500000e-01>>)
// CHECK: quant.dcast
func.func @through_movement(%i: tensor<2x3xi4>, %c: i1) -> tensor<6xf32> {
  %q = lowbit.storage_cast %i : tensor<2x3xi4> to tensor<2x3x!lowbit.affine<i4, -7:7>>
  %s = tensor.collapse_shape %q [[0, 1]] : tensor<2x3x!lowbit.affine<i4, -7:7>> into tensor<6x!lowbit.affine<i4, -7:7>>
  %r = scf.if %c -> (tensor<6x!lowbit.affine<i4, -7:7>>) {
    scf.yield %s : tensor<6x!lowbit.affine<i4, -7:7>>
  } else {
    %f = tensor.empty() : tensor<6x!lowbit.affine<i4, -7:7>>
    %t = linalg.copy ins(%s : tensor<6x!lowbit.affine<i4, -7:7>>) outs(%f : tensor<6x!lowbit.affine<i4, -7:7>>) -> tensor<6x!lowbit.affine<i4, -7:7>>
    scf.yield %t : tensor<6x!lowbit.affine<i4, -7:7>>
  }
  %d = lowbit.dequantize %r {scale = dense<0.25> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<6x!lowbit.affine<i4, -7:7>> -> tensor<6xf32>
  return %d : tensor<6xf32>
}

// A call hands the parameters of the callee's body to the caller.
// CHECK-LABEL: @caller(%{{.*}}: tensor<4xi16>) -> tensor<4xf32>
// CHECK: quant.scast %{{.*}} to tensor<4x!quant.uniform<i16:f32, 2.000000e+00:9>>
func.func @caller(%i: tensor<4xi16>) -> tensor<4xf32> {
  %q = lowbit.storage_cast %i : tensor<4xi16> to tensor<4x!lowbit.affine<i16>>
  %r = func.call @callee(%q) : (tensor<4x!lowbit.affine<i16>>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: @callee(%{{.*}}: tensor<4x!quant.uniform<i16:f32, 2.000000e+00:9>>)
func.func private @callee(%q: tensor<4x!lowbit.affine<i16>> {lowbit.scale = dense<2.0> : tensor<f32>, lowbit.zero_point = dense<9> : tensor<i32>}) -> tensor<4xf32> {
  %d = lowbit.dequantize %q {scale = dense<2.0> : tensor<f32>, zero_point = dense<9> : tensor<i32>} : tensor<4x!lowbit.affine<i16>> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// What has no quantized type stays, lowbit's own operations too. Upstream prints
// the unsigned zero points of blocks as if they were signed, and reads them back
// as the same bits.
// CHECK-LABEL: @blocks
// CHECK: lowbit.check_range
// CHECK: quant.qcast {{.*}} : tensor<4x6xf32> to tensor<4x6x!quant.uniform<u8:f32:{0:2, 1:3}, {{[{][{]}}5.000000e-01:-128, 2.500000e-01:-1}, {1.000000e+00, 2.000000e+00:1}}>>
func.func @blocks(%x: tensor<4x6xf32>, %ids: tensor<3xi64>) -> tensor<4x6xi8> {
  lowbit.check_range %ids in [0, 4) "row" : tensor<3xi64>
  %q = lowbit.quantize %x {scale = dense<[[0.5, 0.25], [1.0, 2.0]]> : tensor<2x2xf32>, zero_point = dense<[[128, 255], [0, 1]]> : tensor<2x2xi32>} : tensor<4x6xf32> -> tensor<4x6x!lowbit.affine<ui8, block = [2, 3]>>
  %i = lowbit.storage_cast %q : tensor<4x6x!lowbit.affine<ui8, block = [2, 3]>> to tensor<4x6xi8>
  return %i : tensor<4x6xi8>
}
