//===- BytecodeMutator.h - changes to our part of bytecode ------*- C++ -*-===//
//
// Changes module bytecode where it is read by code of the dialect: the
// properties of operations, which generated readers take apart, and the text
// of our types and attributes. The structure around them, which is MLIR's own,
// stays.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_FUZZ_BYTECODEMUTATOR_H
#define LOWBIT_FUZZ_BYTECODEMUTATOR_H

#include "TokenMutator.h"

namespace lowbit::fuzz {

bool isBytecode(llvm::StringRef bytes);

/// The stretches that mutateBytecode changes. Empty for bytes that are not
/// well-formed sections.
std::vector<Span> ownBytes(llvm::StringRef bytes);

/// The same length, with one to four bytes of ownBytes changed.
std::string mutateBytecode(llvm::StringRef bytes, unsigned seed);

} // namespace lowbit::fuzz

#endif // LOWBIT_FUZZ_BYTECODEMUTATOR_H
