//===- Main.cpp - lowbit-differential -------------------------------------===//
//
//   lowbit-differential [--outputs N | --cases N] [--seed S] [--processes P]
//                       [FAMILY ...]
//
// Makes random modules and inputs, runs them compiled and interpreted (and the
// fold family after its folds, too), and compares every bit of every output
// (one NaN equals another) until N elements have been compared, or N small
// modules of each family. Prints a line a family, and for a difference the
// command that repeats it. Exit code 1: something differed, or a side refused a
// case; 2: wrong usage.
//
//===----------------------------------------------------------------------===//
#include "Runner.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cinttypes>
#include <map>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llvm;
using namespace lowbit;
using namespace lowbit::differential;

namespace cl = llvm::cl;

namespace {
constexpr Family kFamilies[] = {
    {"quantize", makeQuantizeCase, 300, 3000000, 50},
    {"gradient", makeGradientCase, 300, 400000, 4},
    {"requantize", makeRequantizeCase, 300, 3000000, 27},
    {"fold", makeFoldCase, 300, 3000, 3},
    {"contract", makeContractCase, 200, 60000, 2},
    {"operands", makeOperandsCase, 200, 30000, 1},
    {"lowered", makeLoweredCase, 200, 30000, 1},
    {"float", makeFloatCase, 300, 400000, 10},
    {"model", makeModelCase, 200, 60000, 2}};

/// What a process is at, for a report when it crashes.
struct Position {
  unsigned family;
  uint64_t seed;
};

/// One process of several: every `stride`-th case of each family.
std::map<std::string, Counts> runShare(ArrayRef<const Family *> families,
                                       uint64_t seed, uint64_t outputs,
                                       uint64_t cases, uint64_t first,
                                       uint64_t stride, Position &position) {
  Runner runner;
  std::map<std::string, Counts> all;
  int64_t shares = 0;
  for (const Family *family : families)
    shares += family->share;
  for (const Family *family : families) {
    uint64_t wanted = outputs * family->share / shares / stride;
    Counts &sum = all[family->name];
    uint64_t shown = 0;
    auto goesOn = [&](uint64_t i) {
      return cases ? i < cases : sum.outputs < wanted;
    };
    for (uint64_t i = first; goesOn(i) && sum.differing < 5; i += stride) {
      position = {unsigned(family - kFamilies), seed * 1000003 + i};
      Counts one = runner.run(*family, position.seed, cases != 0);
      sum.add(one);
      uint64_t tenths = cases
                            ? 10 * (i + 1) / cases
                            : 10 * sum.outputs / std::max<uint64_t>(1, wanted);
      if (first == 0 && tenths > shown)
        std::fprintf(stderr, "%s: %" PRIu64 " %%\n", family->name,
                     10 * (shown = std::min<uint64_t>(tenths, 10)));
    }
  }
  return all;
}
} // namespace

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  cl::OptionCategory category("lowbit-differential options");
  cl::opt<uint64_t> outputs("outputs", cl::cat(category), cl::init(1000000000),
                            cl::desc("output elements to compare"));
  cl::opt<uint64_t> cases("cases", cl::cat(category), cl::init(0),
                          cl::desc("run so many small modules of each family "
                                   "instead"));
  cl::opt<uint64_t> seed("seed", cl::cat(category), cl::init(1),
                         cl::desc("where the random modules begin"));
  cl::opt<unsigned> processes(
      "processes", cl::cat(category),
      cl::init(std::max(1u, std::thread::hardware_concurrency())),
      cl::desc("processes to run on"));
  cl::opt<uint64_t> only("case", cl::cat(category), cl::init(0),
                         cl::desc("run the one case of this seed, as a report "
                                  "names it, of one family (with --cases, if "
                                  "the report was of such a run)"));
  cl::list<std::string> names(cl::Positional, cl::cat(category),
                              cl::desc("[FAMILY ...]"));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "compiled code against the interpreter\n", &llvm::errs()))
    return 2;
  SmallVector<const Family *> families;
  for (const Family &family : kFamilies)
    if (names.empty() || llvm::is_contained(names, family.name))
      families.push_back(&family);
  if (families.empty() || (!names.empty() && families.size() != names.size())) {
    std::fprintf(stderr, "lowbit-differential: the families are");
    for (const Family &family : kFamilies)
      std::fprintf(stderr, " %s", family.name);
    std::fprintf(stderr, "\n");
    return 2;
  }
  if (only.getNumOccurrences())
    return Runner().run(*families.front(), only, cases != 0).differing ? 1 : 0;

  // Processes, not threads: a compiled program talks to one host program.
  void *shared =
      mmap(nullptr, processes * sizeof(Position), PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return 1;
  auto *positions = static_cast<Position *>(shared);
  std::vector<std::pair<pid_t, int>> children;
  for (unsigned p = 0; p < processes; ++p) {
    int ends[2];
    if (pipe(ends) != 0)
      return 1;
    pid_t child = fork();
    if (child == 0) {
      auto all =
          runShare(families, seed, outputs, cases, p, processes, positions[p]);
      for (const Family *family : families) {
        Counts &counts = all[family->name];
        if (write(ends[1], &counts, sizeof(counts)) != sizeof(counts))
          _exit(1);
      }
      _exit(0);
    }
    close(ends[1]);
    children.push_back({child, ends[0]});
  }
  std::map<std::string, Counts> total;
  bool failed = false;
  for (auto [p, process] : llvm::enumerate(children)) {
    auto [child, from] = process;
    for (const Family *family : families) {
      Counts counts;
      if (read(from, &counts, sizeof(counts)) != sizeof(counts)) {
        failed = true;
        const char *name = kFamilies[positions[p].family].name;
        std::fprintf(stderr,
                     "%s: seed %" PRIu64 ": the process died\nto repeat it: "
                     "lowbit-differential %s --case %" PRIu64 "%s\n",
                     name, positions[p].seed, name, positions[p].seed,
                     cases ? " --cases 1" : "");
        break;
      }
      total[family->name].add(counts);
    }
    int status = 0;
    waitpid(child, &status, 0);
    failed |= status != 0;
  }
  uint64_t sum = 0;
  for (const Family *family : families) {
    Counts &counts = total[family->name];
    std::printf("%s: %" PRIu64 " outputs of %" PRIu64 " modules, %" PRIu64
                " differ",
                family->name, counts.outputs, counts.cases, counts.differing);
    if (counts.canBeRewritten)
      std::printf("; %" PRIu64 " of %" PRIu64 " were rewritten",
                  counts.rewritten, counts.canBeRewritten);
    std::printf("\n");
    failed |= counts.differing != 0 || counts.outputs == 0;
    // Folds that never happen would be found to be right.
    failed |= counts.canBeRewritten && counts.rewritten == 0;
    sum += counts.outputs;
  }
  std::printf("compiled against interpreted: %" PRIu64 " outputs, %s\n", sum,
              failed ? "FAILED" : "all equal");
  return failed ? 1 : 0;
}
