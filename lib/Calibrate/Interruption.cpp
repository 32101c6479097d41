//===- Interruption.cpp - stop when it suits ------------------------------===//
//
// The handlers do nothing but note that they were called.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Interruption.h"

#include <ctime>

static constexpr int kSignals[] = {SIGINT, SIGTERM};

/// When the first signal came; 0 before.
static volatile std::sig_atomic_t firstSignal = 0;

static void noteSignal(int number) {
  std::sig_atomic_t now = static_cast<std::sig_atomic_t>(std::time(nullptr));
  if (firstSignal == 0) {
    firstSignal = now;
  } else if (now - firstSignal > 1) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

lowbit::Interruption::Interruption() {
  firstSignal = 0;
  struct sigaction action = {};
  action.sa_handler = noteSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (unsigned i = 0; i < 2; ++i)
    sigaction(kSignals[i], &action, &previous[i]);
}

lowbit::Interruption::~Interruption() {
  for (unsigned i = 0; i < 2; ++i)
    sigaction(kSignals[i], &previous[i], nullptr);
}

bool lowbit::Interruption::requested() const { return firstSignal != 0; }
