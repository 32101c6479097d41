//===- CheckNetwork.h - one network, quantized and run ----------*- C++ -*-===//
#ifndef LOWBIT_UNITTESTS_NETWORKS_CHECKNETWORK_H
#define LOWBIT_UNITTESTS_NETWORKS_CHECKNETWORK_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/JSON.h"

namespace lowbit::networks {

struct Request {
  /// Has model.mlir, and the data in the folders `calibration` and `inputs`.
  std::string folder;
  std::string isa;
  /// Of --quantize-ptq. With `none` the network stays float. With
  /// calibration-table=FILE the data is observed, and FILE written, before the
  /// pass that reads it: that saves a process and compiling the float network.
  std::string options;
};

/// Quantizes the network, runs it compiled and interpreted, and compares every
/// byte. `result` is
///   equal    with the number of elements;
///   refused  by the quantization, with its one located error;
///   failed   anything else, which is a mistake somewhere; `text` has it.
llvm::json::Object checkNetwork(const Request &request);

/// Runs a network with observers on data in the interpreter and writes the
/// table of what they saw.
llvm::Error calibrate(mlir::ModuleOp observed, llvm::StringRef data,
                      llvm::StringRef tablePath);

} // namespace lowbit::networks

#endif // LOWBIT_UNITTESTS_NETWORKS_CHECKNETWORK_H
