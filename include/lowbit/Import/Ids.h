//===- Ids.h - names of values ----------------------------------*- C++ -*-===//
//
// What phase 1 shares about `lowbit.id`: which operations have one, and the
// names of parts where one operation becomes several.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_IDS_H
#define LOWBIT_IMPORT_IDS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringSet.h"

namespace lowbit {

/// True for an operation that makes a value of the source model.
bool isNamedValue(mlir::Operation *op);

/// The name in a location, also where it is fused with others, or of what was
/// inlined; empty where there is none.
llvm::StringRef nameOf(mlir::Location loc);

/// Names that are taken, and new ones beside them.
class IdNames {
public:
  explicit IdNames(mlir::Operation *root);
  /// `name`, or `name#1` and so on where that is taken.
  std::string unique(llvm::StringRef name);
  bool empty() const { return taken.empty(); }

private:
  llvm::StringSet<> taken;
};

/// Gives the last of `made` that makes a value the id, and those before it
/// `<id>/<kind>`. Those that have an id keep it.
void nameParts(llvm::StringRef id, llvm::ArrayRef<mlir::Operation *> made,
               IdNames &names);

} // namespace lowbit

#endif // LOWBIT_IMPORT_IDS_H
