//===- TokenMutator.h - changes to our part of a module ---------*- C++ -*-===//
//
// Changes the text of a module where it is the dialect's own: an operation or
// attribute that begins with `lowbit.`, to the end of its line, and what is
// between the angle brackets of `!lowbit.<type>` and `#lowbit.<attribute>`.
// Everything else stays, so that what is found is in our parsers and verifiers.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_FUZZ_TOKENMUTATOR_H
#define LOWBIT_FUZZ_TOKENMUTATOR_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <random>
#include <string>
#include <vector>

namespace lowbit::fuzz {

/// A stretch of a text.
struct Span {
  size_t begin, end;
};

/// The stretches that are the dialect's own.
std::vector<Span> ownSpans(llvm::StringRef text);

/// Words, numbers, strings and punctuation, spaces left out.
std::vector<llvm::StringRef> tokenize(llvm::StringRef text);

class TokenMutator {
public:
  /// Changes one stretch of `text`, by one step or a few.
  std::string mutate(llvm::StringRef text, unsigned seed);
  /// Puts a stretch of `other` in the place of one of `text`.
  std::string cross(llvm::StringRef text, llvm::StringRef other, unsigned seed);

private:
  std::string change(llvm::StringRef span, std::mt19937 &random);
  std::string sameKind(llvm::StringRef token, std::mt19937 &random) const;
  void learn(llvm::StringRef text);
  llvm::StringRef anyToken(std::mt19937 &random) const;

  /// Tokens of all texts seen.
  llvm::StringSet<> known;
  std::vector<llvm::StringRef> pool;
};

} // namespace lowbit::fuzz

#endif // LOWBIT_FUZZ_TOKENMUTATOR_H
