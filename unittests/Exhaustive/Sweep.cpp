//===- Sweep.cpp - Threads, progress and segments -------------------------===//
//
// In: numbered parts of work. Out: the sum of their counts, and lines of
// progress on standard error.
//
//===----------------------------------------------------------------------===//

#include "Sweep.h"
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

using namespace lowbit::exhaustive;

static std::mutex output;

Counts
lowbit::exhaustive::parallelFor(const std::string &name, uint64_t parts,
                                const std::function<Counts(uint64_t)> &work) {
  using Clock = std::chrono::steady_clock;
  std::atomic<uint64_t> next{0};
  Counts total;
  Clock::time_point reported = Clock::now();

  auto worker = [&] {
    Counts mine;
    for (uint64_t part; (part = next.fetch_add(1)) < parts;) {
      mine += work(part);
      std::lock_guard<std::mutex> lock(output);
      if (Clock::now() - reported > std::chrono::seconds(10)) {
        reported = Clock::now();
        std::fprintf(stderr, "  %s: %d %%\n", name.c_str(),
                     int(100 * part / parts));
      }
    }
    std::lock_guard<std::mutex> lock(output);
    total += mine;
  };
  unsigned count = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < count; ++i)
    threads.emplace_back(worker);
  worker();
  for (std::thread &thread : threads)
    thread.join();
  return total;
}

void lowbit::exhaustive::reportDifference(const std::string &name,
                                          const std::string &text) {
  static std::map<std::string, int> reported;
  std::lock_guard<std::mutex> lock(output);
  if (++reported[name] <= 5)
    std::fprintf(stderr, "%s differs: %s\n", name.c_str(), text.c_str());
}

/// Adds the segments of [begin, end] whose values are known at both ends.
static void halve(uint64_t begin, int64_t first, uint64_t end, int64_t last,
                  const std::function<int64_t(uint64_t)> &exact,
                  std::vector<Segment> &segments) {
  if (first == last)
    return;
  if (end - begin == 1) {
    segments.push_back({end, last});
    return;
  }
  uint64_t middle = begin + (end - begin) / 2;
  int64_t value = exact(middle);
  halve(begin, first, middle, value, exact, segments);
  halve(middle, value, end, last, exact, segments);
}

std::vector<Segment>
lowbit::exhaustive::segmentsOf(uint64_t begin, uint64_t end,
                               const std::function<int64_t(uint64_t)> &exact) {
  std::vector<Segment> segments{{begin, exact(begin)}};
  halve(begin, segments[0].value, end - 1, exact(end - 1), exact, segments);
  return segments;
}
