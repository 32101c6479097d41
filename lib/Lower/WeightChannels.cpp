//===- WeightChannels.cpp - the weights of each sum -----------------------===//
//
// A channel's number counts the indices of the loops that are kept, row-major.
//
//===----------------------------------------------------------------------===//
#include "WeightChannels.h"

using namespace mlir;
using namespace lowbit;

std::optional<WeightChannels> WeightChannels::get(AffineMap map,
                                                  ArrayRef<unsigned> reduction,
                                                  ArrayRef<int64_t> shape) {
  WeightChannels channels;
  channels.shape.assign(shape.begin(), shape.end());
  channels.strides.assign(shape.size(), 0);
  SmallVector<int64_t> keptDims;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return std::nullopt;
    if (llvm::is_contained(reduction, dim.getPosition()))
      continue;
    channels.loops.push_back(dim.getPosition());
    channels.extents.push_back(shape[i]);
    keptDims.push_back(i);
  }
  for (int64_t dim : llvm::reverse(keptDims)) {
    channels.strides[dim] = channels.count;
    channels.count *= shape[dim];
  }
  return channels;
}

void WeightChannels::forEach(
    ArrayRef<int8_t> values,
    llvm::function_ref<void(int64_t, int8_t)> visit) const {
  SmallVector<int64_t> index(shape.size(), 0);
  int64_t channel = 0;
  for (int8_t value : values) {
    visit(channel, value);
    for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
      channel += strides[d];
      if (++index[d] < shape[d])
        break;
      channel -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

std::vector<ChannelWeights> WeightChannels::collect(ArrayRef<int8_t> values,
                                                    int64_t zeroPoint) const {
  std::vector<ChannelWeights> weights(count, ChannelWeights(zeroPoint));
  forEach(values,
          [&](int64_t channel, int8_t value) { weights[channel].add(value); });
  return weights;
}
