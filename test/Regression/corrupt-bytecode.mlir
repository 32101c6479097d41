// Counts in bytecode that no memory holds end MLIR's reader; here they are one
// error, and no file is left.
// One asks for 29 GB, so the limit; the other for more than a SmallVector has.
// RUN: rm -rf %t && mkdir %t
// RUN: not sh -c 'ulimit -v 8000000; exec quant-opt %S/Inputs/counts-beyond-memory.bc -o %t/out.mlir' 2>&1 | FileCheck %s --check-prefix=MEMORY
// RUN: not sh -c 'ulimit -v 8000000; exec quant-run %S/Inputs/counts-beyond-memory.bc --signature' 2>&1 | FileCheck %s --check-prefix=MEMORY
// RUN: not quant-opt %S/Inputs/counts-beyond-vectors.bc -o %t/out.mlir 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: not quant-run %S/Inputs/counts-beyond-vectors.bc --signature 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: ls -A %t | count 0

// MEMORY-NOT: {{.}}
// MEMORY: error: cannot read '{{.*}}counts-beyond-memory.bc': Allocation failed; is it corrupt? Write it again
// MEMORY-NOT: {{.}}
// VECTOR-NOT: {{.}}
// VECTOR: error: cannot read '{{.*}}counts-beyond-vectors.bc': SmallVector unable to grow. {{.*}}; is it corrupt? Write it again
// VECTOR-NOT: {{.}}
