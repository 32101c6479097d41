//===- Statistics.cpp - what observers saw --------------------------------===//
//
// Streams tapped tensors into count, min and max.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Statistics.h"

#include <cmath>

using namespace lowbit;

llvm::Error Statistics::add(const TappedValue &value) {
  llvm::ArrayRef<float> elements = value.elements<float>();
  Entry &entry = entries[value.id.str()];
  if (elements.empty())
    return llvm::Error::success();
  float min = elements[0], max = elements[0], bad = 0;
  for (float x : elements) {
    min = std::min(min, x);
    max = std::max(max, x);
    // 0 * x is NaN for NaN and for infinities.
    bad += 0 * x;
  }
  if (std::isnan(bad))
    for (size_t i = 0; i < elements.size(); ++i)
      if (!std::isfinite(elements[i]))
        return llvm::createStringError(
            "value '" + llvm::Twine(value.id) + "' is " +
            (std::isnan(elements[i]) ? "NaN" : "infinite") + " at element " +
            llvm::Twine(i) + " of " + shapeString(value.shape) +
            "; its range cannot be calibrated");
  if (entry.count == 0) {
    entry.min = min;
    entry.max = max;
  }
  entry.count += elements.size();
  entry.min = std::min(entry.min, min);
  entry.max = std::max(entry.max, max);
  return llvm::Error::success();
}

llvm::json::Value Statistics::toJSON(int64_t samples) const {
  llvm::json::Array observers;
  for (const auto &[id, entry] : entries)
    observers.push_back(llvm::json::Object{{"id", id},
                                           {"count", entry.count},
                                           {"min", double(entry.min)},
                                           {"max", double(entry.max)}});
  return llvm::json::Object{{"samples", samples},
                            {"observers", std::move(observers)}};
}
