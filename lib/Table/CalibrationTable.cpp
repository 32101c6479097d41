//===- CalibrationTable.cpp - statistics of a model's values --------------===//
//
// In: a file, or the text of one; another table to merge. Out: the table, or
// the file. Refused: what is none of the three formats, or contradicts itself;
// to merge what is not of one model.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/CalibrationTable.h"
#include "TableText.h"
#include "lowbit/Store/AtomicFile.h"
#include "lowbit/Store/NearestName.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace lowbit;
namespace json = llvm::json;

/// Parsed, a text takes some fifty times its size in memory at the most.
static constexpr uint64_t kLargestFile = uint64_t(1) << 29;

std::string lowbit::counted(size_t count, llvm::StringRef noun) {
  return (llvm::Twine(count) + " " + noun + (count == 1 ? "" : "s")).str();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::Expected<CalibrationTable> CalibrationTable::parse(llvm::StringRef text,
                                                         llvm::StringRef name) {
  JsonComplaint unknown(name,
                        "give a table that `lowbit calibrate` wrote, AIMET's "
                        "encodings or ONNX Runtime's calibration JSON");
  JsonComplaint damaged(name, "the table is damaged: calibrate again, or merge "
                              "again the tables that it was made from");
  JsonComplaint newer(name, "upgrade lowbit, or calibrate again with this one");
  JsonComplaint foreign(name, "export it again from the tool that it is from");
  json::Value parsed = parseJson(text, unknown);
  if (unknown)
    return unknown.takeError();
  const json::Object *object = parsed.getAsObject();
  JsonComplaint *complaint = &foreign;
  CalibrationTable table;
  if (object && object->get("version") && object->get("source")) {
    // Nothing is said of what a later format has.
    if (auto version = object->getInteger("version");
        version && *version > CalibrationTable::kVersion)
      newer.add("version",
                "is " + llvm::Twine(*version) +
                    ", which a later lowbit wrote; this one reads version " +
                    llvm::Twine(CalibrationTable::kVersion));
    if (newer)
      return newer.takeError();
    complaint = &damaged;
    table = readOwnTable(parsed, damaged);
  } else if (object && (object->get("activation_encodings") ||
                        object->get("encodings"))) {
    table = readAimetEncodings(parsed, foreign);
  } else if (object && !object->empty()) {
    complaint = &unknown;
    table = readOnnxRuntimeRanges(parsed, unknown);
  } else {
    if (object)
      unknown.add("", "is an object without entries");
    else
      unknown.add("", "is " + llvm::Twine(describe(&parsed)) +
                          ", expected an object");
    return unknown.takeError();
  }
  if (*complaint)
    return complaint->takeError();
  return table;
}

llvm::Expected<CalibrationTable> CalibrationTable::read(llvm::StringRef path) {
  auto cannotRead = [&](const llvm::Twine &why) {
    return llvm::createStringError("cannot read the calibration table '" +
                                   path + "': " + why);
  };
  llvm::sys::fs::file_status status;
  if (std::error_code ec = llvm::sys::fs::status(path, status))
    return cannotRead(ec.message());
  if (!llvm::sys::fs::is_regular_file(status))
    return cannotRead("it is not a regular file");
  if (status.getSize() > kLargestFile)
    return cannotRead("it has " + llvm::Twine(status.getSize()) +
                      " bytes, and " + llvm::Twine(kLargestFile) +
                      " are the most");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return cannotRead(buffer.getError().message());
  return parse((*buffer)->getBuffer(), path);
}

llvm::Error CalibrationTable::write(llvm::StringRef path) const {
  for (const auto &[id, statistics] : values)
    if (!json::isUTF8(id))
      return llvm::createStringError(
          "cannot write '" + path + "': the id of value '" + json::fixUTF8(id) +
          "' is not UTF-8; rename it in the model");
  if (!json::isUTF8(mask))
    return llvm::createStringError(
        "cannot write '" + path + "': the name of the mask '" +
        json::fixUTF8(mask) + "' is not UTF-8; rename it in the model");
  return writeFileAtomically(path, [&](llvm::raw_ostream &os) {
    print(os);
    return llvm::Error::success();
  });
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

static std::vector<std::string>
namesOf(const std::map<std::string, ValueStatistics> &values) {
  std::vector<std::string> names;
  for (const auto &[id, statistics] : values)
    names.push_back(id);
  return names;
}

/// What makes the statistics of one value in two tables another kind of
/// statistics; empty where nothing does.
static std::string difference(const ValueStatistics &a,
                              const ValueStatistics &b) {
  if (a.count + b.count > Histogram::kMostValues)
    return "has " + std::to_string(a.count) + " and " +
           std::to_string(b.count) + " elements, and " +
           std::to_string(Histogram::kMostValues) + " in all are the most";
  // What was never seen has no shape yet.
  if (a.empty() || b.empty())
    return "";
  if (a.kept.has_value() != b.kept.has_value())
    return "has kept rows in one of them only";
  if (a.channels.has_value() != b.channels.has_value())
    return "has statistics of channels in one of them only";
  if (a.channels && a.channels->axis != b.channels->axis)
    return "has statistics of channels along dimension " +
           std::to_string(a.channels->axis) + " and along " +
           std::to_string(b.channels->axis);
  if (a.channels && a.channels->sum.size() != b.channels->sum.size())
    return "has " + std::to_string(a.channels->sum.size()) + " and " +
           std::to_string(b.channels->sum.size()) + " channels";
  return "";
}

llvm::Error CalibrationTable::merge(const CalibrationTable &other,
                                    llvm::StringRef name,
                                    llvm::StringRef otherName) {
  auto refuse = [&](const llvm::Twine &why) {
    return llvm::createStringError("cannot merge '" + name + "' and '" +
                                   otherName + "': " + why);
  };
  struct Side {
    const CalibrationTable &table;
    llvm::StringRef file;
  };
  const Side own{*this, name}, others{other, otherName};
  for (const Side &side : {own, others})
    if (side.table.isImported())
      return refuse("'" + side.file + "' holds ranges of " + side.table.source +
                    ", and only statistics can be merged; merge tables that "
                    "`lowbit calibrate` wrote");
  if (fingerprint != other.fingerprint)
    return refuse("they are of different models, with fingerprints " +
                  fingerprint + " and " + other.fingerprint +
                  "; merge tables of one model");
  auto named = [](const std::string &mask) {
    return mask.empty() ? std::string("none") : "'" + mask + "'";
  };
  if (mask != other.mask)
    return refuse("their padding was left out by different masks, " +
                  named(mask) + " and " + named(other.mask) +
                  "; calibrate both with the same mask");
  for (auto [side, second] : {std::pair(own, others), std::pair(others, own)})
    for (const auto &[id, statistics] : side.table.values)
      if (!second.table.values.count(id))
        return refuse("'" + second.file + "' has no value '" + id +
                      "', which '" + side.file + "' has" +
                      suggestNames(id, namesOf(second.table.values)) +
                      "; calibrate both with the same options");
  for (const auto &[id, statistics] : values)
    if (std::string why = difference(statistics, other.values.at(id));
        !why.empty())
      return refuse("value '" + id + "' " + why +
                    "; calibrate both with the same options");
  constexpr uint64_t kMost = Histogram::kMostValues;
  uint64_t of = interruptedOf.value_or(samples);
  uint64_t otherOf = other.interruptedOf.value_or(other.samples);
  if (samples > kMost || other.samples > kMost || of > kMost || otherOf > kMost)
    return refuse("they have " + llvm::Twine(of) + " and " +
                  llvm::Twine(otherOf) + " samples, and " + llvm::Twine(kMost) +
                  " are the most");

  if (interruptedOf || other.interruptedOf)
    interruptedOf = of + otherOf;
  samples += other.samples;
  samplesHash += other.samplesHash;
  heldOut.reset();
  for (auto &[id, statistics] : values)
    statistics.merge(other.values.at(id));
  return llvm::Error::success();
}
