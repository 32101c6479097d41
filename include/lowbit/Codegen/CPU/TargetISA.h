//===- TargetISA.h - which dot product the CPU has --------------*- C++ -*-===//
//
// The names that the option `isa` takes, and what the host can execute. Every
// ISA computes the same integers and the same floats, bit for bit: they differ
// in speed only.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_TARGETISA_H
#define LOWBIT_CODEGEN_CPU_TARGETISA_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace lowbit {

enum class TargetISA {
  AVX512VNNI, ///< 512-bit vpdpbusd and fma
  AVXVNNI,    ///< 256-bit vpdpbusd (VEX, or EVEX with AVX512VL) and fma
  AVX2,       ///< vpmaddwd on bytes widened to 16 bits (exact), 256-bit fma
  Portable,   ///< plain vector arithmetic on 16 lanes
};

/// The name that the option takes: "avx512-vnni", "avx-vnni", "avx2",
/// "portable".
llvm::StringRef isaName(TargetISA isa);

/// Whether this machine can execute what is generated for `isa`.
bool hostSupports(TargetISA isa);

/// The ISA that `option` names; "auto" is the best one of this machine. An ISA
/// that the host lacks may be named (to look at the assembly). For a name that
/// does not exist `error` is set, and it lists the names that do.
TargetISA resolveISA(llvm::StringRef option, std::string &error);

} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_TARGETISA_H
