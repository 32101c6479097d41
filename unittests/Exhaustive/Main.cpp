//===- Main.cpp - lowbit-exhaustive ---------------------------------------===//
//
//   lowbit-exhaustive [--sample N] [NAME ...]
//
// Runs the sweeps whose names begin with one of NAME, or all of them, or checks
// one part in N of each. Prints a line for each sweep. Exit code 1: something
// differed; 2: an argument that is none.
//
//===----------------------------------------------------------------------===//

#include "Sweep.h"
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

using namespace lowbit::exhaustive;

static std::vector<Sweep> allSweeps() {
  std::vector<Sweep> all;
  for (auto make : {quantizeSweeps, requantizeSweeps, smallFloatSweeps})
    for (Sweep &sweep : make())
      all.push_back(std::move(sweep));
  return all;
}

static void list(const std::vector<Sweep> &sweeps, std::FILE *to) {
  std::fprintf(to, "sweeps:\n");
  for (const Sweep &sweep : sweeps)
    std::fprintf(to, "  %s\n", sweep.name.c_str());
}

static int help(const std::vector<Sweep> &sweeps) {
  std::printf(
      "usage: lowbit-exhaustive [--sample N] [NAME ...]\n\n"
      "Checks lib/Numerics against integer-only definitions. Runs the sweeps\n"
      "whose names begin with one of NAME, or all of them; with --sample, one\n"
      "part in N of each. Exit code 1: something differed; 2: wrong "
      "usage.\n\n");
  list(sweeps, stdout);
  return 0;
}

static int usage(const std::vector<Sweep> &sweeps, const char *wrong) {
  std::fprintf(stderr, "lowbit-exhaustive: %s\n", wrong);
  list(sweeps, stderr);
  return 2;
}

int main(int argc, char **argv) {
  std::vector<Sweep> sweeps = allSweeps();
  std::vector<bool> chosen(sweeps.size(), false);
  Options options;
  bool any = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--help" || argument == "-h")
      return help(sweeps);
    if (argument == "--sample") {
      char *end = nullptr;
      options.sample = i + 1 < argc ? std::strtoull(argv[++i], &end, 10) : 0;
      if (options.sample == 0 || *end)
        return usage(sweeps, "--sample needs a positive number");
      continue;
    }
    bool found = false;
    for (size_t s = 0; s < sweeps.size(); ++s)
      if (sweeps[s].name.compare(0, argument.size(), argument) == 0)
        chosen[s] = found = true;
    if (!found)
      return usage(sweeps, ("no sweep begins with '" + argument + "'").c_str());
    any = true;
  }

  Counts total;
  auto started = std::chrono::steady_clock::now();
  auto seconds = [](auto since) {
    std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - since;
    return passed.count();
  };
  for (size_t s = 0; s < sweeps.size(); ++s) {
    if (any && !chosen[s])
      continue;
    auto begun = std::chrono::steady_clock::now();
    Counts counts = sweeps[s].run(options);
    total += counts;
    std::printf("%s: %" PRIu64 " checked, %" PRIu64 " differ\n",
                sweeps[s].name.c_str(), counts.checked, counts.differing);
    std::fflush(stdout);
    std::fprintf(stderr, "  %s: %.1f s\n", sweeps[s].name.c_str(),
                 seconds(begun));
    // A sweep that checks nothing proves nothing.
    if (counts.checked == 0)
      ++total.differing;
  }
  std::printf("total: %" PRIu64 " checked, %" PRIu64 " differ\n", total.checked,
              total.differing);
  std::fprintf(stderr, "  total: %.1f s\n", seconds(started));
  return total.differing ? 1 : 0;
}
