//===- LineProcess.cpp - a child that answers line by line ----------------===//
//
// In: lines. Out: lines. Standard error goes to a temporary file, which is read
// when the child has ended.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Process/LineProcess.h"

#include "llvm/Support/MemoryBuffer.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace lowbit;

extern char **environ;

LineProcess::LineProcess(StringRef program, ArrayRef<std::string> arguments) {
  result.status = -1;
  if (log.code) {
    result.message = "no temporary file: " + log.code.message();
    return;
  }
  // A socket, for writing to one whose other end is closed can be kept from
  // raising a signal. No other child inherits it.
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    result.message = std::strerror(errno);
    return;
  }
  std::string name = program.str();
  SmallVector<char *> argv{name.data()};
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.path.c_str(),
                                   O_WRONLY | O_TRUNC, 0600);
  int code = posix_spawn(&process, name.c_str(), &actions, nullptr, argv.data(),
                         environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  socket = ends[0];
  if (code != 0) {
    process = -1;
    result.message = std::strerror(code);
  }
}

LineProcess::~LineProcess() {
  if (process > 0)
    kill(process, SIGTERM);
  stop();
}

bool LineProcess::write(StringRef line) {
  std::string text = line.str() + "\n";
  for (StringRef left = text; !left.empty();) {
    ssize_t sent =
        process < 0 ? -1 : send(socket, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && process > 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return false;
    left = left.drop_front(sent);
  }
  return true;
}

bool LineProcess::read(std::string &line) {
  size_t end;
  while ((end = rest.find('\n')) == std::string::npos) {
    char buffer[4096];
    ssize_t got =
        process < 0 ? -1 : recv(socket, buffer, sizeof buffer, /*flags=*/0);
    if (got < 0 && process > 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    rest.append(buffer, got);
  }
  line = rest.substr(0, end);
  rest.erase(0, end + 1);
  return true;
}

void LineProcess::stop() {
  if (socket >= 0)
    close(socket);
  socket = -1;
  if (process < 0)
    return;
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    ;
  process = -1;
  if (WIFSIGNALED(status)) {
    result.status = -2;
    result.message = strsignal(WTERMSIG(status));
  } else {
    result.status = WEXITSTATUS(status);
  }
}

ChildResult LineProcess::finish() {
  stop();
  if (!log.code)
    if (auto buffer = MemoryBuffer::getFile(log.path))
      result.errors = (*buffer)->getBuffer().str();
  return result;
}
