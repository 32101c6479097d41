// Formats that are refused, by the label of the constraint.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{(T1) storage must be an integer of 2 to 16 bits, found 'i32'}}
func.func private @t(tensor<4x!lowbit.affine<i32>>)

// -----

// expected-error @+1 {{(T2) storage is written i8 (signed) or ui8 (unsigned), found 'si8'}}
func.func private @t(tensor<4x!lowbit.affine<si8>>)

// -----

// expected-error @+1 {{(T3) range must not be empty, found 5:5}}
func.func private @t(tensor<4x!lowbit.affine<i8, 5:5>>)

// -----

// expected-error @+1 {{(T4) range -200:127 does not fit storage 'i8' (-128:127)}}
func.func private @t(tensor<4x!lowbit.affine<i8, -200:127>>)

// -----

// expected-error @+1 {{(G1) axis must not be negative, found -1}}
func.func private @t(tensor<4x!lowbit.affine<i8, axis = -1>>)

// -----

// expected-error @+1 {{(G2) axis and block exclude each other; a block of 1 in one dimension and * in the others is an axis}}
func.func private @t(tensor<4x!lowbit.affine<i8, axis = 0, block = [4]>>)

// -----

// expected-error @+1 {{(G3) a block has one element or more in each dimension, found 0; * is a whole dimension}}
func.func private @t(tensor<4x!lowbit.affine<i8, block = [0]>>)

// -----

// expected-error @+1 {{(G4) scales are f32, f8E8M0FNU or f8E4M3FN, found 'f16'}}
func.func private @t(tensor<4x!lowbit.affine<i8, scale = f16>>)

// -----

// expected-error @+1 {{(G4) scales are f32, f8E8M0FNU or f8E4M3FN, found 'i8'}}
func.func private @t(tensor<4x!lowbit.affine<i8, scale = i8>>)

// -----

// expected-error @+1 {{(T5) elements narrower than a byte are packed, found 8 bits}}
func.func private @t(tensor<4x!lowbit.affine<i8, pack = 0>>)

// -----

// expected-error @+1 {{(T5) pack must not be negative, found -1}}
func.func private @t(tensor<4x!lowbit.affine<i4, pack = -1>>)

// -----

// expected-error @+1 {{'axis' is given twice}}
func.func private @t(tensor<4x!lowbit.affine<i8, axis = 0, axis = 1>>)

// -----

// expected-error @+1 {{expected axis, block, scale or pack, found 'stride'}}
func.func private @t(tensor<4x!lowbit.affine<i8, stride = 2>>)

// -----

// expected-error @+1 {{(T6) element must be f8E4M3FN, f8E5M2, f6E3M2FN, f6E2M3FN or f4E2M1FN, found 'f16'}}
func.func private @t(tensor<4x!lowbit.float<f16>>)

// -----

// expected-error @+1 {{(T6) element must be f8E4M3FN, f8E5M2, f6E3M2FN, f6E2M3FN or f4E2M1FN, found 'i8'}}
func.func private @t(tensor<4x!lowbit.float<i8>>)

// -----

// expected-error @+1 {{(T5) elements narrower than a byte are packed, found 8 bits}}
func.func private @t(tensor<4x!lowbit.float<f8E5M2, pack = 0>>)

// -----

// expected-error @+1 {{(T7) a codebook has 4, 8, 16, ..., 256 values, found 3}}
func.func private @t(tensor<4x!lowbit.codebook<[0.0, 1.0, 2.0]>>)

// -----

// expected-error @+1 {{(T8) the values of a codebook are finite and ascend, found 1.000000e+00 at index 2}}
func.func private @t(tensor<4x!lowbit.codebook<[0.0, 1.0, 1.0, 2.0]>>)

// -----

// expected-error @+1 {{(T8) the values of a codebook are finite and ascend, found 0.000000e+00 at index 3}}
func.func private @t(tensor<4x!lowbit.codebook<[0.0, 1.0, 2.0, 0x7F800000]>>)

// -----

// expected-error @+1 {{(L1) columns and group must be positive, found 0 and 4}}
func.func private @a() attributes {a = #lowbit.panels<columns = 0, group = 4>}

// -----

// expected-error @+1 {{expected axis, block, scale, found 'pack'}}
func.func private @a() attributes {a = #lowbit.granularity<pack = 1>}
