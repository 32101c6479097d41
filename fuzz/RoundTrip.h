//===- RoundTrip.h - what holds for every module ----------------*- C++ -*-===//
//
// The property that the fuzzers check.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_FUZZ_ROUNDTRIP_H
#define LOWBIT_FUZZ_ROUNDTRIP_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace lowbit::fuzz {

/// Reads a module, as text or bytecode. It is refused with a diagnostic, or it
/// verifies. Then its text and its bytecode, read again, give the same text,
/// and its text and its generic form the same module. Aborts when that does not
/// hold.
void checkRoundTrip(llvm::StringRef input);

/// The bytecode of a module; none when it is refused.
std::optional<std::string> toBytecode(llvm::StringRef input);

} // namespace lowbit::fuzz

#endif // LOWBIT_FUZZ_ROUNDTRIP_H
