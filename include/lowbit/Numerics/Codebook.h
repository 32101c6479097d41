//===- Codebook.h - The nearest entry of a table ---------------*- C++ -*-===//
//
// In: a value already divided by its scale, a table of 4 to 256 floats in
// ascending order. Out: the index of the nearest entry, the lower one of two
// that are equally near (N26 of docs/numerics.md). Tables that are not finite,
// not ascending or of another size are refused by isLegalCodebook.
//
// Sources: Dettmers et al., "QLoRA", 2023, appendix E (the NF4 values);
// bitsandbytes, dQuantizeNF4 (x > midpoint goes up, so a tie goes down).
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_CODEBOOK_H
#define LOWBIT_NUMERICS_CODEBOOK_H

#include <cstddef>
#include <cstdint>

namespace lowbit {

struct Codebook {
  const float *entries = nullptr;
  /// A code has 2 to 8 bits; there are 2^bits entries.
  unsigned bits = 0;

  size_t size() const { return size_t(1) << bits; }
};

/// NormalFloat4: quantiles of the normal distribution, scaled to [-1, 1].
extern const Codebook kNF4;

/// N26: 2 to 8 bits, every entry finite and above the one before.
bool isLegalCodebook(Codebook table);

/// N26: by exact distance. NaN gives the entry nearest to 0, values outside the
/// table its ends.
uint8_t nearestCode(float x, Codebook table);

/// The entry; bits above the width are ignored.
inline float codebookValue(uint8_t code, Codebook table) {
  return table.entries[code & (table.size() - 1)];
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_CODEBOOK_H
