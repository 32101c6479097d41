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
    Expands `linalg.generic`, `fill`, `copy`, `transpose` and pooling on memrefs
    into scf loops whose innermost one is over vectors of 16 lanes, on every
    target: a reduction then adds in the same order everywhere, 16 lanes and
    then a fixed tree.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // LOWBIT_CODEGEN_PASSES_TD
