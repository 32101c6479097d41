//===- Changes.cpp - what would make an operation integer -----------------===//
//
// In: an operation that stays float and the reason. Out: the words to type, or
// that nothing in this version does. What another choice of the user's would
// change is told from the reasons that phases 2 to 6 give; parameters that the
// model chose itself, no option changes.
//
//===----------------------------------------------------------------------===//
#include "Account.h"

#include "lowbit/Import/Contractions.h"

using namespace mlir;
using namespace lowbit;

/// A regular expression for the one name; what would need escapes, or end the
/// word, stands for itself as any character.
static std::string patternOf(StringRef name) {
  std::string pattern = "^";
  for (char c : name)
    pattern +=
        llvm::isAlnum(c) || StringRef("_-/:%@,#~=").contains(c) ? c : '.';
  return pattern + "$";
}

static std::string rule(const InputOperation &operation, StringRef choice) {
  return ("--rule \"name=" + patternOf(operation.id) + " " + choice + "\"")
      .str();
}

static constexpr StringLiteral kNothing = "nothing in this version";

std::string lowbit::findChange(const InputOperation &operation,
                               StringRef reason, const Account &account) {
  if (!account.settings.isLowered)
    return "compile-to=lower, or leave compile-to out";
  if (reason.starts_with(kKeptFloat))
    return rule(operation, "keep=none");
  // Rules reach values that phase 3 chose the format of.
  if (!operation.reads.empty()) {
    if (reason.starts_with("operands with blocks"))
      return rule(operation, "role=weight granularity=channel");
    if (reason.starts_with("operands of ") && reason.contains(" bits "))
      return rule(operation, "format=i8");
    if (reason.starts_with("zero points that differ along a channel"))
      return rule(operation, "role=weight symmetry=narrow");
    if (reason.starts_with("the scales run along a dimension"))
      return rule(operation, "role=weight granularity=tensor");
  }
  if (operation.kind == InputOperation::Contraction ||
      account.settings.mode == "integer-only")
    return kNothing.str();
  return "--mode integer-only with --calibration-data, which computes all "
         "between inputs and outputs on integers";
}
