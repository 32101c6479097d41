//===- AtomicFile.h - Whole files or none ------------------------*- C++
//-*-===//
//
// In: a path and a function that writes the bytes. Out: the complete file at
// that path. The bytes go to a temporary file in the same folder, which takes
// the name only when all of them are on it; on any failure, and on a signal, it
// is removed and a file that was at the path before stays as it was.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_STORE_ATOMICFILE_H
#define LOWBIT_STORE_ATOMICFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace lowbit {

llvm::Error
writeFileAtomically(llvm::StringRef path,
                    llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);

} // namespace lowbit

#endif // LOWBIT_STORE_ATOMICFILE_H
