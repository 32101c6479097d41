//===- JsonReader.h - checked access to untrusted JSON ----------*- C++ -*-===//
//
// In: a text. Out: its values, by key, with the types that are asked for.
// Refused: text that is no JSON, nests deeply or says a key twice; missing and
// unknown keys, values of other types. The first complaint is kept, with its
// place; after it reading goes on with empty values, so that code which reads
// needs no checks of its own.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_TABLE_JSONREADER_H
#define LOWBIT_LIB_TABLE_JSONREADER_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <set>
#include <string>

namespace lowbit {

class JsonComplaint {
public:
  /// `file` begins the message and `remedy` ends it.
  JsonComplaint(llvm::StringRef file, llvm::StringRef remedy)
      : file(file), remedy(remedy) {}

  void add(llvm::StringRef place, const llvm::Twine &message);
  explicit operator bool() const { return !text.empty(); }
  llvm::Error takeError() const { return llvm::createStringError(text); }

private:
  std::string file, remedy, text;
};

/// Null where the text was refused.
llvm::json::Value parseJson(llvm::StringRef text, JsonComplaint &complaint);

/// What a value is, for messages: `a string`, `3.5`, `an array`.
std::string describe(const llvm::json::Value *value);

/// The fewest digits that read back as the same number.
std::string shortest(float x);
std::string shortest(double x);

/// Takes a number that is a float to the nearest one; none for others.
std::optional<float> toFloat(const llvm::json::Value &value);
/// Integers from 0 to 2^63 - 1.
std::optional<uint64_t> toCount(const llvm::json::Value &value);

/// `values."a.b"`: a place inside of another.
std::string placeOf(llvm::StringRef outer, llvm::StringRef key);
std::string placeOf(llvm::StringRef outer, size_t index);

/// One JSON object. Complains, when it goes, about keys that were not asked
/// for.
class JsonObject {
public:
  JsonObject(const llvm::json::Value *value, std::string place,
             JsonComplaint &complaint);
  JsonObject(JsonObject &&) = delete;
  ~JsonObject();

  bool has(llvm::StringRef key);
  /// Each of these complains where the key is missing.
  const llvm::json::Value *value(llvm::StringRef key);
  uint64_t count(llvm::StringRef key);
  int64_t integer(llvm::StringRef key);
  /// Finite.
  float number(llvm::StringRef key);
  double wideNumber(llvm::StringRef key);
  bool boolean(llvm::StringRef key);
  std::string text(llvm::StringRef key);
  const llvm::json::Array &array(llvm::StringRef key);
  /// The elements of an array, all of that kind.
  std::vector<float> numbers(llvm::StringRef key);
  std::vector<uint64_t> counts(llvm::StringRef key);

  /// All keys, sorted; asking for them asks for each.
  std::vector<std::string> keys();
  /// Keys that are not known are fine from now on.
  void allowOthers() { closed = false; }

  std::string placeOf(llvm::StringRef key) const {
    return lowbit::placeOf(place, key);
  }
  void complain(const llvm::Twine &message) { complaint.add(place, message); }
  void complain(llvm::StringRef key, const llvm::Twine &message) {
    complaint.add(placeOf(key), message);
  }

private:
  /// What `convert` makes of a value, an optional; complains where that is
  /// nothing.
  template <typename T, typename Convert>
  T read(llvm::StringRef key, llvm::StringRef what, Convert convert);
  void expected(llvm::StringRef key, llvm::StringRef what,
                const llvm::json::Value *found);
  template <typename T, typename Convert>
  std::vector<T> elements(llvm::StringRef key, llvm::StringRef what,
                          Convert convert);

  const llvm::json::Object *object;
  std::string place;
  JsonComplaint &complaint;
  std::set<std::string> known;
  bool closed = true;
};

} // namespace lowbit

#endif // LOWBIT_LIB_TABLE_JSONREADER_H
