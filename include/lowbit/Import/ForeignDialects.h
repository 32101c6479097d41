//===- ForeignDialects.h - what to do about other dialects ------*- C++ -*-===//
//
// A module of a dialect that is not here cannot even be parsed; MLIR's error
// names the dialect, and this says which tool makes linalg of it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_FOREIGNDIALECTS_H
#define LOWBIT_IMPORT_FOREIGNDIALECTS_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace lowbit {

/// A sentence for the first known foreign dialect that the bytes of a module,
/// text or bytecode, mention; empty where there is none.
std::string adviseOnDialects(llvm::StringRef module);

} // namespace lowbit

#endif // LOWBIT_IMPORT_FOREIGNDIALECTS_H
