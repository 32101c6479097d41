//===- Passes.td - phase 7: code generation -------------------------------===//
#ifndef LOWBIT_CODEGEN_PASSES_TD
#define LOWBIT_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def ParametersToArguments
    : Pass<"lowbit-parameters-to-arguments", "::mlir::ModuleOp"> {
  let summary = "parameters become read-only arguments of @main";
  let description = [{
    Each `lowbit.get_parameter` becomes an argument of `@main` that carries
    `lowbit.parameter = "<name>"`. The program that runs the module passes a
    pointer into the mapped store; no weight becomes an LLVM global.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def InsertTaps : Pass<"lowbit-insert-taps", "::mlir::ModuleOp"> {
  let summary = "taps that hand values to the host program";
  let description = [{
    `observers`: the operand of each `lowbit.observe`, under the observer's id.
    `values`: each float value that carries a `lowbit.id`.
    `contractions`: both operands and the result of the n-th integer
    contraction, under `n.lhs`, `n.rhs` and `n.acc`.
    With any of them, or with `none`, observers are gone afterwards.
  }];
  let options = [Option<"what", "what", "std::string", "\"none\"",
                        "none, observers, values or contractions">];
}

def DecomposeTensorOps
    : Pass<"lowbit-decompose-tensor-ops", "::mlir::func::FuncOp"> {
  let summary = "pad, concat and softmax in terms of fill, insert_slice and "
                "generic";
  let description = [{
    Bufferization and vectorization then meet few operations, and a padded
    value is written once, into the buffer that its readers use.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FixReductionOrders
    : Pass<"lowbit-fix-reduction-orders", "::mlir::func::FuncOp"> {
  let summary = "the order of each float reduction is written down";
  let description = [{
    Rules F2 to F4 of docs/numerics-float.md read the order of a float reduction
    off its loops, maps and body. Passes that follow change maps and bodies, so
    the order goes into the IR first: a `linalg.generic` that multiplies and adds
    gets `math.fma`, any other whose order matters
    `lowbit.reduction_order = "lanes"` or `"sequential"`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect"];
}

def FuseWeights : Pass<"lowbit-fuse-weights", "::mlir::func::FuncOp"> {
  let summary = "contractions read weights as integers";
  let description = [{
    A float contraction of a dequantized parameter becomes one `linalg.generic`
    that reads the integers and their scales and dequantizes each element where
    it is multiplied. No f32 copy of the weight is made, and every bit of the
    result stays: the products are those of the dequantized elements (N8), in
    the order of F2.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numFused", "fused", "contractions that read integers">];
}

def FuseElementwise
    : Pass<"lowbit-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "chains of elementwise operations become one";
  let description = [{
    A `linalg.generic` whose only reader is another one is fused into it.
    Contractions are left as they are: unlike the upstream pass, reshapes are
    not folded into them, so a weight stays the argument that it is. The order
    that a reduction carries stays with it.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::affine::AffineDialect"];
}

def CheckSizes : Pass<"lowbit-check-sizes", "::mlir::func::FuncOp"> {
  let summary = "sizes of the run are checked before they bound accesses";
  let description = [{
    A `lowbit.check_size` before each operation on tensors of dynamic size whose
    sizes have to fit each other: linalg operations, `tensor.cast`, `concat`, `pad`,
    `extract_slice`, `insert_slice`, `expand_shape`, `extract` and `insert`. Sizes are written in
    terms of the function's arguments where upstream's patterns can; checks that
    hold by then, and those made before, are left out. Operations inside of
    loops that run in parallel are not checked.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::lowbit::LowbitDialect",
                           "::mlir::tensor::TensorDialect"];
}

def KeepUnreadInits : Pass<"lowbit-keep-unread-inits", "::mlir::func::FuncOp"> {
  let summary = "a reduction over nothing gives its init";
  let description = [{
    Upstream gives no content to an init that no body reads. Where a linalg
    operation reduces over a loop that is empty, or may be when it runs, its
    result is the init all the same; so the body gets a read of it.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect"];
}

def PrivatizeInits
    : Pass<"lowbit-privatize-inits", "::mlir::func::FuncOp"> {
  let summary = "each operation gets an init of its own";
  let description = [{
    Copies `tensor.empty`, and `linalg.fill` of it, before each operation that
    writes into it. CSE merges them; bufferization would then copy a filled
    buffer for every operation but the last.
  }];
}

def PrivatizeResults
    : Pass<"lowbit-privatize-results", "::mlir::func::FuncOp"> {
  let summary = "each result of the model gets memory of its own";
  let description = [{
    A result that is an argument, a constant, a view of another value or a
    value that is returned twice is copied: the caller frees each result.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def ReuseInputs : Pass<"lowbit-reuse-inputs", "::mlir::func::FuncOp"> {
  let summary = "elementwise operations write over an input that dies there";
  let description = [{
    The init of an elementwise operation is replaced by an input of the same
    type and map that nothing else reads, so that bufferization gives both one
    buffer: less memory, and the data stays in the cache.
  }];
}

def Bufferize : Pass<"lowbit-bufferize", "::mlir::ModuleOp"> {
  let summary = "tensors become buffers, copies become linalg.copy";
  let description = [{
    One-shot bufferization across function borders, where every buffer has the
    identity layout. Copies are `linalg.copy`, which code generation
    vectorizes, instead of calls of a byte-wise runtime function.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def InsertMarks : Pass<"lowbit-insert-marks", "::mlir::func::FuncOp"> {
  let summary = "a mark before each step, for profiling";
  let description = [{
    Puts `lowbit.mark` before each linalg operation on buffers and before the
    return. The mark's name is the operation's name and `lowbit.id`, or its
    location where it has none.
  }];
}

def LowerRuntimeCalls
    : Pass<"lowbit-lower-runtime-calls", "::mlir::ModuleOp"> {
  let summary = "taps and range checks become calls of the runtime";
  let description = [{
    `lowbit.tap`, `lowbit.check_range` and `lowbit.mark` on buffers become calls
    that name their site by number; the module attribute `lowbit.sites` has the text of
    each number.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def DropUnusedParameters
    : Pass<"lowbit-drop-unused-parameters", "::mlir::ModuleOp"> {
  let summary = "removes parameter arguments that nothing reads";
  let description = [{
    A weight that is read packed leaves the argument of the plain weight
    without a use.
  }];
}

def ExpandContractions
    : Pass<"lowbit-expand-contractions", "::mlir::ModuleOp"> {
  let summary = "contractions on buffers become register-tiled vector loops";
  let description = [{
    Expands linalg contractions and convolutions on memrefs (i8 x i8 -> i32 and
    f32) into scf and vector code around the target's dot product, K as a nest
    of contiguous segments. The right-hand side is read packed: a parameter is
    packed once, by the program that loads it (the argument says how in
    `lowbit.packing`); anything else is packed on the fly.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect"];
  let options = [
    Option<"isa", "isa", "std::string", "\"auto\"",
           "dot product to use: auto (ask the host), avx512-vnni, avx-vnni, "
           "avx2, portable">];
}

def VectorizeGenerics
    : Pass<"lowbit-vectorize-generics", "::mlir::func::FuncOp"> {
  let summary = "elementwise operations and reductions on buffers become "
                "vector loops";
  let description = [{
    Expands `linalg.generic`, `fill`, `copy`, `transpose`, pooling and float
    contractions on memrefs into scf loops whose innermost one is over vectors of
    16 lanes, on every target. A float reduction has the order that
    docs/numerics-float.md defines: fused multiply-adds, a tree of lanes, or one
    after the other.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ExpandMath : Pass<"lowbit-expand-math", "::mlir::func::FuncOp"> {
  let summary = "math functions on f32 become fixed polynomials";
  let description = [{
    exp, expm1, log, log1p, tanh, erf, sin, cos, powf and rsqrt, on scalars and
    vectors alike, become arith and fused multiply-adds: no call of libm at run
    time, and the same bits on every target. The formulas are in
    lowbit/Numerics/MathPolynomials.h, which plain C++ can use too. f16 and bf16
    compute in f32, and what rounds to bf16 becomes integer operations, for
    processors that do it make subnormals 0. maxnumf and minnumf become maximumf
    and minimumf. A function without a formula, such as `math.exp` of f64, is an
    error.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // LOWBIT_CODEGEN_PASSES_TD
