//===- ImportModule.h - modules of others -----------------------*- C++ -*-===//
//
// The door that every module comes in by, whichever command reads it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CONVERT_IMPORTMODULE_H
#define LOWBIT_CONVERT_IMPORTMODULE_H

#include "mlir/Pass/PassManager.h"

namespace lowbit {

/// Appends what brings a linalg or TOSA module to the forms of the float
/// contract. A module that has them, and those of later phases, stay as they
/// are.
void buildImportPipeline(mlir::OpPassManager &pm);

} // namespace lowbit

#endif // LOWBIT_CONVERT_IMPORTMODULE_H
