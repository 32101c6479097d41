// Every format, in text, in generic form and in bytecode.
// RUN: quant-opt %s | quant-opt | FileCheck %s
// RUN: quant-opt %s --emit-bytecode | quant-opt | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

// CHECK: @affine(tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i2>>, tensor<4x!lowbit.affine<ui16>>)
func.func private @affine(tensor<4x!lowbit.affine<i8, -128:127>>, tensor<4x!lowbit.affine<i2>>, tensor<4x!lowbit.affine<ui16>>)
// CHECK: @ranges(tensor<4x!lowbit.affine<i8, -127:127>>, tensor<4x!lowbit.affine<ui4, 1:14>>, tensor<4x!lowbit.affine<i3, -3:3>>)
func.func private @ranges(tensor<4x!lowbit.affine<i8, -127:127>>, tensor<4x!lowbit.affine<ui4, 1:14>>, tensor<4x!lowbit.affine<i3, -3:3>>)
// CHECK: @granularity(tensor<4x8x!lowbit.affine<i8, -127:127, axis = 1>>, tensor<4x8x!lowbit.affine<i4, block = [1, 4]>>, tensor<4x8x!lowbit.affine<i4, block = [*, 4], scale = f8E4M3FN>>)
func.func private @granularity(tensor<4x8x!lowbit.affine<i8, -127:127, axis = 1>>, tensor<4x8x!lowbit.affine<i4, block = [1, 4]>>, tensor<4x8x!lowbit.affine<i4, scale = f8E4M3FN, block = [*, 4]>>)
// CHECK: @packed(tensor<4x8x!lowbit.affine<i4, pack = 1>>, tensor<8x8x!lowbit.affine<ui2, axis = 1, pack = 0>>)
func.func private @packed(tensor<4x8x!lowbit.affine<i4, pack = 1>>, tensor<8x8x!lowbit.affine<ui2, pack = 0, axis = 1>>)
// CHECK: @floats(tensor<4x!lowbit.float<f8E4M3FN>>, tensor<4x!lowbit.float<f8E5M2, axis = 0>>, tensor<4x!lowbit.float<f6E3M2FN>>, tensor<4x!lowbit.float<f6E2M3FN, pack = 0>>)
func.func private @floats(tensor<4x!lowbit.float<f8E4M3FN>>, tensor<4x!lowbit.float<f8E5M2, axis = 0>>, tensor<4x!lowbit.float<f6E3M2FN>>, tensor<4x!lowbit.float<f6E2M3FN, pack = 0>>)
// CHECK: @mx(tensor<64x!lowbit.float<f4E2M1FN, block = [32], scale = f8E8M0FNU, pack = 0>>, tensor<64x!lowbit.float<f4E2M1FN, block = [16], scale = f8E4M3FN>>)
func.func private @mx(tensor<64x!lowbit.float<f4E2M1FN, block = [32], scale = f8E8M0FNU, pack = 0>>, tensor<64x!lowbit.float<f4E2M1FN, block = [16], scale = f8E4M3FN>>)
// CHECK: @codebooks(tensor<64x!lowbit.codebook<nf4, block = [64], pack = 0>>, tensor<64x!lowbit.codebook<[-1.000000e+00, -1.000000e-01, 2.500000e-01, 1.000000e+00]>>)
func.func private @codebooks(tensor<64x!lowbit.codebook<nf4, block = [64], pack = 0>>, tensor<64x!lowbit.codebook<[-1.0, -0.1, 0.25, 1.0]>>)
// CHECK: @scalars(!lowbit.affine<i8>, !lowbit.float<f8E5M2>)
func.func private @scalars(!lowbit.affine<i8>, !lowbit.float<f8E5M2>)
// CHECK: attributes {granularity = #lowbit.granularity<axis = 2, scale = f8E4M3FN>, layout = #lowbit.panels<columns = 64, group = 4>, whole = #lowbit.granularity<>}
func.func private @attributes() attributes {layout = #lowbit.panels<columns = 64, group = 4>, granularity = #lowbit.granularity<axis = 2, scale = f8E4M3FN>, whole = #lowbit.granularity<>}
