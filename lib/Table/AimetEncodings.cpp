//===- AimetEncodings.cpp - quantization encodings of AIMET ---------------===//
//
// In: an encodings file of AIMET, by the "Encoding Format Specification",
// Docs/techniques/encoding_spec.rst of https://github.com/qualcomm/aimet (for
// versions before 0.6: Docs/api_docs/quantization_encoding_specification.rst):
//
//   0.x    by tensor, a list with {bitwidth, dtype, is_symmetric, min, max,
//          offset, scale} for the tensor or each channel
//   1.0    a list of {name, enc_type, dtype, bw, is_sym, scale, offset};
//          min = scale offset, max = scale (offset + 2^bw - 1)
//   2.x    a list of {name, output_dtype, y_scale, y_zero_point}, as of
//          QuantizeLinear, parameters and activations together
//
// Out: the ranges of activations; where there is one for each channel, the
// least that covers them all. Notes say how many encodings were not used, and
// which: of parameters, for weights choose their own ranges, and of floats.
// Refused: other versions, and encodings whose
// fields contradict each other.
//
//===----------------------------------------------------------------------===//
#include "TableText.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <limits>

using namespace lowbit;
namespace json = llvm::json;

namespace {
class AimetReader {
public:
  explicit AimetReader(JsonComplaint &complaint) : complaint(complaint) {
    table.source = "aimet";
  }
  CalibrationTable read(const json::Value &value);

private:
  void readNamedLists(JsonObject &activations);
  void readChannel(const json::Value &value, const std::string &name,
                   const std::string &place);
  void readOne(const json::Value &value, const std::string &place);
  void readQuantizeLinear(const json::Value &value, const std::string &place);
  std::optional<bool> readSymmetry(JsonObject &object);
  uint64_t readBits(JsonObject &object, llvm::StringRef key);

  /// Joins a range with what the tensor has.
  void addRange(JsonObject &object, const std::string &name, double min,
                double max, unsigned bits, std::optional<bool> symmetric,
                bool perhapsParameter = false);
  /// An encoding with several scales.
  void noteChannels(const std::string &name, size_t channels) {
    if (channels > 1)
      joined.push_back(name);
  }
  void noteFloat(const std::string &name) {
    // One for each channel is still one value.
    if (!llvm::is_contained(floats, name))
      floats.push_back(name);
  }
  void nameParameters(const json::Value &given);
  /// One note on all of `names`, of which it lists some.
  void note(const std::vector<std::string> &names, llvm::StringRef what);

  JsonComplaint &complaint;
  CalibrationTable table;
  /// Names with an encoding that is none of integers, that has several ranges,
  /// and that only a parameter has.
  std::vector<std::string> floats, joined, parameters;
};
} // namespace

void AimetReader::addRange(JsonObject &object, const std::string &name,
                           double min, double max, unsigned bits,
                           std::optional<bool> symmetric,
                           bool perhapsParameter) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (!(min <= max) || std::fabs(min) > kMost || std::fabs(max) > kMost) {
    object.complain("has the range " + shortest(min) + " to " + shortest(max) +
                    ", expected finite floats in order");
    return;
  }
  ImportedRange range{static_cast<float>(min) + 0.0f,
                      static_cast<float>(max) + 0.0f, bits, symmetric,
                      perhapsParameter};
  auto [at, isNew] = table.ranges.emplace(name, range);
  if (isNew)
    return;
  at->second.min = std::min(at->second.min, range.min);
  at->second.max = std::max(at->second.max, range.max);
}

uint64_t AimetReader::readBits(JsonObject &object, llvm::StringRef key) {
  uint64_t bits = object.count(key);
  if (bits < 2 || bits > 32)
    object.complain(key, "is " + llvm::Twine(bits) + ", expected 2 to 32");
  return complaint ? 8 : bits;
}

//===----------------------------------------------------------------------===//
// Versions 0.x
//===----------------------------------------------------------------------===//

/// `"True"` and `"False"`, as a text or not.
std::optional<bool> AimetReader::readSymmetry(JsonObject &object) {
  if (!object.has("is_symmetric"))
    return std::nullopt;
  const json::Value *value = object.value("is_symmetric");
  if (auto boolean = value->getAsBoolean())
    return *boolean;
  std::string said = value->getAsString().value_or("").lower();
  if (said != "true" && said != "false")
    object.complain("is_symmetric",
                    "is " + describe(value) + ", expected 'True' or 'False'");
  return said == "true";
}

