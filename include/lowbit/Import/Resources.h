//===- Resources.h - whether blobs have their types' size -------*- C++ -*-===//
//
// MLIR keeps the bytes of dense_resource beside the module and does not compare
// them with the type. Refused: bytes of another length, and, where the numbers
// are needed, none.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_RESOURCES_H
#define LOWBIT_IMPORT_RESOURCES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace lowbit {
/// The bytes, which may be missing only when `mustExist` is false; the error is
/// emitted at `user`. Types whose elements have no size that all of MLIR agrees
/// on (other than 1, 2, 4 and 8 bytes) are not measured.
llvm::FailureOr<llvm::ArrayRef<char>>
readResource(mlir::DenseResourceElementsAttr resource, mlir::Operation *user,
             bool mustExist = true);

/// Checks every resource that an operation of `root` names: the first that is
/// wrong is the error.
llvm::LogicalResult verifyResources(mlir::Operation *root, bool mustExist);
} // namespace lowbit

#endif // LOWBIT_IMPORT_RESOURCES_H
