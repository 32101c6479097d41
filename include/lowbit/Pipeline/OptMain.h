//===- OptMain.h - the driver of quant-opt ----------------------*- C++ -*-===//
//
// mlir-opt's driver with stores and atomic output.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PIPELINE_OPTMAIN_H
#define LOWBIT_PIPELINE_OPTMAIN_H

#include "mlir/IR/DialectRegistry.h"

namespace lowbit {

/// Parses the command line, runs the passes, writes the output. Returns the
/// exit status: 0, or 1 after one diagnostic; wrong usage of an option exits.
///
/// `--compile-to=<phase>` is short for that option of --quantize-ptq.
int optMain(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace lowbit

#endif // LOWBIT_PIPELINE_OPTMAIN_H
