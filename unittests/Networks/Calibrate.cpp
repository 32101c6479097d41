//===- Calibrate.cpp - a calibration table without a child process --------===//
//
// In: a module with observers, and data. Out: the statistics of what they see
// in the interpreter, as `quant-run --observe` writes them of compiled code.
//
//===----------------------------------------------------------------------===//
#include "CheckNetwork.h"

#include "lowbit/Analysis/Fingerprint.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Interpreter/Interpreter.h"
#include "lowbit/Run/Program.h"
#include "lowbit/Run/Samples.h"
#include "lowbit/Run/Statistics.h"

using namespace mlir;
using namespace lowbit;

/// Runs one sample.
static llvm::Error observeSample(func::FuncOp main,
                                 interpreter::Interpreter &interpreter,
                                 const Feed &feed, Statistics &statistics) {
  std::vector<interpreter::Tensor> tensors;
  for (auto [array, type] :
       llvm::zip_equal(feed.arrays, main.getArgumentTypes()))
    tensors.push_back(interpreter::Tensor::view(getElementTypeOrSelf(type),
                                                array.shape, array.bytes()));
  llvm::Error failure = llvm::Error::success();
  interpreter::Hooks hooks;
  hooks.onObserve = [&](StringRef id, const interpreter::Tensor &tensor) {
    if (!failure && statistics.table.values.count(id.str()))
      failure = statistics.add(
          {id, DType::F32, tensor.shape(), tensor.bytes().data()});
  };
  if (failed(interpreter.run(main.getName(), tensors, hooks)) && !failure)
    failure = reported();
  if (failure)
    return failure;
  return statistics.finishSample(hashSample(feed.arrays));
}

llvm::Error networks::calibrate(ModuleOp observed, StringRef data,
                                StringRef tablePath) {
  FailureOr<std::string> fingerprint = fingerprintModel(observed);
  FailureOr<func::FuncOp> main = findMain(observed);
  if (failed(fingerprint) || failed(main))
    return reported();
  auto statistics = Statistics::create(*main, *fingerprint, nullptr);
  if (!statistics)
    return statistics.takeError();
  auto signature = getSignature(*main);
  if (!signature)
    return signature.takeError();
  auto samples = Samples::open(*signature, data);
  if (!samples)
    return samples.takeError();
  interpreter::Interpreter interpreter(observed);
  while (true) {
    auto feed = (*samples)->next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      return statistics->table.write(tablePath);
    if (llvm::Error error =
            observeSample(*main, interpreter, **feed, *statistics))
      return error;
  }
}
