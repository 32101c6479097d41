//===- Memory.cpp - buffers that end at a page that cannot be touched -----===//
#include "Harness.h"
#include <cstring>
#include <map>
#include <sys/mman.h>

using llvm::ArrayRef;

namespace lowbit::test {

static std::map<void *, std::pair<void *, size_t>> &allocations() {
  static std::map<void *, std::pair<void *, size_t>> table;
  return table;
}

void *guardedAllocate(size_t bytes) {
  constexpr size_t page = 4096;
  size_t length = (bytes + page - 1) / page * page + page;
  auto *map = static_cast<char *>(mmap(nullptr, length, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (map == MAP_FAILED)
    abort();
  memset(map, 0xA5, length - page);
  mprotect(map + length - page, page, PROT_NONE);
  void *data = map + length - page - bytes;
  allocations()[data] = {map, length};
  return data;
}

void guardedFree(void *bytes) {
  auto it = allocations().find(bytes);
  if (it == allocations().end())
    abort();
  munmap(it->second.first, it->second.second);
  allocations().erase(it);
}

Buffer::Buffer(size_t elementBytes, std::vector<int64_t> sizes,
               std::vector<int64_t> strides, int64_t offset)
    : sizes(sizes), strides(strides), offset(offset),
      elementBytes(elementBytes) {
  if (strides.empty()) {
    this->strides.assign(sizes.size(), 1);
    for (size_t i = sizes.size(); i-- > 1;)
      this->strides[i - 1] = this->strides[i] * sizes[i];
  }
  int64_t last = offset;
  for (size_t i = 0; i < sizes.size(); ++i)
    last += std::max<int64_t>(sizes[i] - 1, 0) * this->strides[i];
  elements = last + 1;
  for (int64_t size : sizes)
    if (size == 0)
      elements = 0;
  data = static_cast<char *>(guardedAllocate(elements * elementBytes));
}

Buffer::~Buffer() { guardedFree(data); }

std::vector<int64_t> Buffer::descriptor() const {
  auto pointer = reinterpret_cast<int64_t>(data);
  std::vector<int64_t> d{pointer, pointer, offset};
  d.insert(d.end(), sizes.begin(), sizes.end());
  d.insert(d.end(), strides.begin(), strides.end());
  return d;
}

int64_t Buffer::at(ArrayRef<int64_t> indices) const {
  int64_t i = offset;
  for (auto [index, stride] : llvm::zip(indices, strides))
    i += index * stride;
  return i;
}

} // namespace lowbit::test
