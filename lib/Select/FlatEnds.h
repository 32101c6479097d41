//===- FlatEnds.h - where what reads a value is flat ------------*- C++ -*-===//
//
// An activation function may not tell apart most of what is below some number
// (gelu, relu, exp) or beyond two (sigmoid, tanh). A range of its input that
// ends there has finer steps and loses nothing.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_FLATENDS_H
#define LOWBIT_LIB_SELECT_FLATENDS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include <optional>

namespace lowbit {

/// The least range within `min` to `max` such that what is computed from the
/// observed value alone, at all numbers beyond it, stays within a quarter of a
/// step (of 8 bits over the range that was observed of it) of one number. None
/// where what reads the value is no function of its elements, or is not
/// observed.
std::optional<std::pair<float, float>> findFlatEnds(ObserveOp border, float min,
                                                    float max);

/// The least and the greatest number that `value`, which is computed from what
/// `source` observes alone, has on the range of that; none where it is not.
std::optional<std::pair<float, float>> findImage(ObserveOp source,
                                                 mlir::Value value);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_FLATENDS_H
