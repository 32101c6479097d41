//===- Interruption.h - stop when it suits ----------------------*- C++ -*-===//
//
// While an object of this class lives, SIGINT, SIGTERM and SIGHUP do not end
// the program but are noted, so that what is at hand can be brought to an end.
// A second signal more than a second later ends the program as usual (within
// that time it is taken for the same wish, which a terminal and a parent may
// both have passed on).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PROCESS_INTERRUPTION_H
#define LOWBIT_PROCESS_INTERRUPTION_H

#include <csignal>

namespace lowbit {

class Interruption {
public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption &) = delete;
  Interruption &operator=(const Interruption &) = delete;

  /// Whether a signal has come since the object was made.
  bool requested() const;
};

} // namespace lowbit

#endif // LOWBIT_PROCESS_INTERRUPTION_H
