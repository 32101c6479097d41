//===- Samples.cpp - one sample after another -----------------------------===//
//
// In: data for a model, or the word random. Out: samples. Refused: what
// DataSource refuses.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Samples.h"
#include "lowbit/Run/RandomInputs.h"

using namespace lowbit;

llvm::Expected<std::unique_ptr<Samples>>
Samples::open(Signature signature, llvm::StringRef inputs) {
  std::unique_ptr<Samples> samples(new Samples());
  samples->signature = std::move(signature);
  if (inputs == "random")
    return samples;
  DataOptions options;
  options.maxBatch = 1;
  auto source =
      DataSource::open(inputs, samples->signature.inputs, options);
  if (!source)
    return source.takeError();
  samples->source = std::move(*source);
  return samples;
}

llvm::Expected<std::optional<Feed>> Samples::next() {
  if (source)
    return source->next();
  if (position == kRandomSamples)
    return std::nullopt;
  auto arrays = makeRandomInputs(signature, position);
  if (!arrays)
    return arrays.takeError();
  return Feed{std::move(*arrays), "random", position++, 1};
}

void Samples::rewind() {
  position = 0;
  if (source)
    source->rewind();
}

int64_t Samples::count() const {
  return source ? source->feedCount() : kRandomSamples;
}

llvm::Expected<HeldOut> Samples::chooseHeldOut(unsigned most) {
  HeldOut heldOut(most);
  rewind();
  while (true) {
    auto feed = next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      break;
    heldOut.show(hashSample((*feed)->arrays));
  }
  heldOut.choose();
  rewind();
  return heldOut;
}
