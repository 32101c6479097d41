//===- Choices.cpp - names of modes and methods ---------------------------===//
//
// One list of what there is and one of what is named but not there yet.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Choices.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace lowbit;
using llvm::StringRef;

static std::string check(StringRef what, StringRef word,
                         llvm::ArrayRef<StringRef> available,
                         llvm::ArrayRef<StringRef> later) {
  if (llvm::is_contained(available, word))
    return "";
  bool known = llvm::is_contained(later, word);
  return (known ? what.str() + " '" + word.str() +
                      "' is not available in this version"
                : "unknown " + what.str() + " '" + word.str() + "'") +
         "; available: " + llvm::join(available, ", ");
}

std::string lowbit::checkMode(StringRef mode) {
  return check("mode", mode, {"static", "dynamic"},
               {"integer-only", "weight-only"});
}

std::string lowbit::checkMethod(StringRef method) {
  return check("method", method, {"minmax"},
               {"moving-average", "percentile", "mse", "entropy", "kl",
                "cross-entropy", "auto"});
}
