//===- Rows.h - scales for each row of an activation ------------*- C++ -*-===//
//
// A row is what one result of a contraction sums over, as the features of a
// token: the elements that differ in the dimensions that its readers sum over.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_ROWS_H
#define LOWBIT_LIB_SELECT_ROWS_H

#include "lowbit/Select/Settings.h"

namespace lowbit {

/// One scale for each row of the value: 1 in `block` for the dimensions that
/// tell rows apart, the others whole. One scale for the tensor where it is one
/// row, and where its readers leave none; then `why` says so.
GranularityAttr rowGranularity(ObservedValue &value, std::string &why);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_ROWS_H
