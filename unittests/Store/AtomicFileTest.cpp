//===- AtomicFileTest.cpp - Whole files or none ---------------------------===//
//
// Checks that a file appears complete or not at all, and that nothing is left
// behind.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/AtomicFile.h"
#include "TempFolder.h"
#include "gtest/gtest.h"

using namespace lowbit;
using lowbit::testing::TempFolder;

namespace {

using Names = std::vector<std::string>;

llvm::Error writeHello(llvm::raw_ostream &os) {
  os << "hello";
  return llvm::Error::success();
}
llvm::Error failAfterSome(llvm::raw_ostream &os) {
  os << "half";
  return llvm::createStringError("no more");
}

TEST(AtomicFile, WritesAndReplaces) {
  TempFolder folder;
  folder.write("out", "a much longer text from before");
  ASSERT_FALSE(bool(writeFileAtomically(folder.path("out"), writeHello)));
  EXPECT_EQ(folder.read("out"), "hello");
  EXPECT_EQ(folder.list(), Names{"out"});
}

TEST(AtomicFile, FailureLeavesNothing) {
  TempFolder folder;
  llvm::Error e = writeFileAtomically(folder.path("out"), failAfterSome);
  EXPECT_EQ(llvm::toString(std::move(e)), "no more");
  EXPECT_EQ(folder.list(), Names{});
}

TEST(AtomicFile, FailureKeepsTheOldFile) {
  TempFolder folder;
  folder.write("out", "old");
  llvm::consumeError(writeFileAtomically(folder.path("out"), failAfterSome));
  EXPECT_EQ(folder.read("out"), "old");
  EXPECT_EQ(folder.list(), Names{"out"});
}

TEST(AtomicFile, FolderMissing) {
  TempFolder folder;
  std::string path = folder.path("none/out");
  std::string message = llvm::toString(writeFileAtomically(path, writeHello));
  EXPECT_EQ(message.find("cannot write '" + path + "': "), 0u) << message;
  EXPECT_NE(message.find("check that its folder exists"), std::string::npos)
      << message;
}

TEST(AtomicFile, RefusesFoldersAndDevices) {
  TempFolder folder;
  for (std::string path : {folder.path(""), std::string("/dev/null")}) {
    std::string message = llvm::toString(writeFileAtomically(path, writeHello));
    EXPECT_EQ(message, "cannot write '" + path +
                           "': it exists and is not a regular file; give "
                           "another name");
  }
}

} // namespace
