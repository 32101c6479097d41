//===- EvaluateModel.cpp - the loop of quant-run --evaluate ---------------===//
//
// Lines of standard input are requests, lines of standard output answers.
//
//===----------------------------------------------------------------------===//
#include "Loading.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Run/Evaluation.h"

#include "llvm/Support/raw_ostream.h"

#include <iostream>
#include <poll.h>
#include <unistd.h>

using namespace mlir;
using namespace lowbit;

/// False when the other end of standard output is closed.
static bool isRead() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return poll(&output, 1, /*timeout=*/0) <= 0 ||
         !(output.revents & (POLLERR | POLLHUP));
}

/// Knows the padding of the model's outputs.
static llvm::Expected<std::optional<PaddingFilter>>
createFilter(ProbedModel &model, StringRef mask) {
  if (mask.empty())
    return std::nullopt;
  FailureOr<func::FuncOp> main = findMain(model.module());
  if (failed(main))
    return reported();
  FailureOr<PaddingPlan> plan = analyzeOutputPadding(*main, mask);
  if (failed(plan))
    return reported();
  auto input = model.inputOf(plan->argument);
  if (!input)
    return llvm::createStringError("'" + mask +
                                   "' is no input of the model, but has its "
                                   "parameters; it cannot be the mask");
  plan->argument = *input;
  return PaddingFilter(std::move(*plan));
}

llvm::Error lowbit::evaluateModel(MLIRContext &context,
                                  const RunOptions &options, StringRef mask) {
  // Each thread runs a sample of its own.
  RunOptions single = options;
  single.threads = 1;
  auto program = loadAndCompile(context, single);
  if (!program)
    return program.takeError();
  auto model = ProbedModel::create(std::move(*program));
  if (!model)
    return model.takeError();
  auto filter = createFilter(**model, mask);
  if (!filter)
    return filter.takeError();
  auto samples = Samples::open((*model)->signature(), options.inputs);
  if (!samples)
    return samples.takeError();
  auto server =
      EvaluationServer::create(std::move(*model), **samples, options.heldOut,
                               options.threads, *filter ? &**filter : nullptr);
  if (!server)
    return server.takeError();
  llvm::outs() << (*server)->greeting() << "\n";
  llvm::outs().flush();
  std::string line;
  while (isRead() && std::getline(std::cin, line)) {
    if (StringRef(line).trim().empty())
      continue;
    llvm::outs() << (*server)->answer(line, isRead) << "\n";
    llvm::outs().flush();
  }
  return llvm::Error::success();
}
