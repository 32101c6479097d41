//===- Borders.h - which values stay integers between operations -*- C++
//-*-===//
//
// A float value that one elementwise operation reads is computed in registers.
// Others go through memory; where what reads them can work on integers, they
// go as integers. These are the borders.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_ANALYSIS_BORDERS_H
#define LOWBIT_ANALYSIS_BORDERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {

/// A value that `readers`, uses of it, take quantized.
struct Border {
  mlir::Value value;
  llvm::SmallVector<mlir::OpOperand *> readers;
  /// Additions and the like, whose errors add up, read it; other readers are
  /// pooling and chains that become tables.
  bool isWide = false;
};

struct BorderPlan {
  llvm::SmallVector<Border> borders;
  /// Operations with an f32 result that read no border, with the reason.
  llvm::SmallVector<std::pair<mlir::Operation *, std::string>> floats;
};

/// For the float contract, with observers or without. Contractions with
/// `lowbit.float_reason` count as float.
BorderPlan planBorders(mlir::func::FuncOp main);

} // namespace lowbit

#endif // LOWBIT_ANALYSIS_BORDERS_H
