//===- AttachWeights.cpp - parameters against the store -------------------===//
//
// In: a module whose parameters lie in a store. Out: the same module. Refused:
// a store that cannot be read, and parameters that are missing from it or have
// another element type or shape; all of them in one error.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Import/Passes.h"

#include "lowbit/Store/NearestName.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_ATTACHWEIGHTS
#include "lowbit/Import/Passes.h.inc"
} // namespace lowbit

/// What is wrong with the parameter; empty when nothing is.
static std::string findMismatch(ParameterOp parameter, SafetensorsFile &file) {
  std::string name = ("'" + parameter.getSymName() + "'").str();
  if (!file.contains(parameter.getSymName()))
    return name + " is not in the store" +
           suggestNames(parameter.getSymName(), file.names());
  auto view = file.find(parameter.getSymName());
  if (!view)
    return llvm::toString(view.takeError());
  auto type = cast<ShapedType>(parameter.getType());
  std::string found = (dtypeName(view->dtype) + " ").str() + //
                      shapeString(view->shape);
  auto dtype = dtypeOf(type.getElementType());
  if (!dtype)
    return name + " has an element type that stores do not hold";
  if (view->dtype == *dtype && view->shape == type.getShape())
    return "";
  return name + " is " + dtypeName(*dtype).str() + " " +
         shapeString(type.getShape()) + " in the module and " + found +
         " in the store";
}

namespace {
struct AttachWeights : lowbit::impl::AttachWeightsBase<AttachWeights> {
  void runOnOperation() override {
    SmallVector<ParameterOp> parameters;
    for (auto parameter : getOperation().getOps<ParameterOp>())
      if (!parameter.getValueAttr())
        parameters.push_back(parameter);
    numParameters += parameters.size();
    markAllAnalysesPreserved();
    if (parameters.empty())
      return;
    ParameterReader reader(getOperation());
    auto file = reader.store(parameters.front());
    if (failed(file))
      return signalPassFailure();

    SmallVector<std::pair<Location, std::string>> mismatches;
    for (ParameterOp parameter : parameters)
      if (std::string text = findMismatch(parameter, **file); !text.empty())
        mismatches.emplace_back(parameter.getLoc(), std::move(text));
    if (mismatches.empty())
      return;
    InFlightDiagnostic error =
        getOperation().emitError()
        << mismatches.size() << " of " << parameters.size()
        << " parameters do not match the store '" << (*file)->path() << "'";
    for (auto &[loc, text] : mismatches)
      error.attachNote(loc) << text;
    signalPassFailure();
  }
};
} // namespace
