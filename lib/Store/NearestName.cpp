//===- NearestName.cpp - "did you mean" for unknown names -----------------===//
//
// In: a name that was not found and the names that exist. Out: the end of a
// message, with the nearest by edit distance.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/NearestName.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace lowbit;

/// Names longer than this differ in their ends at most; the edit distance takes
/// time in the product of the lengths.
static constexpr size_t kCompared = 200;

std::vector<llvm::StringRef>
lowbit::nearestNames(llvm::StringRef name, llvm::ArrayRef<std::string> names,
                     unsigned limit) {
  // A third of the letters may differ, and two in short names.
  unsigned allowed = std::max<size_t>(2, std::min(name.size(), kCompared) / 3);
  std::vector<std::pair<unsigned, llvm::StringRef>> ranked;
  for (llvm::StringRef candidate : names) {
    unsigned distance = name.take_back(kCompared).edit_distance_insensitive(
        candidate.take_back(kCompared),
        /*AllowReplacements=*/true, allowed);
    if (distance <= allowed && distance < std::max<size_t>(1, name.size()))
      ranked.emplace_back(distance, candidate);
  }
  llvm::sort(ranked);
  std::vector<llvm::StringRef> nearest;
  for (const auto &entry : llvm::ArrayRef(ranked).take_front(limit))
    nearest.push_back(entry.second);
  return nearest;
}

std::string lowbit::quotedList(llvm::ArrayRef<std::string> names,
                               unsigned limit) {
  if (names.empty())
    return "none";
  std::string text;
  size_t shown = std::min<size_t>(names.size(), limit);
  for (size_t i = 0; i < shown; ++i)
    text += (i ? ", '" : "'") + names[i] + "'";
  if (shown < names.size())
    text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

std::string lowbit::suggestNames(llvm::StringRef name,
                                 llvm::ArrayRef<std::string> names,
                                 llvm::StringRef holder) {
  std::vector<llvm::StringRef> nearest = nearestNames(name, names);
  if (nearest.empty())
    return "; " + holder.str() + " " + quotedList(names);
  std::string text = "; did you mean ";
  for (size_t i = 0; i < nearest.size(); ++i) {
    if (i)
      text += i + 1 == nearest.size() ? " or " : ", ";
    text += "'" + nearest[i].str() + "'";
  }
  return text + "?";
}
