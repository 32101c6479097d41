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
    An operation that makes a tensor, without `lowbit.id`, takes the name of its location, and
    `<operation>_<n>`, its ordinal among those of its kind, when it has none. A quantize is a part of the value that it is
    behind (`x/quantize`), the dequantize of a parameter of that. Of ids that are there twice, the later gets a number.
    Constants, fills, views and arithmetic on shapes have none.

    ```mlir
    %0 = linalg.matmul ins(...) outs(...) -> tensor<4x8xf32>
    // becomes
    %0 = linalg.matmul {lowbit.id = "matmul_0"} ins(...) outs(...) -> tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let options = [
    Option<"onlyNameless", "only-nameless", "bool", "false",
           "leave a module alone where any operation has a name: the others are not of the source model">];
  let statistics = [
    Statistic<"numAssigned", "assigned", "operations that got a name">];
}

def InlineCalls : Pass<"lowbit-inline-calls", "::mlir::ModuleOp"> {
  let summary = "brings the bodies of helper functions into the model";
  let description = [{
    Every call in the one public function is replaced by what it calls. Refused: recursion, and functions whose body
    is not in the module.
  }];
  let statistics = [
    Statistic<"numInlined", "inlined", "calls that were replaced">];
}

def ReadGlobals : Pass<"lowbit-read-globals", "::mlir::ModuleOp"> {
  let summary = "globals of ml_program become parameters";
  let description = [{
    A global that is only read is a weight, and becomes `lowbit.parameter` under its name; one that nothing reads goes.

    ```mlir
    ml_program.global private @w(dense<0.5> : tensor<8x4xf32>) : tensor<8x4xf32>
    %w = ml_program.global_load_const @w : tensor<8x4xf32>
    // becomes
    lowbit.parameter @w : tensor<8x4xf32> = dense<0.5> : tensor<8x4xf32>
    %w = lowbit.get_parameter @w : tensor<8x4xf32>
    ```
    Refused: globals that are written to, and values that are not in the module.
  }];
  let dependentDialects = ["::lowbit::LowbitDialect"];
  let statistics = [
    Statistic<"numConverted", "converted", "globals that became parameters">];
}

def ReadAsserts : Pass<"lowbit-read-asserts", "::mlir::ModuleOp"> {
  let summary = "assertions about sizes become checks of sizes";
  let description = [{
    torch-mlir asserts that dynamic sizes are equal. Such an assertion becomes `lowbit.check_size`, with its message.

    ```mlir
    %same = arith.cmpi eq, %found, %expected : index
    cf.assert %same, "mismatched size for broadcast"
    // becomes
    lowbit.check_size %found, %expected "mismatched size for broadcast"
    ```
  }];
  let dependentDialects = ["::lowbit::LowbitDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numConverted", "converted", "assertions that became checks">];
}

def FoldScalars : Pass<"lowbit-fold-scalars", "::mlir::ModuleOp"> {
  let summary = "scalar constants of other float types become f32";
  let description = [{
    PyTorch's scalars are f64, and torch-mlir converts them where they are used. What is computed from constants alone, with
    a float of another type than f32, becomes a constant.

    ```mlir
    %eps = arith.constant 1.0e-05 : f64
    %0 = arith.truncf %eps : f64 to f32
    // becomes
    %0 = arith.constant 9.99999974E-6 : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "operations that became constants">];
}

def NormalizeLinalg : Pass<"lowbit-normalize-linalg", "::mlir::ModuleOp"> {
  let summary = "named elementwise operations become linalg.generic";
  let description = [{
    `linalg.exp`, `add`, `select`, `elementwise`, `map`, `reduce` and their like become `linalg.generic`; `softmax`, `pack`
    and `unpack` the operations that they stand for. Contractions, convolutions, pooling, `fill`, `transpose`,
    `broadcast` and `copy` stay. Ids stay with the values; parts are `<id>/<kind>`.

    ```mlir
    %0 = linalg.exp {lowbit.id = "exp_0"} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %0 = linalg.generic {...} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) attrs = {lowbit.id = "exp_0"} { math.exp ... }
    ```
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::affine::AffineDialect"];
  let statistics = [
    Statistic<"numGeneralized", "generalized", "named operations that became generic">,
    Statistic<"numDecomposed", "decomposed", "operations that became several">];
}

def SplitInits : Pass<"lowbit-split-inits", "::mlir::ModuleOp"> {
  let summary = "contractions start at zero, and biases are added after";
  let description = [{
    An f32 contraction or convolution whose init is no zero gets one, and a generic after it adds what the init was; a
    broadcast becomes the map of that generic, which takes the id.

    ```mlir
    %i = linalg.broadcast ins(%b : tensor<5xf32>) outs(%e : tensor<4x5xf32>) dimensions = [0]
    %y = linalg.matmul {lowbit.id = "fc"} ins(%x, %w : ...) outs(%i : tensor<4x5xf32>) -> tensor<4x5xf32>
    // becomes
    %0 = linalg.fill ins(%zero : f32) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
    %1 = linalg.matmul {lowbit.id = "fc/matmul"} ins(%x, %w : ...) outs(%0 : tensor<4x5xf32>) -> tensor<4x5xf32>
    %y = linalg.generic {...} ins(%1, %b : tensor<4x5xf32>, tensor<5xf32>) ... attrs = {lowbit.id = "fc"} { arith.addf ... }
    ```
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numSplit", "split", "contractions whose init is zero now">];
}

def GuardLookups : Pass<"lowbit-guard-lookups", "::mlir::ModuleOp"> {
  let summary = "indices from data are checked and clamped";
  let description = [{
    A `tensor.extract` in a generic whose index comes from data gets a `lowbit.check_range` before the generic and reads at
    the index clamped into the table; assertions in the body that say the same go.

    ```mlir
    %v = tensor.extract %table[%row, %c] : tensor<10x8xf32>
    // becomes, with the check before the generic
    lowbit.check_range %indices in [0, 10) "index outside the 10 entries of table" : tensor<4xi64>
    %0 = arith.maxsi %row, %c0 : index
    %1 = arith.minsi %0, %c9 : index
    %v = tensor.extract %table[%1, %c] : tensor<10x8xf32>
    ```
    Refused: look-ups along dimensions of unknown size.
  }];
  let dependentDialects = [
    "::lowbit::LowbitDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect"];
  let statistics = [
    Statistic<"numGuarded", "guarded", "indices that are checked now">];
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
