//===- VerifyContractions.cpp - compiled against plain arithmetic ---------===//
//
// A contraction's indexing maps are linear, so each loop moves by a constant
// stride in each operand: that is the reference loop nest.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/VerifyContractions.h"
#include "lowbit/Codegen/CPU/TappedContractions.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Contract.h"

using namespace mlir;

namespace lowbit {
ContractionVerifier::ContractionVerifier(func::FuncOp entry) {
  for (linalg::LinalgOp op : tappedContractions(entry)) {
    Site site;
    auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr);
    site.id = id ? id.str() : "contraction " + std::to_string(sites.size());
    site.maps = op.getIndexingMapsArray();
    sites.push_back(std::move(site));
  }
}

llvm::Error ContractionVerifier::add(const TappedValue &value) {
  auto [number, part] = value.id.split('.');
  size_t index = 0;
  number.getAsInteger(10, index);
  Site &site = sites[index];
  if (part == "acc")
    return check(site, value);
  llvm::ArrayRef<int8_t> elements = value.elements<int8_t>();
  auto &data = part == "lhs" ? site.lhs : site.rhs;
  auto &shape = part == "lhs" ? site.lhsShape : site.rhsShape;
  data.assign(elements.begin(), elements.end());
  shape.assign(value.shape.begin(), value.shape.end());
  return llvm::Error::success();
}

/// The stride of each loop in an operand, in elements.
static SmallVector<int64_t> loopStrides(AffineMap map,
                                        ArrayRef<int64_t> shape) {
  SmallVector<int64_t> unit(map.getNumDims(), 0);
  auto offsetAt = [&](ArrayRef<int64_t> loops) {
    SmallVector<int64_t> index = map.compose(loops);
    int64_t offset = 0;
    for (auto [i, size] : llvm::zip(index, shape))
      offset = offset * size + i;
    return offset;
  };
  int64_t origin = offsetAt(unit);
  SmallVector<int64_t> strides;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim) {
    unit[dim] = 1;
    strides.push_back(offsetAt(unit) - origin);
    unit[dim] = 0;
  }
  return strides;
}

llvm::Error ContractionVerifier::check(const Site &site,
                                       const TappedValue &result) {
  SmallVector<int64_t> extents(site.maps[0].getNumDims(), 0);
  ArrayRef<int64_t> shapes[] = {site.lhsShape, site.rhsShape, result.shape};
  SmallVector<int64_t> strides[3];
  BitVector parallel(extents.size());
  for (int operand = 0; operand < 3; ++operand) {
    strides[operand] = loopStrides(site.maps[operand], shapes[operand]);
    for (auto [expr, size] :
         llvm::zip(site.maps[operand].getResults(), shapes[operand]))
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        extents[dim.getPosition()] = size;
        if (operand == 2)
          parallel.set(dim.getPosition());
      }
  }
  LoopNest nest;
  for (size_t dim = 0; dim < extents.size(); ++dim)
    nest.loops.push_back({extents[dim], strides[0][dim], strides[1][dim],
                          strides[2][dim], !parallel[dim]});
  std::vector<int32_t> expected(result.numElements(), 0);
  auto overflow = referenceContract(
      nest, [&](int64_t at) { return site.lhs[at]; },
      [&](int64_t at) { return site.rhs[at]; }, expected.data());
  if (overflow)
    return llvm::createStringError(
        "contraction '" + Twine(site.id) + "' overflows i32: sum " +
        Twine(overflow->sum) + " at element " + Twine(overflow->offset));
  ArrayRef<int32_t> actual = result.elements<int32_t>();
  int64_t bad = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    bad += expected[i] != actual[i];
  elements += expected.size();
  differing += bad;
  if (bad)
    badIds.push_back(site.id);
  return llvm::Error::success();
}
} // namespace lowbit
