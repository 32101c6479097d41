//===- LineProcess.h - a child that answers line by line --------*- C++ -*-===//
//
// Starts a program whose standard input and output are one socket. It ends with
// this object, or when this process does: its input is closed then.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PROCESS_LINEPROCESS_H
#define LOWBIT_PROCESS_LINEPROCESS_H

#include "lowbit/Process/ChildProcess.h"
#include "lowbit/Process/TemporaryFile.h"

#include <sys/types.h>

namespace lowbit {

class LineProcess {
public:
  LineProcess(llvm::StringRef program, llvm::ArrayRef<std::string> arguments);
  ~LineProcess();
  LineProcess(const LineProcess &) = delete;

  /// False once the child has ended, or did not start.
  bool write(llvm::StringRef line);
  bool read(std::string &line);
  /// How it ended, after one of them was false.
  ChildResult finish();

private:
  void stop();

  /// Standard error.
  TemporaryFile log{"log"};
  pid_t process = -1;
  int socket = -1;
  /// What has been received after the last line.
  std::string rest;
  ChildResult result;
};

} // namespace lowbit

#endif // LOWBIT_PROCESS_LINEPROCESS_H
