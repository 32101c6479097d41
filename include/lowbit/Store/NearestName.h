//===- NearestName.h - "did you mean" for unknown names ----------*- C++
//-*-===//
//
// In: a name that was not found and the names that exist. Out: the end of a
// message that names the nearest ones.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_STORE_NEARESTNAME_H
#define LOWBIT_STORE_NEARESTNAME_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace lowbit {

/// At most `limit` of `names`, nearest first by edit distance (equal distances
/// by name), without those that have little in common with `name`.
std::vector<llvm::StringRef> nearestNames(llvm::StringRef name,
                                          llvm::ArrayRef<std::string> names,
                                          unsigned limit = 3);

/// `'a', 'b' and 3 more`, or `none` of an empty list.
std::string quotedList(llvm::ArrayRef<std::string> names, unsigned limit = 8);

/// `; did you mean 'a' or 'b'?`, or `; it holds 'x', 'y'` when none is near.
/// `holder` is the subject of that second form.
std::string suggestNames(llvm::StringRef name,
                         llvm::ArrayRef<std::string> names,
                         llvm::StringRef holder = "it holds");

} // namespace lowbit

#endif // LOWBIT_STORE_NEARESTNAME_H