void AimetReader::readChannel(const json::Value &value, const std::string &name,
                              const std::string &place) {
  JsonObject object(&value, place, complaint);
  bool isFloat = object.has("dtype") && object.text("dtype") == "float";
  unsigned bits = readBits(object, "bitwidth");
  std::optional<bool> symmetric = readSymmetry(object);
  if (isFloat) {
    object.allowOthers();
    noteFloat(name);
    return;
  }
  if (object.has("dtype") && object.text("dtype") != "int")
    object.complain("dtype", "is " + describe(object.value("dtype")) +
                                 ", expected 'int' or 'float'");
  double min = object.wideNumber("min"), max = object.wideNumber("max");
  double scale = object.wideNumber("scale"),
         offset = object.wideNumber("offset");
  if (complaint)
    return;
  // Of a symmetric encoding the integers may leave one end out.
  double steps = std::ldexp(1, bits) - 1, width = max - min;
  auto differs = [&](double n) {
    return std::fabs(width - n * scale) > 1e-4 * std::fabs(width);
  };
  if (differs(steps) && !(symmetric.value_or(false) && !differs(steps - 1)))
    object.complain("scale",
                    "is " + shortest(scale) + ", and 'min' and 'max' are " +
                        shortest(width) + " apart, which " + shortest(steps) +
                        " steps make " + shortest(width / steps));
  // Older files count from the other end, and then one less.
  else if (scale > 0 &&
           std::fabs(std::fabs(offset) - std::fabs(min / scale)) > 1.01)
    object.complain("offset", "is " + shortest(offset) + ", and 'min' is " +
                                  shortest(min / scale) + " times 'scale'");
  else
    addRange(object, name, min, max, bits, symmetric);
}

void AimetReader::readNamedLists(JsonObject &activations) {
  for (const std::string &name : activations.keys()) {
    const json::Value *value = activations.value(name);
    std::string place = activations.placeOf(name);
    const json::Array *list = value->getAsArray();
    if (!list || list->empty()) {
      complaint.add(place,
                    "is " + describe(value) +
                        ", expected a list with an encoding (a file by torch "
                        "module names is none: use that of ONNX names)");
      return;
    }
    for (size_t i = 0; i < list->size() && !complaint; ++i)
      readChannel((*list)[i], name, placeOf(place, i));
    if (complaint)
      return;
    noteChannels(name, list->size());
  }
}

//===----------------------------------------------------------------------===//
// Version 1.0
//===----------------------------------------------------------------------===//

void AimetReader::readOne(const json::Value &value, const std::string &place) {
  JsonObject object(&value, place, complaint);
  std::string name = object.text("name");
  std::string kind = object.text("enc_type"), dtype = object.text("dtype");
  unsigned bits = readBits(object, "bw");
  if (complaint)
    return;
  if (table.ranges.count(name)) {
    object.complain("name", "'" + llvm::Twine(name) + "' is there twice");
    return;
  }
  if (dtype == "FLOAT") {
    object.allowOthers();
    noteFloat(name);
    return;
  }
  if (dtype != "INT")
    object.complain("dtype", "is '" + llvm::StringRef(dtype).take_front(100) +
                                 "', expected 'INT' or 'FLOAT'");
  if (kind != "PER_TENSOR" && kind != "PER_CHANNEL" && kind != "PER_BLOCK")
    object.complain("enc_type",
                    "is '" + llvm::StringRef(kind).take_front(100) +
                        "', expected 'PER_TENSOR', 'PER_CHANNEL' or "
                        "'PER_BLOCK' of an activation");
  bool symmetric = object.boolean("is_sym");
  std::vector<float> scales = object.numbers("scale");
  std::vector<float> offsets = object.numbers("offset");
  object.has("block_size");
  if (object.has("zero_point_shift") &&
      llvm::any_of(object.numbers("zero_point_shift"),
                   [](float shift) { return shift != 0; }))
    object.complain("zero_point_shift",
                    "is not 0, which only weights may have");
  if (complaint)
    return;
  if (scales.empty() || scales.size() != offsets.size() ||
      (kind == "PER_TENSOR" && scales.size() != 1)) {
    object.complain("scale", "has " + counted(scales.size(), "element") +
                                 " and 'offset' " +
                                 llvm::Twine(offsets.size()) +
                                 ", expected as many of each" +
                                 (kind == "PER_TENSOR" ? ", one" : ""));
    return;
  }
  for (size_t i = 0; i < scales.size() && !complaint; ++i) {
    double scale = scales[i], offset = offsets[i];
    if (!(scale > 0) || std::floor(offset) != offset)
      object.complain("scale", "is " + shortest(scale) + " with offset " +
                                   shortest(offset) +
                                   ", expected a positive number with an "
                                   "integer");
    else
      addRange(object, name, scale * offset,
               scale * (offset + std::ldexp(1, bits) - 1), bits, symmetric);
  }
  noteChannels(name, scales.size());
}

//===----------------------------------------------------------------------===//
// Versions 2.x
//===----------------------------------------------------------------------===//

