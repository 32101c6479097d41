//===- Passes.td - phase 1: to the float contract -------------------------===//
#ifndef LOWBIT_IMPORT_PASSES_TD
#define LOWBIT_IMPORT_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyResources : Pass<"lowbit-verify-resources"> {
  let summary = "checks that blobs have the size of their types";
  let description = [{
    Every `dense_resource` whose bytes are in the module must have as many as
    its type needs. Bytes that are not there (elided resources) are no error
    here, but where they are needed. `quant-opt` runs this before all other
    passes, and `quant-run` when it loads a module.
  }];
}

def AttachWeights : Pass<"lowbit-attach-weights", "::mlir::ModuleOp"> {
  let summary = "checks every parameter against the weight store";
  let description = [{
    Each `lowbit.parameter` without a `value` must be in the file that
    `lowbit.store` names, with its element type and shape. One error lists all
    that are not, with the nearest names that the store has. Nothing is copied:
    later phases read the mapped file.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numParameters", "parameters", "parameters that were checked">];
}

def AssignIds : Pass<"lowbit-assign-ids", "::mlir::ModuleOp"> {
  let summary = "gives operations without a name a stable one";
  let description = [{
    A linalg operation, or one that moves a tensor, without `lowbit.id` takes the name of its location, and
    `<operation>_<n>`, its ordinal among those of its kind, when it has none.

    ```mlir
    %0 = linalg.matmul ins(...) outs(...) -> tensor<4x8xf32>
    // becomes
    %0 = linalg.matmul {lowbit.id = "matmul_0"} ins(...) outs(...) -> tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numAssigned", "assigned", "operations that got a name">];
}

def SpecializeShapes : Pass<"lowbit-specialize-shapes", "::mlir::ModuleOp"> {
  let summary = "gives dynamic dimensions of the model a size";
  let description = [{
    Sets the dimensions that `lowbit.dims` names and carries the sizes through
    the function.

    With `shape="batch=1,seq=128"`:
    ```mlir
    func.func @main(%x: tensor<?x?xf32> {lowbit.dims = ["batch", "seq"]})
    // becomes
    func.func @main(%x: tensor<1x128xf32> {lowbit.dims = ["1", "128"]})
    ```
    A symbol that no argument has is an error that lists the ones there are.
  }];
  let options = [
    Option<"shape", "shape", "std::string", "\"\"",
           "sizes of symbols: <symbol>=<size>[,<symbol>=<size>...]">];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::tensor::TensorDialect", "::mlir::affine::AffineDialect",
    "::mlir::linalg::LinalgDialect"];
}

def VerifyFloatContract
    : Pass<"lowbit-verify-float-contract", "::mlir::ModuleOp"> {
  let summary = "checks what phase 1 hands on";
  let description = [{
    One public function; ranked tensors of f32, i64, i32 and i1; the operations
    of docs/pipeline.md. One error lists all offenders.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
}

def WriteStore : Pass<"lowbit-write-store", "::mlir::ModuleOp"> {
  let summary = "writes the parameters in use to a weight store";
  let description = [{
    Streams the bytes of every parameter that is read, from its `value` or from
    the old store, to a safetensors file, drops the `value`s and the parameters
    that nothing reads, and names the file in `lowbit.store`.

    With `path=model.safetensors`:
    ```mlir
    lowbit.parameter @w : tensor<2xi8> = dense<[1, 2]> : tensor<2xi8>
    // becomes
    lowbit.parameter @w : tensor<2xi8>
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"path", "path", "std::string", "\"\"",
           "the file to write; replaced only when all of it is written">];
  let statistics = [
    Statistic<"numWritten", "written", "parameters written">,
    Statistic<"numDropped", "dropped", "parameters that nothing read">];
}

#endif // LOWBIT_IMPORT_PASSES_TD
