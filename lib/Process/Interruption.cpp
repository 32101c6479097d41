//===- Interruption.cpp - stop when it suits ------------------------------===//
//
// The handlers do nothing but note that they were called.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Process/Interruption.h"

#include <ctime>
#include <iterator>

static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

/// When the first signal came; 0 before.
static volatile std::sig_atomic_t firstSignal = 0;

/// What the signals did before.
static struct sigaction previous[std::size(kSignals)];

static void restore(int number) {
  for (unsigned i = 0; i < std::size(kSignals); ++i)
    if (kSignals[i] == number)
      sigaction(number, &previous[i], nullptr);
}

static void noteSignal(int number) {
  std::sig_atomic_t now = static_cast<std::sig_atomic_t>(std::time(nullptr));
  if (firstSignal == 0) {
    firstSignal = now;
  } else if (now - firstSignal > 1) {
    // Its handler before removes temporary files, and ends the process.
    restore(number);
    std::raise(number);
  }
}

lowbit::Interruption::Interruption() {
  firstSignal = 0;
  struct sigaction action = {};
  action.sa_handler = noteSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (unsigned i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    // Under nohup it goes on when the terminal is closed.
    if (kSignals[i] != SIGHUP || previous[i].sa_handler != SIG_IGN)
      sigaction(kSignals[i], &action, nullptr);
  }
}

lowbit::Interruption::~Interruption() {
  for (int number : kSignals)
    restore(number);
}

bool lowbit::Interruption::requested() const { return firstSignal != 0; }
