//===- Parameters.h - packed arguments for parameters -----------*- C++ -*-===//
#ifndef LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_PARAMETERS_H
#define LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_PARAMETERS_H

#include "Contraction.h"

namespace lowbit {

/// The packed arguments that have been added, so that equal ones are shared.
class PackedParameters {
public:
  /// The packed argument for B, a new one or one that was added before; null
  /// when B is not a parameter.
  mlir::Value find(KernelBuilder &b, const Match &match, const Nest &nest,
                   const DotProduct &dot, const Panels &panels);

private:
  /// By function, parameter and packing.
  llvm::DenseMap<
      std::pair<mlir::Operation *, std::pair<mlir::Attribute, mlir::Attribute>>,
      mlir::Value>
      known;
};

} // namespace lowbit

#endif // LOWBIT_LIB_CODEGEN_CPU_CONTRACTION_PARAMETERS_H
