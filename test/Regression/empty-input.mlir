// An input that is empty by its type is fed as it is, with other inputs for
// any number of runs; one that need not be empty is still refused.
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], x=numpy.zeros(0, 'i8'), w=numpy.zeros((6, 0), 'f4'), y=numpy.arange(4, dtype='f4'))" %t.in.npz
// RUN: quant-run %s --inputs %t.in.npz -o %t.npz
// RUN: quant-run %s --inputs %t.in.npz -o %t.interpreted.npz --interpret
// RUN: cmp %t.npz %t.interpreted.npz
// RUN: %python -c "import numpy, sys; print({k: v.tolist() for k, v in numpy.load(sys.argv[1]).items()})" %t.npz | FileCheck %s
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], x=numpy.zeros(0, 'i8'), w=numpy.zeros((3, 0), 'f4'), y=numpy.zeros(0, 'f4'))" %t.none.npz
// RUN: not quant-run %s --inputs %t.none.npz -o %t.none.out.npz 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK: {'out0': [0.0, 1.0, 2.0, 3.0], 'out1': []}
// NONE: error: input 'y' in {{.*}} is float32[0]; the model takes float32[2]; it is empty, give it at least one sample
func.func @main(%x: tensor<0xi64> {lowbit.name = "x"}, %w: tensor<3x0xf32> {lowbit.name = "w"},
                %y: tensor<2xf32> {lowbit.name = "y"}) -> (tensor<2xf32>, tensor<0xi64>) {
  return %y, %x : tensor<2xf32>, tensor<0xi64>
}
