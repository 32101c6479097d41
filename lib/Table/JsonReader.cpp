//===- JsonReader.cpp - checked access to untrusted JSON ------------------===//
//
// In: a text. Out: its values, with the types that are asked for. Refused: see
// the header; the message has file, place, what was found and what was
// expected.
//
//===----------------------------------------------------------------------===//
#include "JsonReader.h"
#include "lowbit/Store/NearestName.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <charconv>
#include <cmath>
#include <limits>

using namespace lowbit;
namespace json = llvm::json;

/// Deeper than any format that is read here; the parser recurses.
static constexpr size_t kDeepest = 32;

void JsonComplaint::add(llvm::StringRef place, const llvm::Twine &message) {
  if (!text.empty())
    return;
  text = "'" + file + "': ";
  if (!place.empty())
    text += (place + ": ").str();
  text += (message + "; " + remedy).str();
}

/// True for a key that is a plain name.
static bool isPlain(llvm::StringRef key) {
  return !key.empty() && llvm::all_of(key, [](char c) {
    return llvm::isAlnum(c) || c == '_' || c == '-';
  });
}

std::string lowbit::placeOf(llvm::StringRef outer, llvm::StringRef key) {
  // Names of values may be anything: the quotes tell where they end.
  std::string own =
      isPlain(key) ? key.str()
                   : llvm::formatv(
                         "{0}", json::Value(json::fixUTF8(key.take_front(200))))
                         .str();
  return outer.empty() ? own : (outer + "." + own).str();
}

std::string lowbit::placeOf(llvm::StringRef outer, size_t index) {
  return (outer + "[" + llvm::Twine(index) + "]").str();
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
/// Finds what the parser does not refuse: depth and repeated keys. Text that is
/// no JSON may go unnoticed here.
class Scanner {
public:
  explicit Scanner(llvm::StringRef text) : text(text) {}

  bool nestsTooDeeply() {
    size_t depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"')
        skipString(i);
      else if (text[i] == '{' || text[i] == '[') {
        if (++depth > kDeepest)
          return true;
      } else if ((text[i] == '}' || text[i] == ']') && depth)
        --depth;
    }
    return false;
  }

  /// The first key that its object has twice; of JSON only.
  std::optional<std::string> repeatedKey() {
    std::vector<std::set<std::string>> open;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{' || text[i] == '[')
        open.emplace_back();
      else if (text[i] == '}' || text[i] == ']')
        open.pop_back();
      if (text[i] != '"')
        continue;
      size_t begin = i;
      skipString(i);
      llvm::StringRef quoted = text.slice(begin, i + 1);
      if (!text.drop_front(i + 1).ltrim().starts_with(":"))
        continue;
      std::string key = quoted.drop_front().drop_back().str();
      if (quoted.contains('\\')) // one key may be spelled in several ways
        key = llvm::cantFail(json::parse(quoted)).getAsString()->str();
      if (!open.back().insert(key).second)
        return key;
    }
    return std::nullopt;
  }

private:
  /// Leaves `i` at the closing quote.
  void skipString(size_t &i) const {
    for (++i; i < text.size() && text[i] != '"'; ++i)
      if (text[i] == '\\')
        ++i;
  }

  llvm::StringRef text;
};
} // namespace

