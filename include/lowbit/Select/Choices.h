//===- Choices.h - names of modes and methods -------------------*- C++ -*-===//
//
// The words that options take, and a clear refusal of those that this version
// does not have.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_CHOICES_H
#define LOWBIT_SELECT_CHOICES_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace lowbit {

/// What is wrong with the choice; empty when nothing is.
std::string checkMode(llvm::StringRef mode);
std::string checkMethod(llvm::StringRef method);

} // namespace lowbit

#endif // LOWBIT_SELECT_CHOICES_H
