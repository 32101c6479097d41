//===- Harness.h - runs a contraction and its plain meaning -----*- C++ -*-===//
//
// A kernel is MLIR text with one function @main on buffers, that holds one
// contraction and perhaps the fill that it starts from. It is expanded for an
// ISA, lowered, compiled for this machine and run. The expected result comes
// from interpreting the operation as written: loops in its own order, i32 that
// wraps, f32 by fma.
//
// Every buffer, and every allocation of the compiled code, ends at a page that
// cannot be touched and is full of garbage: reading past an end is a crash, and
// what was never written shows.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_CODEGEN_CONTRACTION_HARNESS_H
#define LOWBIT_UNITTESTS_CODEGEN_CONTRACTION_HARNESS_H

#include "lowbit/Codegen/CPU/TargetISA.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

namespace lowbit::test {

/// What a test of kernels runs for: each ISA of this machine, i8 and f32.
struct Variant {
  TargetISA isa;
  bool isFloat;
};
std::vector<Variant> variants();
std::string variantName(const testing::TestParamInfo<Variant> &info);

/// `bytes` bytes that end at a page that cannot be touched.
void *guardedAllocate(size_t bytes);
void guardedFree(void *bytes);

/// An argument of @main: i8, i32 or f32 elements at an offset and strides.
class Buffer {
public:
  Buffer(size_t elementBytes, std::vector<int64_t> sizes,
         std::vector<int64_t> strides = {}, int64_t offset = 0);
  ~Buffer();
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  std::vector<int64_t> sizes, strides;
  int64_t offset;
  size_t elementBytes, elements;
  char *data;

  /// The memref descriptor: pointers, offset, sizes, strides.
  std::vector<int64_t> descriptor() const;
  int64_t at(llvm::ArrayRef<int64_t> indices) const;
};

enum class Fill { Random, Lowest, LowestAndHighest };

class Kernel {
public:
  /// Expands for `isa` and compiles; on failure `error` is set. `guarded`: the
  /// compiled code allocates by guardedAllocate, which is slow.
  Kernel(const std::string &text, TargetISA isa, bool guarded = true);

  std::string error;
  /// Operations named `linalg.*` that the expansion left.
  int left = 0;
  /// Arguments that the expansion added for packed parameters.
  int packedArguments = 0;

  /// Runs on random data of these shapes (sizes of A, B, C; row-major) and
  /// returns the number of elements of C that differ from what is expected.
  int64_t mismatches(std::vector<std::vector<int64_t>> sizes, unsigned seed = 1,
                     Fill fill = Fill::Random);
  int64_t mismatches(llvm::ArrayRef<Buffer *> buffers, unsigned seed,
                     Fill fill);
  /// Runs the compiled code only.
  void run(llvm::ArrayRef<Buffer *> buffers);
  /// Packs the parameters among the buffers; run() does it when it was not
  /// done.
  void pack(llvm::ArrayRef<Buffer *> buffers);

private:
  void interpret(llvm::ArrayRef<Buffer *> buffers);

  mlir::OwningOpRef<mlir::ModuleOp> original, lowered;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  /// For each added argument: the argument it packs, and how.
  std::vector<std::pair<unsigned, mlir::DictionaryAttr>> packings;
  std::vector<std::unique_ptr<Buffer>> packed;
};

/// Lowers all that is left to the LLVM dialect and compiles for this machine.
std::unique_ptr<mlir::ExecutionEngine> compile(mlir::ModuleOp module,
                                               std::string &error);

/// The ISAs that this machine can execute.
std::vector<TargetISA> runnableISAs();

mlir::MLIRContext &sharedContext();

} // namespace lowbit::test

#endif // LOWBIT_UNITTESTS_CODEGEN_CONTRACTION_HARNESS_H
