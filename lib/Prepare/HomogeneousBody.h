//===- HomogeneousBody.h - whether a body keeps a factor --------*- C++ -*-===//
//
// f(s x) = s f(x) for s > 0, for the body of a linalg operation.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_HOMOGENEOUSBODY_H
#define LOWBIT_LIB_PREPARE_HOMOGENEOUSBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <string>

namespace lowbit {

struct HomogeneousBody {
  /// Operands, constants all, that have to be scaled with those that are.
  llvm::SmallVector<mlir::OpOperand *> constants;
};

/// Looks at the body of `op`, whose operands for which `isScaled` holds carry
/// the factor. None, with the reason, where the result does not.
std::optional<HomogeneousBody>
matchHomogeneousBody(mlir::linalg::LinalgOp op,
                     llvm::function_ref<bool(mlir::OpOperand &)> isScaled,
                     std::string &reason);

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_HOMOGENEOUSBODY_H
