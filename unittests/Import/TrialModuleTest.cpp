//===- TrialModuleTest.cpp - trials leave nothing behind ------------------===//
#include "lowbit/Import/TrialModule.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace lowbit;

namespace {
class TrialModuleTest : public testing::Test {
protected:
  /// Adds a parameter w, or w with a number; its bytes.
  DenseResourceElementsHandle addParameter(ModuleOp module) {
    OpBuilder builder(&context);
    builder.setInsertionPointToEnd(module.getBody());
    std::vector<float> values{1, 2, 3};
    Value value = ConstantBuilder(module).createParameter(
        builder, module.getLoc(), "w",
        RankedTensorType::get({3}, builder.getF32Type()),
        ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(float)));
    auto parameter = module.lookupSymbol<ParameterOp>(
        value.getDefiningOp<GetParameterOp>().getParameter());
    return cast<DenseResourceElementsAttr>(parameter.getValueAttr())
        .getRawHandle();
  }

  static size_t bytesOf(DenseResourceElementsHandle handle) {
    AsmResourceBlob *blob = handle.getBlob();
    return blob ? blob->getData().size() : 0;
  }

  static constexpr size_t kBytes = 3 * sizeof(float);
  MLIRContext context;
  LowbitDialect *dialect = context.getOrLoadDialect<LowbitDialect>();
  OwningOpRef<ModuleOp> original = ModuleOp::create(UnknownLoc::get(&context));
  DenseResourceElementsHandle shared = addParameter(*original);
};

TEST_F(TrialModuleTest, FreesWhatOnlyTheCopyHas) {
  std::optional<TrialModule> trial(std::in_place, *original);
  DenseResourceElementsHandle own = addParameter(**trial);
  EXPECT_EQ(bytesOf(own), kBytes);
  trial.reset();
  EXPECT_EQ(bytesOf(own), 0u);
  EXPECT_EQ(bytesOf(shared), kBytes);
}

TEST_F(TrialModuleTest, FreesWhatHasTheNameOfALaterParameter) {
  std::optional<TrialModule> trial(std::in_place, *original);
  DenseResourceElementsHandle own = addParameter(**trial),
                              later = addParameter(*original);
  trial.reset();
  EXPECT_EQ(bytesOf(own), 0u);
  EXPECT_EQ(bytesOf(later), kBytes);
}
} // namespace