void AimetReader::readQuantizeLinear(const json::Value &value,
                                     const std::string &place) {
  JsonObject object(&value, place, complaint);
  std::string name = object.text("name"), dtype = object.text("output_dtype");
  if (complaint)
    return;
  unsigned bits = 0;
  llvm::StringRef digits = dtype;
  bool isUnsigned = digits.consume_front("uint");
  if (llvm::StringRef(dtype).starts_with("float")) {
    object.allowOthers();
    noteFloat(name);
    return;
  }
  if ((!isUnsigned && !digits.consume_front("int")) ||
      digits.getAsInteger(10, bits) || bits < 2 || bits > 32) {
    object.complain("output_dtype",
                    "is '" + llvm::StringRef(dtype).take_front(100) +
                        "', expected one such as 'int8', 'uint16' or "
                        "'float8e4m3fn'");
    return;
  }
  // Only weights and biases have these.
  const json::Value *scale =
      object.has("y_scale") ? object.value("y_scale") : nullptr;
  if (bits == 32 || object.has("axis") || object.has("block_size") ||
      object.has("per_block_int_scale") || (scale && !scale->getAsNumber())) {
    object.allowOthers();
    parameters.push_back(name);
    return;
  }
  double size = object.wideNumber("y_scale");
  double zero =
      object.has("y_zero_point") ? object.wideNumber("y_zero_point") : 0;
  if (complaint)
    return;
  if (table.ranges.count(name)) {
    object.complain("name", "'" + llvm::Twine(name) + "' is there twice");
    return;
  }
  double least = isUnsigned ? 0 : -std::ldexp(1, bits - 1);
  double most = least + std::ldexp(1, bits) - 1;
  if (!(size > 0) || zero < least || zero > most || std::floor(zero) != zero) {
    object.complain("y_zero_point",
                    "is " + shortest(zero) + " with scale " + shortest(size) +
                        ", expected an integer from " + shortest(least) +
                        " to " + shortest(most) + " with a positive number");
    return;
  }
  addRange(object, name, (least - zero) * size, (most - zero) * size, bits,
           zero == least + std::ldexp(1, bits - 1),
           /*perhapsParameter=*/true);
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

/// What is in them does not matter.
void AimetReader::nameParameters(const json::Value &given) {
  std::vector<std::string> names;
  if (const json::Object *map = given.getAsObject()) {
    for (const auto &entry : *map)
      names.push_back(entry.first.str());
    llvm::sort(names);
  } else if (const json::Array *list = given.getAsArray()) {
    for (const json::Value &entry : *list) {
      const json::Object *object = entry.getAsObject();
      names.push_back(object ? object->getString("name").value_or("?").str()
                             : "?");
    }
  }
  llvm::append_range(parameters, names);
}

void AimetReader::note(const std::vector<std::string> &names,
                       llvm::StringRef what) {
  if (names.empty())
    return;
  constexpr size_t kMost = 8;
  std::string text = counted(names.size(), "encoding");
  for (auto [i, name] :
       llvm::enumerate(llvm::ArrayRef(names).take_front(kMost)))
    text += (i == 0 ? " ('" : ", '") + name + "'";
  if (names.size() > kMost)
    text += " and " + std::to_string(names.size() - kMost) + " more";
  table.notes.push_back(text + ") " + what.str());
}

CalibrationTable AimetReader::read(const json::Value &value) {
  JsonObject top(&value, "", complaint);
  top.allowOthers(); // the settings of the run, the producer
  std::string version = top.has("version") ? top.text("version") : "0.4.0";
  llvm::StringRef major = llvm::StringRef(version).split('.').first;
  auto readList = [&](llvm::StringRef key, auto readEntry) {
    size_t index = 0;
    for (const json::Value &entry : top.array(key)) {
      (this->*readEntry)(entry, placeOf(key, index++));
      if (complaint)
        return;
    }
  };
  if (major == "0") {
    JsonObject activations(top.value("activation_encodings"),
                           "activation_encodings", complaint);
    readNamedLists(activations);
  } else if (major == "1") {
    readList("activation_encodings", &AimetReader::readOne);
  } else if (major == "2") {
    readList("encodings", &AimetReader::readQuantizeLinear);
  } else {
    top.complain("version", "is '" + llvm::StringRef(version).take_front(100) +
                                "', and versions 0.x, 1.x and 2.x of AIMET's "
                                "encodings are read");
  }
  if (const json::Value *given = value.getAsObject()->get("param_encodings"))
    nameParameters(*given);
  note(floats, "of floats not used: they hold no range of integers");
  note(parameters, "of parameters not used: weights choose their own ranges");
  note(joined, "with a range for each channel: one that covers all is used");
  return std::move(table);
}

CalibrationTable lowbit::readAimetEncodings(const json::Value &value,
                                            JsonComplaint &complaint) {
  return AimetReader(complaint).read(value);
}
