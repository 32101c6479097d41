//===- Main.cpp - lowbit-check-networks -----------------------------------===//
//
// Checks a network for each line of standard input,
//
//   FOLDER <tab> ISA <tab> OPTIONS
//
// and answers with a line of JSON (see CheckNetwork.h). It greets with the ISAs
// that this machine has. A crash of compiled code is one of this process:
// whoever writes the lines starts another.
//
//===----------------------------------------------------------------------===//
#include "CheckNetwork.h"

#include "lowbit/Codegen/CPU/TargetISA.h"

#include <iostream>

using namespace lowbit;

static void answer(llvm::json::Object object) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(object));
  std::cout << text << std::endl;
}

int main() {
  llvm::json::Array isas;
  for (TargetISA isa : {TargetISA::Portable, TargetISA::AVX2,
                        TargetISA::AVXVNNI, TargetISA::AVX512VNNI})
    if (hostSupports(isa))
      isas.push_back(isaName(isa));
  answer(llvm::json::Object{{"isas", std::move(isas)}});
  std::string line;
  while (std::getline(std::cin, line)) {
    llvm::SmallVector<llvm::StringRef> words;
    llvm::StringRef(line).split(words, '\t');
    if (words.size() != 3) {
      answer(llvm::json::Object{
          {"result", "failed"},
          {"text", "expected FOLDER, ISA and OPTIONS between tabs"}});
      continue;
    }
    answer(networks::checkNetwork(
        {words[0].str(), words[1].str(), words[2].str()}));
  }
  return 0;
}