json::Value lowbit::parseJson(llvm::StringRef text, JsonComplaint &complaint) {
  Scanner scanner(text);
  if (scanner.nestsTooDeeply()) {
    complaint.add("", "nests more than " + llvm::Twine(kDeepest) +
                          " deep, which no table does");
    return nullptr;
  }
  llvm::Expected<json::Value> parsed = json::parse(text);
  if (!parsed) {
    complaint.add("", "is not JSON: " + llvm::toString(parsed.takeError()));
    return nullptr;
  }
  if (auto key = scanner.repeatedKey())
    complaint.add("", "the key '" + llvm::Twine(*key) +
                          "' is there twice in "
                          "one object");
  return std::move(*parsed);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::string lowbit::describe(const json::Value *value) {
  if (!value)
    return "nothing";
  switch (value->kind()) {
  case json::Value::Array:
    return "an array";
  case json::Value::Object:
    return "an object";
  case json::Value::String:
    return "'" + value->getAsString()->take_front(100).str() + "'";
  case json::Value::Number:
    if (!value->getAsInteger())
      return shortest(*value->getAsNumber());
    [[fallthrough]];
  default:
    return llvm::formatv("{0}", *value);
  }
}

template <typename T> static std::string shortestOf(T x) {
  char text[400];
  return std::string(text, std::to_chars(text, text + sizeof text, x).ptr);
}
std::string lowbit::shortest(float x) { return shortestOf(x); }
std::string lowbit::shortest(double x) { return shortestOf(x); }

std::optional<float> lowbit::toFloat(const json::Value &value) {
  std::optional<double> number = value.getAsNumber();
  constexpr double most = std::numeric_limits<float>::max();
  // The shortest decimal of the largest float is a little above it.
  constexpr double beyond = 0x1.ffffffp+127;
  if (!number || !(std::fabs(*number) < beyond))
    return std::nullopt;
  // -0 is 0.
  return static_cast<float>(std::clamp(*number, -most, most)) + 0.0f;
}

std::optional<uint64_t> lowbit::toCount(const json::Value &value) {
  // Through no double, which has 53 bits.
  std::optional<int64_t> integer = value.getAsInteger();
  if (!integer || *integer < 0)
    return std::nullopt;
  return *integer;
}

JsonObject::JsonObject(const json::Value *value, std::string place,
                       JsonComplaint &complaint)
    : object(value ? value->getAsObject() : nullptr), place(std::move(place)),
      complaint(complaint) {
  if (value && !object)
    complain("is " + llvm::Twine(describe(value)) + ", expected an object");
}

JsonObject::~JsonObject() {
  if (!object || !closed || complaint)
    return;
  std::optional<std::string> unknown; // the first by name: objects are unsorted
  for (const auto &[key, value] : *object)
    if (!known.count(key.str()) && (!unknown || key.str() < *unknown))
      unknown = key.str();
  if (unknown)
    complain("has an unknown key '" + llvm::Twine(*unknown) + "'" +
             suggestNames(*unknown,
                          std::vector<std::string>(known.begin(), known.end()),
                          "expected"));
}

bool JsonObject::has(llvm::StringRef key) {
  known.insert(key.str());
  return object && object->get(key);
}

const json::Value *JsonObject::value(llvm::StringRef key) {
  if (has(key))
    return object->get(key);
  if (object)
    complain("lacks the key '" + key + "'");
  return nullptr;
}

void JsonObject::expected(llvm::StringRef key, llvm::StringRef what,
                          const json::Value *found) {
  if (found)
    complain(key, "is " + describe(found) + ", expected " + what);
}

template <typename T, typename Convert>
T JsonObject::read(llvm::StringRef key, llvm::StringRef what, Convert convert) {
  const json::Value *found = value(key);
  std::optional<T> result = found ? convert(*found) : std::nullopt;
  if (!result)
    expected(key, what, found);
  return result.value_or(T());
}

uint64_t JsonObject::count(llvm::StringRef key) {
  return read<uint64_t>(key, "an integer from 0 to 9223372036854775807",
                        toCount);
}

int64_t JsonObject::integer(llvm::StringRef key) {
  return read<int64_t>(key, "an integer",
                       std::mem_fn(&json::Value::getAsInteger));
}

float JsonObject::number(llvm::StringRef key) {
  return read<float>(key, "a finite 32-bit float", toFloat);
}

double JsonObject::wideNumber(llvm::StringRef key) {
  return read<double>(key, "a number", std::mem_fn(&json::Value::getAsNumber));
}

bool JsonObject::boolean(llvm::StringRef key) {
  return read<bool>(key, "true or false",
                    std::mem_fn(&json::Value::getAsBoolean));
}

std::string JsonObject::text(llvm::StringRef key) {
  return read<llvm::StringRef>(key, "a string",
                               std::mem_fn(&json::Value::getAsString))
      .str();
}

const json::Array &JsonObject::array(llvm::StringRef key) {
  static const json::Array empty;
  const json::Value *found = value(key);
  const json::Array *result = found ? found->getAsArray() : nullptr;
  if (!result)
    expected(key, "an array", found);
  return result ? *result : empty;
}

/// Every element through `convert`, up to one that it refuses.
template <typename T, typename Convert>
std::vector<T> JsonObject::elements(llvm::StringRef key, llvm::StringRef what,
                                    Convert convert) {
  std::vector<T> result;
  const json::Array &values = array(key);
  result.reserve(values.size());
  for (const json::Value &value : values) {
    std::optional<T> element = convert(value);
    if (!element) {
      complaint.add(lowbit::placeOf(placeOf(key), result.size()),
                    "is " + describe(&value) + ", expected " + what);
      break;
    }
    result.push_back(*element);
  }
  return result;
}

std::vector<float> JsonObject::numbers(llvm::StringRef key) {
  return elements<float>(key, "a finite 32-bit float", toFloat);
}

std::vector<uint64_t> JsonObject::counts(llvm::StringRef key) {
  return elements<uint64_t>(key, "an integer from 0 to 9223372036854775807",
                            toCount);
}

std::vector<std::string> JsonObject::keys() {
  if (object)
    for (const auto &[key, value] : *object)
      known.insert(key.str());
  return std::vector<std::string>(known.begin(), known.end());
}
