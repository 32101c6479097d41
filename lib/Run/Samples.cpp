//===- Samples.cpp - one sample after another -----------------------------===//
//
// In: data for a model, or the word random. Out: samples. Refused: what
// DataSource refuses.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Samples.h"
#include "lowbit/Run/RandomInputs.h"

using namespace lowbit;

llvm::Expected<std::unique_ptr<Samples>> Samples::open(Signature signature,
                                                       llvm::StringRef inputs) {
  std::unique_ptr<Samples> samples(new Samples());
  samples->signature = std::move(signature);
  if (inputs == "random")
    return samples;
  DataOptions options;
  options.maxBatch = 1;
  auto source = DataSource::open(inputs, samples->signature.inputs, options);
  if (!source)
    return source.takeError();
  samples->source = std::move(*source);
  return samples;
}

llvm::Expected<std::optional<Feed>> Samples::nextOfAll() {
  if (source)
    return source->next();
  if (position == kRandomSamples)
    return std::nullopt;
  auto arrays = makeRandomInputs(signature, position);
  if (!arrays)
    return arrays.takeError();
  return Feed{std::move(*arrays), "random", position++, 1};
}

llvm::Expected<std::optional<Feed>> Samples::next() {
  while (true) {
    auto feed = nextOfAll();
    if (!feed || !*feed || !left || !left->take(hashSample((*feed)->arrays)))
      return feed;
  }
}

llvm::Expected<uint64_t> Samples::skip(int64_t samples) {
  uint64_t hash = 0;
  for (; samples > 0; --samples) {
    auto feed = next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      break;
    hash += hashSample((*feed)->arrays);
  }
  return hash;
}

void Samples::rewind() {
  position = 0;
  if (source)
    source->rewind();
  if (left)
    left->rewind();
}

int64_t Samples::count() const {
  int64_t all = source ? source->feedCount() : kRandomSamples;
  return all - (left ? int64_t(left->size()) : 0);
}

std::string lowbit::nameOf(const Feed &feed) {
  std::string name = feed.file + ", sample" + (feed.samples == 1 ? " " : "s ") +
                     std::to_string(feed.firstSample);
  if (feed.samples > 1)
    name += " to " + std::to_string(feed.firstSample + feed.samples - 1);
  return name;
}

llvm::Error Samples::holdOut(unsigned most) {
  auto chosen = chooseHeldOut(most);
  if (!chosen)
    return chosen.takeError();
  left = std::move(*chosen);
  return llvm::Error::success();
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
