//===- TargetISA.cpp - names of ISAs, and what the host has ---------------===//
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using llvm::StringRef;

namespace lowbit {

// Best first: "auto" takes the first one that the host supports.
static constexpr TargetISA allISAs[] = {TargetISA::AVX512VNNI,
                                        TargetISA::AVXVNNI, TargetISA::AVX2,
                                        TargetISA::Portable};

StringRef isaName(TargetISA isa) {
  switch (isa) {
  case TargetISA::AVX512VNNI:
    return "avx512-vnni";
  case TargetISA::AVXVNNI:
    return "avx-vnni";
  case TargetISA::AVX2:
    return "avx2";
  case TargetISA::Portable:
    return "portable";
  }
  return "";
}

bool hostSupports(TargetISA isa) {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto all = [](std::initializer_list<StringRef> names) {
    return llvm::all_of(names, [](StringRef n) { return features.lookup(n); });
  };
  switch (isa) {
  case TargetISA::AVX512VNNI:
    return all({"avx512f", "avx512bw", "avx512vl", "avx512vnni"});
  case TargetISA::AVXVNNI:
    return all({"avx2", "fma"}) &&
           (all({"avxvnni"}) || all({"avx512vl", "avx512vnni"}));
  case TargetISA::AVX2:
    return all({"avx2", "fma"});
  case TargetISA::Portable:
    return true;
  }
  return false;
}

TargetISA resolveISA(StringRef option, std::string &error) {
  error.clear();
  if (option == "auto")
    return *llvm::find_if(allISAs, hostSupports);
  for (TargetISA isa : allISAs)
    if (isaName(isa) == option)
      return isa;
  error = "unknown isa '" + option.str() + "', expected auto";
  for (TargetISA isa : allISAs)
    error += ", " + isaName(isa).str();
  return TargetISA::Portable;
}

} // namespace lowbit
