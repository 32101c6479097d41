//===- IndexInputs.h - inputs that must stay small --------------*- C++ -*-===//
//
// Which inputs of a model choose elements or sizes (token ids, positions), so
// that not every integer is a valid one.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_INDEXINPUTS_H
#define LOWBIT_RUN_INDEXINPUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {
/// Whether the argument's integers, or what integer operations make of them,
/// become an `index` or are checked by lowbit.check_range. Comparisons end the
/// way: of what they give, 0 and 1, every input is as good as another.
bool isUsedAsIndex(mlir::BlockArgument argument);
} // namespace lowbit

#endif // LOWBIT_RUN_INDEXINPUTS_H
