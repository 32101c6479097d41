//===- TableText.h - reading each kind of table -----------------*- C++ -*-===//
//
// The readers of the formats that CalibrationTable::parse takes. Each gets JSON
// that was parsed and complains about the first thing that is wrong.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_TABLE_TABLETEXT_H
#define LOWBIT_LIB_TABLE_TABLETEXT_H

#include "JsonReader.h"
#include "lowbit/Table/CalibrationTable.h"

namespace lowbit {

CalibrationTable readOwnTable(const llvm::json::Value &json,
                              JsonComplaint &complaint);
CalibrationTable readAimetEncodings(const llvm::json::Value &json,
                                    JsonComplaint &complaint);
CalibrationTable readOnnxRuntimeRanges(const llvm::json::Value &json,
                                       JsonComplaint &complaint);

/// `1 value`, `3 values`: with an s from two on.
std::string counted(size_t count, llvm::StringRef noun);

} // namespace lowbit

#endif // LOWBIT_LIB_TABLE_TABLETEXT_H
