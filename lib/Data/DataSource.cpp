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

using namespace lowbit;

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
  llvm::Expected<FileList> files = FileList::open(path);
  if (!files)
    return files.takeError();
  source->files = std::move(*files);
  for (size_t i = 0; i < source->files.size(); ++i)
    if (llvm::Error e = source->addFile(source->files.path(i)))
      return llvm::createStringError(source->files.place(i) +
                                     llvm::toString(std::move(e)));
  return source;
}

llvm::Expected<DataSource::OpenFile>
DataSource::openFile(llvm::StringRef path) const {
  OpenFile file;
  auto add =
      [&](llvm::Expected<std::unique_ptr<ByteSource>> bytes) -> llvm::Error {
    if (!bytes)
      return bytes.takeError();
    llvm::Expected<ArrayStream> stream = ArrayStream::open(std::move(*bytes));
    if (!stream)
      return stream.takeError();
    file.arrays.push_back(std::move(*stream));
    return llvm::Error::success();
  };
  file.repeated.resize(inputs.size());
  if (hasExtension(path, ".npy")) {
    if (inputs.size() > 1)
      return llvm::createStringError(
          "'" + path + "' holds one array without a name, but the model has " +
          llvm::Twine(inputs.size()) +
          " inputs; save an .npz with an array "
          "for each, from '" +
          inputs.front().name + "' to '" + inputs.back().name + "'");
    if (llvm::Error e = add(openFileBytes(path)))
      return std::move(e);
    return file;
  }
  auto npz = NpzFile::open(path);
  if (!npz)
    return npz.takeError();
  file.archive = std::move(*npz);
  if (llvm::Error e = checkNames(path, inputs, file.archive->names()))
    return std::move(e);
  for (const InputSpec &spec : inputs)
    if (llvm::Error e = add(file.archive->openBytes(spec.name)))
      return std::move(e);
  return file;
}

static std::vector<ArrayInfo> infosOf(llvm::ArrayRef<ArrayStream> streams) {
  std::vector<ArrayInfo> infos;
  for (const ArrayStream &stream : streams)
    infos.push_back({stream.header().dtype, stream.header().shape});
  return infos;
}

llvm::Error DataSource::addFile(llvm::StringRef path) {
  if (!isDataFile(path))
    return llvm::createStringError(
        "'" + path +
        "' is not data that can be read; expected a file whose "
        "name ends in .npz or .npy, a folder of them or a .txt "
        "list");
  llvm::Expected<OpenFile> file = openFile(path);
  if (!file)
    return file.takeError();
  llvm::Expected<FileCut> cut =
      checkArrays(path, inputs, infosOf(file->arrays), options);
  if (!cut)
    return cut.takeError();
  auto known = llvm::find(cuts, *cut);
  cutOf.push_back(known - cuts.begin());
  if (known == cuts.end())
    cuts.push_back(*cut);
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

/// How many entries of its first dimension a feed takes of an input.
static int64_t stepOf(const InputSpec &spec, const ArrayStream &stream,
                      const FileCut &cut) {
  if (cut.feeds == 1)
    return stream.remaining();
  return spec.shape.front() >= 0 ? spec.shape.front() : cut.step;
}

llvm::Expected<DataSource::OpenFile>
DataSource::openChecked(const CheckedFile &file) const {
  llvm::Expected<OpenFile> opened = openFile(file.path);
  if (!opened)
    return opened.takeError();
  llvm::Expected<FileCut> cut =
      checkArrays(file.path, inputs, infosOf(opened->arrays), options);
  if (!cut)
    return cut.takeError();
  if (cut->feeds != file.cut.feeds || cut->samples != file.cut.samples)
    return llvm::createStringError(
        "'" + file.path + "' changed while it was in use: it had " +
        llvm::Twine(file.cut.samples) + " samples and has " +
        llvm::Twine(cut->samples) + "; run again");
  return opened;
}

llvm::Error DataSource::checkPiece(const CheckedFile &file,
                                   const InputSpec &spec, const NpyArray &piece,
                                   int64_t first, ArrayStream &stream) const {
  if (options.refuseNonFinite)
    if (llvm::Error e = checkFinite(file.path, spec.name, piece, first))
      return e;
  return stream.remaining() == 0 ? stream.finish() : llvm::Error::success();
}

/// Reads the file once, in pieces, so that no feed is taken from a file that is
/// bad further on. Then it is read again: to keep it would take memory by its
/// length.
llvm::Error DataSource::checkValues(const CheckedFile &file) const {
  llvm::Expected<OpenFile> opened = openChecked(file);
  if (!opened)
    return opened.takeError();
  constexpr int64_t kPiece = 1 << 18;
  for (auto [stream, spec] : llvm::zip_equal(opened->arrays, inputs)) {
    int64_t count =
        std::max<int64_t>(1, kPiece / std::max<int64_t>(1, stream.entrySize()));
    int64_t first = 0;
    do {
      llvm::Expected<NpyArray> piece = stream.next(count);
      if (!piece)
        return piece.takeError();
      if (llvm::Error e = checkPiece(file, spec, *piece, first, stream))
        return e;
      first += count;
    } while (stream.remaining() > 0);
  }
  return llvm::Error::success();
}

llvm::Expected<Feed> DataSource::readFeed(const CheckedFile &file) {
  // A feed that is all of its file is checked itself.
  bool isWhole = file.cut.feeds == 1;
  if (!current) {
    if (!isWhole)
      if (llvm::Error e = checkValues(file))
        return std::move(e);
    llvm::Expected<OpenFile> opened = openChecked(file);
    if (!opened)
      return opened.takeError();
    current = std::move(*opened);
  }
  Feed feed;
  feed.file = file.path;
  feed.firstSample = nextFeed * file.cut.step;
  feed.samples = std::min(file.cut.step, file.cut.samples - feed.firstSample);
  for (auto [stream, spec, repeated] :
       llvm::zip_equal(current->arrays, inputs, current->repeated)) {
    bool isScalar = spec.shape.empty();
    if (!isScalar || !repeated) {
      llvm::Expected<NpyArray> array =
          stream.next(isScalar ? 1 : stepOf(spec, stream, file.cut));
      if (array && isWhole)
        if (llvm::Error e = checkPiece(file, spec, *array, 0, stream))
          return std::move(e);
      if (array && array->dtype == DType::I32 && spec.dtype == DType::I64)
        array = widen(*array);
      if (!array)
        return array.takeError();
      if (!isScalar) {
        feed.arrays.push_back(std::move(*array));
        continue;
      }
      repeated = std::move(*array);
    }
    llvm::Expected<NpyArray> copy = repeated->clone();
    if (!copy)
      return copy.takeError();
    feed.arrays.push_back(std::move(*copy));
  }
  return feed;
}

llvm::Expected<std::optional<Feed>> DataSource::next() {
  if (currentFile == files.size())
    return std::nullopt;
  CheckedFile file{files.path(currentFile), cutOfFile(currentFile)};
  llvm::Expected<Feed> feed = readFeed(file);
  if (!feed) {
    currentFile = files.size();
    current.reset();
    return feed.takeError();
  }
  if (++nextFeed == file.cut.feeds) {
    current.reset();
    nextFeed = 0;
    ++currentFile;
  }
  return std::optional<Feed>(std::move(*feed));
}

void DataSource::rewind() {
  current.reset();
  currentFile = 0;
  nextFeed = 0;
}
