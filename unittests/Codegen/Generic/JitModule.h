//===- JitModule.h - runs a function on buffers -----------------*- C++ -*-===//
//
// What goes in: MLIR text with a function @f on memrefs of the identity layout
// and, for each argument, a buffer. What comes out: the buffers, after the code
// ran, either through lowbit-vectorize-generics or through
// convert-linalg-to-loops alone.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_UNITTESTS_CODEGEN_GENERIC_JITMODULE_H
#define LOWBIT_UNITTESTS_CODEGEN_GENERIC_JITMODULE_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lowbit::test {

using Shape = std::vector<int64_t>;

/// The elements of one memref, with bytes before and after that nobody may
/// write.
class Buffer {
public:
  /// `element` as in MLIR: f32, i64, i1 and so on.
  Buffer(std::string element, Shape shape);
  /// Small numbers of either sign; integers from 0 to `bound` - 1 if it is set.
  Buffer &fill(unsigned seed, int64_t bound = 0);

  template <typename T> T *as() { return reinterpret_cast<T *>(data()); }
  char *data() { return lines[kGuard].bytes; }
  int64_t size() const;
  const Shape &shape() const { return dims; }
  /// The position of the first byte that differs, guards included, or -1.
  int64_t firstDifference(const Buffer &other) const;

private:
  /// Cache lines, as bufferization aligns its buffers.
  struct alignas(64) Line {
    char bytes[64];
  };
  static constexpr size_t kGuard = 4;
  std::string element;
  Shape dims;
  std::vector<Line> lines;
};

class JitModule {
public:
  /// `taken` says that the pass must leave no linalg; it is checked.
  JitModule(const std::string &text, bool vectorize, bool taken = true);
  void run(std::vector<Buffer> &arguments, int times = 1);

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

/// Runs `text` both ways on equal buffers and expects equal bytes.
void expectSame(const std::string &text, const std::vector<Buffer> &arguments,
                bool taken = true);

/// Every "$key" in `text` replaced.
std::string replaced(std::string text,
                     const std::vector<std::pair<std::string, std::string>> &);

/// Extents around the number of lanes and of accumulators.
const std::vector<int64_t> &oddSizes();

} // namespace lowbit::test

#endif // LOWBIT_UNITTESTS_CODEGEN_GENERIC_JITMODULE_H
