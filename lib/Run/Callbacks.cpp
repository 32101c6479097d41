//===- Callbacks.cpp - what compiled code calls ---------------------------===//
//
// The functions have the C interface that MLIR gives to functions with
// llvm.emit_c_interface: a memref<*xT> is a pointer to {rank, descriptor}.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Callbacks.h"

using namespace lowbit;

// Compiled code calls back on the thread that entered it.
static thread_local RunState *current = nullptr;

void RunState::enter() { current = this; }
RunState::~RunState() {
  if (current == this)
    current = nullptr;
}

namespace {
struct UnrankedMemRef {
  int64_t rank;
  /// {allocated, aligned, offset, sizes[rank], strides[rank]}, 8 bytes each.
  int64_t *descriptor;

  llvm::ArrayRef<int64_t> sizes() const {
    return {descriptor + 3, size_t(rank)};
  }
  llvm::ArrayRef<int64_t> strides() const {
    return {descriptor + 3 + rank, size_t(rank)};
  }
  template <typename T> const T *data() const {
    return reinterpret_cast<const T *>(descriptor[1]) + descriptor[2];
  }
  bool isRowMajor() const {
    int64_t expected = 1;
    for (int64_t dim = rank - 1; dim >= 0; --dim) {
      if (sizes()[dim] != 1 && strides()[dim] != expected)
        return false;
      expected *= sizes()[dim];
    }
    return true;
  }
};

/// A row-major copy of a strided tensor, a run of the last dimension at a time.
template <typename T>
std::vector<T> copyRowMajor(const UnrankedMemRef &tensor) {
  int64_t count = *elementCount(tensor.sizes()), last = tensor.rank - 1;
  std::vector<T> result(count);
  llvm::SmallVector<int64_t> index(tensor.rank, 0);
  int64_t run = tensor.sizes()[last], stride = tensor.strides()[last];
  for (int64_t done = 0; done < count; done += run) {
    const T *from = tensor.data<T>();
    for (int64_t dim = 0; dim < last; ++dim)
      from += index[dim] * tensor.strides()[dim];
    if (stride == 1)
      std::copy(from, from + run, result.begin() + done);
    else
      for (int64_t i = 0; i < run; ++i)
        result[done + i] = from[i * stride];
    for (int64_t dim = last - 1; dim >= 0; --dim) {
      if (++index[dim] < tensor.sizes()[dim])
        break;
      index[dim] = 0;
    }
  }
  return result;
}

void fail(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  if (current->error.empty())
    current->error = std::move(text);
}

template <typename T>
void tap(int64_t site, const UnrankedMemRef &tensor, DType dtype) {
  if (!current || !current->onTap || !current->error.empty())
    return;
  std::vector<T> copy;
  const T *data = tensor.data<T>();
  if (!tensor.isRowMajor()) {
    copy = copyRowMajor<T>(tensor);
    data = copy.data();
  }
  TappedValue value{current->sites[site], dtype, tensor.sizes(),
                    reinterpret_cast<const char *>(data)};
  if (llvm::Error error = current->onTap(value))
    fail(std::move(error));
}

template <typename T>
void checkRange(int64_t site, const UnrankedMemRef &tensor, int64_t lower,
                int64_t upper) {
  if (!current || !current->error.empty())
    return;
  std::vector<T> copy;
  const T *data = tensor.data<T>();
  int64_t count = *elementCount(tensor.sizes());
  if (!tensor.isRowMajor()) {
    copy = copyRowMajor<T>(tensor);
    data = copy.data();
  }
  for (int64_t i = 0; i < count; ++i)
    if (data[i] < lower || data[i] >= upper) {
      fail(llvm::createStringError(llvm::Twine(current->sites[site]) +
                                   ": index " + llvm::Twine(int64_t(data[i])) +
                                   " at position " + llvm::Twine(i) +
                                   " is out of range [" + llvm::Twine(lower) +
                                   ", " + llvm::Twine(upper) + ")"));
      return;
    }
}

/// Ends the run: what follows relies on the sizes.
void checkSize(int64_t site, int64_t found, int64_t expected) {
  if (!current || found == expected)
    return;
  fail(llvm::createStringError(llvm::Twine(current->sites[site]) + " is " +
                               llvm::Twine(found) + " and should be " +
                               llvm::Twine(expected)));
  std::longjmp(current->end, 1);
}
} // namespace

extern "C" {
static void tapF32(int64_t site, UnrankedMemRef *tensor) {
  tap<float>(site, *tensor, DType::F32);
}
static void tapI8(int64_t site, UnrankedMemRef *tensor) {
  tap<int8_t>(site, *tensor, DType::I8);
}
static void tapI32(int64_t site, UnrankedMemRef *tensor) {
  tap<int32_t>(site, *tensor, DType::I32);
}
static void mark(int64_t site) {
  if (current && current->onMark)
    current->onMark(site);
}
static void checkRangeI32(int64_t site, UnrankedMemRef *tensor, int64_t lower,
                          int64_t upper) {
  checkRange<int32_t>(site, *tensor, lower, upper);
}
static void checkRangeI64(int64_t site, UnrankedMemRef *tensor, int64_t lower,
                          int64_t upper) {
  checkRange<int64_t>(site, *tensor, lower, upper);
}
}

llvm::SmallVector<std::pair<llvm::StringRef, void *>>
lowbit::runtimeFunctions() {
  return {
      {"_mlir_ciface_lowbit_tap_f32", reinterpret_cast<void *>(tapF32)},
      {"_mlir_ciface_lowbit_tap_i8", reinterpret_cast<void *>(tapI8)},
      {"_mlir_ciface_lowbit_tap_i32", reinterpret_cast<void *>(tapI32)},
      {"_mlir_ciface_lowbit_mark", reinterpret_cast<void *>(mark)},
      {"_mlir_ciface_lowbit_check_size", reinterpret_cast<void *>(checkSize)},
      {"_mlir_ciface_lowbit_check_range_i32",
       reinterpret_cast<void *>(checkRangeI32)},
      {"_mlir_ciface_lowbit_check_range_i64",
       reinterpret_cast<void *>(checkRangeI64)},
  };
}
