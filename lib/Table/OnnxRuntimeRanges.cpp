//===- OnnxRuntimeRanges.cpp - calibration JSON of ONNX Runtime -----------===//
//
// In: what onnxruntime.quantization writes: `write_calibration_table` (the file
// calibration.json) and `save_tensors_data`, with the encoder
// CalibrationCacheEncoder, in onnxruntime/python/tools/quantization/
// {calibrate,quant_utils}.py of https://github.com/microsoft/onnxruntime. By
// tensor name, and around it the object of class TensorsData or nothing:
//
//   {"CLS": "TensorData", "lowest": A, "highest": A, ...}  since 1.16
//   [lowest, highest]                                      before
//
// where A is a number or {"CLS": "numpy.array", "data": ..., "dtype": ...}.
// Out: the range of each tensor; where there is one for each channel, the least
// that covers them all. The histograms beside them are left out: their bins are
// of ONNX Runtime's own choosing. Refused: what is not such a file.
//
//===----------------------------------------------------------------------===//
#include "TableText.h"

#include <algorithm>

using namespace lowbit;
namespace json = llvm::json;

/// All numbers of an array of any rank.
static void flatten(const json::Value &value, const std::string &place,
                    std::vector<float> &numbers, JsonComplaint &complaint) {
  if (const json::Array *array = value.getAsArray()) {
    for (size_t i = 0; i < array->size() && !complaint; ++i)
      flatten((*array)[i], placeOf(place, i), numbers, complaint);
    return;
  }
  if (std::optional<float> x = toFloat(value))
    numbers.push_back(*x);
  else
    complaint.add(place,
                  "is " + describe(&value) + ", expected a finite number");
}

/// A number or a numpy array.
static std::vector<float> readArray(const json::Value *value,
                                    const std::string &place,
                                    JsonComplaint &complaint) {
  std::vector<float> numbers;
  if (!value)
    return numbers;
  if (!value->getAsObject()) {
    flatten(*value, place, numbers, complaint);
  } else {
    JsonObject object(value, place, complaint);
    object.allowOthers();
    if (std::string kind = object.text("CLS"); kind != "numpy.array")
      object.complain("CLS", "is '" + llvm::StringRef(kind).take_front(100) +
                                 "', expected 'numpy.array'");
    if (const json::Value *data = object.value("data"))
      flatten(*data, object.placeOf("data"), numbers, complaint);
  }
  if (numbers.empty())
    complaint.add(place, "has no numbers");
  return numbers;
}

static ImportedRange readTensor(const json::Value &value,
                                const std::string &place,
                                std::vector<std::string> &notes,
                                JsonComplaint &complaint) {
  std::vector<float> lowest, highest;
  if (const json::Array *pair = value.getAsArray()) {
    if (pair->size() != 2) {
      complaint.add(place, "has " + counted(pair->size(), "element") +
                               ", expected the lowest and the highest value");
      return {};
    }
    lowest = readArray(&(*pair)[0], placeOf(place, size_t(0)), complaint);
    highest = readArray(&(*pair)[1], placeOf(place, 1), complaint);
  } else {
    JsonObject object(&value, place, complaint);
    if (std::string kind = object.text("CLS"); kind != "TensorData")
      object.complain("CLS", "is '" + llvm::StringRef(kind).take_front(100) +
                                 "', expected 'TensorData'");
    lowest =
        readArray(object.value("lowest"), object.placeOf("lowest"), complaint);
    highest = readArray(object.value("highest"), object.placeOf("highest"),
                        complaint);
    for (const char *other : {"avg", "std", "hist", "hist_edges", "bins"})
      object.has(other);
  }
  if (complaint)
    return {};
  if (lowest.size() != highest.size()) {
    complaint.add(place, "has " + llvm::Twine(lowest.size()) + " lowest and " +
                             llvm::Twine(highest.size()) +
                             " highest values, expected as many of each");
    return {};
  }
  for (size_t i = 0; i < lowest.size(); ++i)
    if (lowest[i] > highest[i])
      complaint.add(place, "has a lowest value " + shortest(lowest[i]) +
                               " above the highest, " + shortest(highest[i]));
  if (lowest.size() > 1)
    notes.push_back(place + ": the ranges of its " +
                    std::to_string(lowest.size()) +
                    " channels became one that covers them");
  ImportedRange range;
  range.min = *std::min_element(lowest.begin(), lowest.end());
  range.max = *std::max_element(highest.begin(), highest.end());
  return range;
}

CalibrationTable lowbit::readOnnxRuntimeRanges(const json::Value &value,
                                               JsonComplaint &complaint) {
  CalibrationTable table;
  table.source = "onnxruntime";
  JsonObject top(&value, "", complaint);
  auto readTensors = [&](JsonObject &tensors) {
    for (const std::string &name : tensors.keys()) {
      table.ranges[name] = readTensor(
          *tensors.value(name), tensors.placeOf(name), table.notes, complaint);
      if (complaint)
        return;
    }
  };
  const json::Value *kind = value.getAsObject()->get("CLS");
  if (!kind || !kind->getAsString()) {
    readTensors(top);
    return table;
  }
  if (*kind->getAsString() != "TensorsData")
    top.complain("CLS", "is " + describe(kind) + ", expected 'TensorsData'");
  top.text("CLS");
  top.allowOthers(); // the method, and whether SmoothQuant was on
  JsonObject data(top.value("data"), "data", complaint);
  readTensors(data);
  if (table.ranges.empty() && !complaint)
    data.complain("has no tensors");
  return table;
}
