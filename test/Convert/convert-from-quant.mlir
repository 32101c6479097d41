// RUN: quant-opt %s --lowbit-convert-from-quant | FileCheck %s
// The way back gives the text that the file began with.
// RUN: quant-opt %s -o %t.before.mlir
// RUN: quant-opt %s --lowbit-convert-from-quant --lowbit-convert-to-quant -o %t.after.mlir
// RUN: diff %t.before.mlir %t.after.mlir

!tensorwise = !quant.uniform<i8:f32, 0.5:3>
!narrow = !quant.uniform<i8<-127:127>:f32:1, {0.5, 0.25:7}>
!blocks = !quant.uniform<u8<1:200>:f32:{1:4}, {{0.5:1, 0.25:200}}>

// CHECK-LABEL: @per_tensor
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>
// CHECK: %[[Q:.*]] = lowbit.quantize %[[X]] {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?x8xf32> -> tensor<?x8x!lowbit.affine<i8>>
// CHECK: lowbit.dequantize %[[Q]] {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?x8x!lowbit.affine<i8>> -> tensor<?x8xf32>
func.func @per_tensor(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %q = quant.qcast %x : tensor<?x8xf32> to tensor<?x8x!tensorwise>
  %d = quant.dcast %q : tensor<?x8x!tensorwise> to tensor<?x8xf32>
  return %d : tensor<?x8xf32>
}

// CHECK-LABEL: @per_axis
// CHECK-SAME: %[[I:.*]]: tensor<4x2xi8>
// CHECK: %[[Q:.*]] = lowbit.storage_cast %[[I]] : tensor<4x2xi8> to tensor<4x2x!lowbit.affine<i8, -127:127, axis = 1>>
// CHECK: lowbit.dequantize %[[Q]] {scale = dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>, zero_point = dense<[0, 7]> : tensor<2xi32>}
func.func @per_axis(%i: tensor<4x2xi8>) -> tensor<4x2xf32> {
  %q = quant.scast %i : tensor<4x2xi8> to tensor<4x2x!narrow>
  %d = quant.dcast %q : tensor<4x2x!narrow> to tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}

// A dimension that no block divides is one block.
// CHECK-LABEL: @per_block
// CHECK: lowbit.quantize %{{.*}} {scale = dense<{{\[\[}}5.000000e-01, 2.500000e-01]]> : tensor<1x2xf32>, zero_point = dense<{{\[\[}}1, 200]]> : tensor<1x2xi32>} : tensor<3x8xf32> -> tensor<3x8x!lowbit.affine<ui8, 1:200, block = [*, 4]>>
func.func @per_block(%x: tensor<3x8xf32>) -> tensor<3x8xi8> {
  %q = quant.qcast %x : tensor<3x8xf32> to tensor<3x8x!blocks>
  %i = quant.scast %q : tensor<3x8x!blocks> to tensor<3x8xi8>
  return %i : tensor<3x8xi8>
}

// CHECK-LABEL: @scalar
// CHECK: lowbit.quantize %{{.*}} : f32 -> !lowbit.affine<i8>
func.func @scalar(%x: f32) -> i8 {
  %q = quant.qcast %x : f32 to !tensorwise
  %i = quant.scast %q : !tensorwise to i8
  return %i : i8
}

// Nothing in the body says the parameters: the function does.
// CHECK-LABEL: @movement
// CHECK-SAME: tensor<4x6x!lowbit.affine<i8>> {lowbit.scale = dense<5.000000e-01> : tensor<f32>, lowbit.zero_point = dense<3> : tensor<i32>}
// CHECK-SAME: -> (tensor<6x2x!lowbit.affine<i8>> {lowbit.scale = dense<5.000000e-01> : tensor<f32>, lowbit.zero_point = dense<3> : tensor<i32>})
// CHECK: tensor.extract_slice {{.*}} : tensor<4x6x!lowbit.affine<i8>> to tensor<2x6x!lowbit.affine<i8>>
// CHECK: linalg.transpose ins({{.*}} : tensor<2x6x!lowbit.affine<i8>>)
func.func @movement(%q: tensor<4x6x!tensorwise>) -> tensor<6x2x!tensorwise> {
  %s = tensor.extract_slice %q[1, 0] [2, 6] [1, 1] : tensor<4x6x!tensorwise> to tensor<2x6x!tensorwise>
  %e = tensor.empty() : tensor<6x2x!tensorwise>
  %t = linalg.transpose ins(%s : tensor<2x6x!tensorwise>) outs(%e : tensor<6x2x!tensorwise>) permutation = [1, 0]
  return %t : tensor<6x2x!tensorwise>
}

// CHECK-LABEL: @control_flow
// CHECK: scf.for {{.*}} -> (tensor<4x!lowbit.affine<i8>>)
// CHECK: cf.cond_br {{.*}}(%{{.*}} : tensor<4x!lowbit.affine<i8>>)
// CHECK: ^bb2(%{{.*}}: tensor<4x!lowbit.affine<i8>>)
func.func @control_flow(%c: i1, %n: index, %q: tensor<4x!tensorwise>) -> tensor<4x!tensorwise> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %l = scf.for %i = %c0 to %n step %c1 iter_args(%a = %q) -> (tensor<4x!tensorwise>) {
    %r = func.call @declared(%a) : (tensor<4x!tensorwise>) -> tensor<4x!tensorwise>
    scf.yield %r : tensor<4x!tensorwise>
  }
  cf.cond_br %c, ^bb1(%l : tensor<4x!tensorwise>), ^bb2(%q : tensor<4x!tensorwise>)
^bb1(%a: tensor<4x!tensorwise>):
  return %a : tensor<4x!tensorwise>
^bb2(%b: tensor<4x!tensorwise>):
  return %b : tensor<4x!tensorwise>
}

// CHECK: func.func private @declared(tensor<4x!lowbit.affine<i8>> {lowbit.scale
func.func private @declared(tensor<4x!tensorwise>) -> tensor<4x!tensorwise>
