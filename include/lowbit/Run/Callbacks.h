//===- Callbacks.h - what compiled code calls -------------------*- C++ -*-===//
//
// The C functions behind lowbit.tap, lowbit.check_range, lowbit.check_size and
// lowbit.mark. They report to the run that is going on; one run at a time goes
// on in a thread.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_CALLBACKS_H
#define LOWBIT_RUN_CALLBACKS_H

#include "lowbit/Store/DType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <csetjmp>
#include <functional>
#include <string>

namespace lowbit {
/// A tensor of compiled code, row-major.
struct TappedValue {
  llvm::StringRef id;
  DType dtype;
  llvm::ArrayRef<int64_t> shape;
  const char *data;

  int64_t numElements() const { return *elementCount(shape); }
  template <typename T> llvm::ArrayRef<T> elements() const {
    return {reinterpret_cast<const T *>(data), size_t(numElements())};
  }
};
using TapHandler = std::function<llvm::Error(const TappedValue &)>;
/// Called with the number of the site that was reached.
using MarkHandler = std::function<void(int64_t)>;

/// The state of the run that is going on: set before compiled code is entered.
struct RunState {
  /// Ids and messages of the call sites (module attribute lowbit.sites).
  llvm::ArrayRef<std::string> sites;
  TapHandler onTap;
  MarkHandler onMark;
  /// The first error of a callback; the run fails with it.
  std::string error;
  /// Where a run goes on that a callback ends. What it had allocated is lost.
  std::jmp_buf end;

  /// Makes this the state that callbacks report to, until destroyed.
  void enter();
  ~RunState();
};

/// Name and address of each function, for the JIT's symbol table.
llvm::SmallVector<std::pair<llvm::StringRef, void *>> runtimeFunctions();
} // namespace lowbit

#endif // LOWBIT_RUN_CALLBACKS_H
