//===- DataSource.cpp - Inputs for calibration and runs -------------------===//
//
// In: a path and the model's inputs. Out: feeds. Refused: see DataSource.h;
// files are checked from their headers when the source is opened, values when a
// file is loaded.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/DataSource.h"
#include "lowbit/Data/Npz.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace lowbit;
namespace fs = llvm::sys::fs;

static bool hasExtension(llvm::StringRef path, llvm::StringRef extension) {
  return llvm::sys::path::extension(path).equals_insensitive(extension);
}
static bool isDataFile(llvm::StringRef path) {
  return hasExtension(path, ".npz") || hasExtension(path, ".npy");
}

static llvm::Expected<std::vector<std::string>>
filesInFolder(llvm::StringRef folder) {
  std::vector<std::string> files;
  std::error_code ec;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end;
       it.increment(ec))
    if (isDataFile(it->path()))
      files.push_back(it->path());
  if (ec)
    return llvm::createStringError("cannot read folder '" + folder +
                                   "': " + ec.message());
  if (files.empty())
    return llvm::createStringError("folder '" + folder +
                                   "' holds no .npz or .npy file; put at least "
                                   "one there");
  llvm::sort(files);
  return files;
}

/// The paths that a list file gives, each with its line for messages.
static llvm::Expected<std::vector<std::pair<std::string, int64_t>>>
filesInList(llvm::StringRef list) {
  auto buffer = llvm::MemoryBuffer::getFile(list, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError("cannot open '" + list +
                                   "': " + buffer.getError().message());
  std::vector<std::pair<std::string, int64_t>> files;
  for (llvm::line_iterator line(**buffer, /*SkipBlanks=*/true);
       !line.is_at_eof(); ++line) {
    llvm::StringRef text = line->trim();
    if (text.empty() || text.starts_with("#"))
      continue;
    llvm::SmallString<256> path(text);
    if (!llvm::sys::path::is_absolute(text)) {
      path = llvm::sys::path::parent_path(list);
      llvm::sys::path::append(path, text);
    }
    files.emplace_back(path.str().str(), line.line_number());
  }
  if (files.empty())
    return llvm::createStringError("'" + list +
                                   "' lists no file; write one path of an .npz "
                                   "or .npy file a line");
  return files;
}

llvm::Expected<std::unique_ptr<DataSource>>
DataSource::open(llvm::StringRef path, llvm::ArrayRef<InputSpec> inputs,
                 const DataOptions &options) {
  std::unique_ptr<DataSource> source(new DataSource);
  source->inputs = inputs.vec();
  source->options = options;
  if (inputs.empty())
    return llvm::createStringError("the model has no inputs, so it takes no "
                                   "data from '" +
                                   path + "'");
  fs::file_status status;
  if (std::error_code ec = fs::status(path, status))
    return llvm::createStringError(
        "cannot open '" + path + "': " + ec.message() +
        "; give an .npz or .npy file, a folder of them or a .txt list");

  if (fs::is_directory(status)) {
    auto files = filesInFolder(path);
    if (!files)
      return files.takeError();
    for (const std::string &file : *files)
      if (llvm::Error e = source->addFile(file))
        return e;
  } else if (hasExtension(path, ".txt")) {
    auto files = filesInList(path);
    if (!files)
      return files.takeError();
    for (const auto &[file, line] : *files)
      if (llvm::Error e = source->addFile(file))
        return llvm::createStringError("'" + path + "' line " +
                                       llvm::Twine(line) + ": " +
                                       llvm::toString(std::move(e)));
  } else if (llvm::Error e = source->addFile(path)) {
    return e;
  }
  return source;
}

/// Calls `npz` or `npy` with an open file, by the file's name, after the check
/// that its arrays have the inputs' names.
template <typename Result, typename FromNpz, typename FromNpy>
static llvm::Expected<Result> readInputs(llvm::StringRef path,
                                         llvm::ArrayRef<InputSpec> inputs,
                                         FromNpz fromNpz, FromNpy fromNpy) {
  Result results;
  if (hasExtension(path, ".npy")) {
    if (inputs.size() > 1)
      return llvm::createStringError(
          "'" + path + "' holds one array without a name, but the model has " +
          llvm::Twine(inputs.size()) +
          " inputs; save an .npz with an array "
          "for each, from '" +
          inputs.front().name + "' to '" + inputs.back().name + "'");
    auto result = fromNpy(path);
    if (!result)
      return result.takeError();
    results.push_back(std::move(*result));
    return results;
  }
  auto npz = NpzFile::open(path);
  if (!npz)
    return npz.takeError();
  if (llvm::Error e = checkNames(path, inputs, (*npz)->names()))
    return e;
  for (const InputSpec &spec : inputs) {
    auto result = fromNpz(**npz, spec.name);
    if (!result)
      return result.takeError();
    results.push_back(std::move(*result));
  }
  return results;
}

llvm::Error DataSource::addFile(llvm::StringRef path) {
  if (!isDataFile(path))
    return llvm::createStringError(
        "'" + path +
        "' is not data that can be read; expected a file whose "
        "name ends in .npz or .npy, a folder of them or a .txt "
        "list");
  auto headers = readInputs<std::vector<NpyHeader>>(
      path, inputs,
      [](const NpzFile &npz, llvm::StringRef name) { return npz.header(name); },
      readNpyFileHeader);
  if (!headers)
    return headers.takeError();
  std::vector<ArrayInfo> arrays;
  for (const NpyHeader &header : *headers)
    arrays.push_back({header.dtype, header.shape});
  llvm::Expected<FileCut> cut = checkArrays(path, inputs, arrays, options);
  if (!cut)
    return cut.takeError();
  files.push_back({path.str(), *cut});
  totalFeeds += cut->feeds;
  totalSamples += cut->samples;
  return llvm::Error::success();
}

/// The one conversion that is made: int32 given for int64.
static llvm::Expected<NpyArray> widen(const NpyArray &narrow) {
  llvm::Expected<NpyArray> wide = NpyArray::create(DType::I64, narrow.shape);
  if (wide)
    llvm::copy(narrow.elements<int32_t>(), wide->elements<int64_t>().begin());
  return wide;
}

llvm::Error DataSource::load(const CheckedFile &file) {
  auto arrays = readInputs<std::vector<NpyArray>>(
      file.path, inputs,
      [](const NpzFile &npz, llvm::StringRef name) { return npz.read(name); },
      readNpyFile);
  if (!arrays)
    return arrays.takeError();
  std::vector<ArrayInfo> infos;
  for (const NpyArray &array : *arrays)
    infos.push_back({array.dtype, array.shape});
  llvm::Expected<FileCut> cut = checkArrays(file.path, inputs, infos, options);
  if (!cut)
    return cut.takeError();
  if (cut->feeds != file.cut.feeds || cut->samples != file.cut.samples)
    return llvm::createStringError(
        "'" + file.path + "' changed while it was in use: it had " +
        llvm::Twine(file.cut.samples) + " samples and has " +
        llvm::Twine(cut->samples) + "; run again");

  for (size_t i = 0; i < inputs.size(); ++i) {
    NpyArray &array = (*arrays)[i];
    if (options.refuseNonFinite)
      if (llvm::Error e = checkFinite(file.path, inputs[i].name, array))
        return e;
    if (array.dtype == DType::I32 && inputs[i].dtype == DType::I64) {
      llvm::Expected<NpyArray> wide = widen(array);
      if (!wide)
        return wide.takeError();
      array = std::move(*wide);
    }
  }
  loaded = std::move(*arrays);
  return llvm::Error::success();
}

/// What one turn takes of an input.
llvm::Expected<NpyArray> DataSource::part(size_t input, const FileCut &cut,
                                          int64_t turn) const {
  const NpyArray &array = loaded[input];
  if (array.shape.empty())
    return array.clone();
  int64_t whole = inputs[input].shape.front();
  int64_t step = whole >= 0 ? whole : cut.step;
  int64_t begin = turn * step;
  return array.slice(begin, std::min(step, array.shape.front() - begin));
}

llvm::Expected<std::optional<Feed>> DataSource::next() {
  if (currentFile == files.size())
    return std::nullopt;
  const CheckedFile &file = files[currentFile];
  auto fail = [&](llvm::Error e) {
    currentFile = files.size();
    loaded.clear();
    return e;
  };
  if (loaded.empty())
    if (llvm::Error e = load(file))
      return fail(std::move(e));

  Feed feed;
  feed.file = file.path;
  feed.firstSample = nextFeed * file.cut.step;
  feed.samples = std::min(file.cut.step, file.cut.samples - feed.firstSample);
  if (file.cut.feeds == 1) {
    feed.arrays = std::move(loaded);
  } else {
    for (size_t i = 0; i < inputs.size(); ++i) {
      llvm::Expected<NpyArray> array = part(i, file.cut, nextFeed);
      if (!array)
        return fail(array.takeError());
      feed.arrays.push_back(std::move(*array));
    }
  }
  if (++nextFeed == file.cut.feeds) {
    loaded.clear();
    nextFeed = 0;
    ++currentFile;
  }
  return std::optional<Feed>(std::move(feed));
}

void DataSource::rewind() {
  loaded.clear();
  currentFile = 0;
  nextFeed = 0;
}
