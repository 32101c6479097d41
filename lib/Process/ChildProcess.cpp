//===- ChildProcess.cpp - start a tool and collect what it says -----------===//
//
// In: a program and its arguments. Out: exit status and standard error, which
// goes through a temporary file that is followed while the program runs.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Process/ChildProcess.h"
#include "lowbit/Process/TemporaryFile.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <thread>
#ifdef __linux__
#include <sys/prctl.h>
#endif

using namespace llvm;
using namespace lowbit;

static constexpr StringLiteral kProgressPrefix = "progress: ";

namespace {
/// Reads what a growing file has got since the last time, line by line.
class FileFollower {
public:
  FileFollower(StringRef path, bool showProgress)
      : path(path), showProgress(showProgress) {}

  void poll() {
    auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                        /*RequiresNullTerminator=*/false,
                                        /*IsVolatile=*/true);
    if (!buffer)
      return;
    StringRef fresh = (*buffer)->getBuffer().drop_front(position);
    size_t end = fresh.rfind('\n');
    if (end != StringRef::npos)
      take(fresh.take_front(end + 1));
  }

  /// The last line may lack its end.
  std::string finish() {
    poll();
    if (auto buffer = MemoryBuffer::getFile(path))
      take((*buffer)->getBuffer().drop_front(position));
    return std::move(rest);
  }

private:
  void take(StringRef text) {
    position += text.size();
    while (!text.empty()) {
      auto [line, tail] = text.split('\n');
      text = tail;
      if (!line.starts_with(kProgressPrefix))
        (rest += line.str()) += '\n';
      else if (showProgress)
        errs() << line << '\n';
    }
  }

  StringRef path;
  bool showProgress;
  size_t position = 0;
  std::string rest;
};
} // namespace

ChildResult lowbit::runChild(StringRef program, ArrayRef<std::string> arguments,
                             const Interruption *interruption) {
  ChildResult result;
  TemporaryFile log("log");
  if (log.code) {
    result.status = -1;
    result.message = "no temporary file: " + log.code.message();
    return result;
  }
  StringRef errorPath = log.path;
  SmallVector<StringRef> argv{program};
  argv.append(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(""),
                                          errorPath};
  bool failedToStart = false;
  sys::ProcessInfo process =
      sys::ExecuteNoWait(program, argv, std::nullopt, redirects,
                         /*MemoryLimit=*/0, &result.message, &failedToStart);
  if (failedToStart) {
    result.status = -1;
    return result;
  }
  auto progress = sys::Process::GetEnv("LOWBIT_PROGRESS");
  FileFollower follower(errorPath, progress && *progress == "1");
  std::chrono::milliseconds pause(1);
  bool isTold = false;
  while (true) {
    sys::ProcessInfo state =
        sys::Wait(process, /*SecondsToWait=*/0, &result.message);
    if (state.Pid == process.Pid) {
      result.status = state.ReturnCode;
      break;
    }
    if (interruption && interruption->requested() && !isTold) {
      // It has not heard of it where the signal was for this process alone.
      ::kill(process.Pid, SIGTERM);
      isTold = true;
    }
    follower.poll();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
  result.errors = follower.finish();
  return result;
}

void lowbit::endWithParent() {
#ifdef __linux__
  constexpr const char *kName = "LOWBIT_END_WITH_PARENT";
  // A signal that brings what is at hand to an end (Interruption.h).
  if (getenv(kName))
    prctl(PR_SET_PDEATHSIG, SIGTERM);
  setenv(kName, "1", /*overwrite=*/1);
#endif
}

std::string lowbit::findTool(StringRef name) {
  SmallVector<std::string> folders;
  if (auto folder = sys::Process::GetEnv("LOWBIT_TOOLS"))
    folders.push_back(*folder);
  std::string self = sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&lowbit::findTool));
  folders.push_back(sys::path::parent_path(self).str());
  folders.push_back(LOWBIT_TOOL_DIR);
  for (const std::string &folder : folders) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (sys::fs::can_execute(path))
      return path.str().str();
  }
  auto found = sys::findProgramByName(name);
  return found ? *found : "";
}
