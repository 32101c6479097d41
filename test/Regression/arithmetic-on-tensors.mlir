// arith and math on whole tensors compile as they are interpreted.
// RUN: quant-run %s --inputs random -o %t.compiled.npz
// RUN: quant-run %s --inputs random -o %t.interpreted.npz --interpret
// RUN: cmp %t.compiled.npz %t.interpreted.npz
// RUN: quant-run %s --inputs random --dump-values %t.values.npz
// RUN: %python -c "import numpy, sys; print(sorted((k, v.shape) for k, v in numpy.load(sys.argv[1]).items()))" %t.values.npz | FileCheck %s

// CHECK: [('sum', (3, 5))]
func.func @main(%a: tensor<3x5xf32>, %b: tensor<3x5xf32>, %i: tensor<7xi8>, %s: tensor<f32>, %n: tensor<2x0xi32>, %flag: tensor<i1>)
    -> (tensor<3x5xf32>, tensor<7xi32>, tensor<f32>, tensor<2x0xi32>, tensor<3x5xf32>) {
  %sum = arith.addf %a, %b {lowbit.id = "sum"} : tensor<3x5xf32>
  %e = math.exp %sum : tensor<3x5xf32>
  %c = arith.cmpf olt, %a, %b : tensor<3x5xf32>
  %f = arith.select %c, %e, %sum : tensor<3x5xi1>, tensor<3x5xf32>
  %w = arith.extsi %i : tensor<7xi8> to tensor<7xi32>
  %m = arith.muli %w, %w : tensor<7xi32>
  %q = math.sqrt %s : tensor<f32>
  %z = arith.xori %n, %n : tensor<2x0xi32>
  %one = tensor.extract %flag[] : tensor<i1>
  %g = arith.select %one, %a, %b : tensor<3x5xf32>
  return %f, %m, %q, %z, %g : tensor<3x5xf32>, tensor<7xi32>, tensor<f32>, tensor<2x0xi32>, tensor<3x5xf32>
}
