//===- Recipe.cpp - rules that say how values are quantized ---------------===//
//
// In: text. Out: rules. Refused, where it stands: what the header lists. All
// words that are known are in the tables below, once.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Recipe.h"

#include "lowbit/Store/NearestName.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace lowbit;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

std::optional<ElementFormat> ElementFormat::parse(StringRef text) {
  ElementFormat format;
  format.isSigned = text.starts_with("i");
  if (!text.consume_front("i") && !text.consume_front("u"))
    return std::nullopt;
  if (text.starts_with("0") || text.getAsInteger(10, format.width) ||
      format.width < 2 || format.width > 16)
    return std::nullopt;
  return format;
}

std::string ElementFormat::text() const {
  return (isSigned ? "i" : "u") + std::to_string(width);
}

std::optional<GranularityChoice> GranularityChoice::parse(StringRef text) {
  if (text == "tensor")
    return GranularityChoice{Tensor, 0};
  if (text == "channel")
    return GranularityChoice{Channel, 0};
  if (text == "row")
    return GranularityChoice{Row, 0};
  int64_t size;
  if (!text.consume_front("group:") || text.getAsInteger(10, size) || size < 1)
    return std::nullopt;
  return GranularityChoice{Group, size};
}

std::string GranularityChoice::text() const {
  if (kind == Group)
    return "group:" + std::to_string(group);
  if (kind == Row)
    return "row";
  return kind == Channel ? "channel" : "tensor";
}

static std::optional<ZeroPlace> parseZero(StringRef text) {
  return llvm::StringSwitch<std::optional<ZeroPlace>>(text)
      .Case("asymmetric", ZeroPlace::Asymmetric)
      .Case("symmetric", ZeroPlace::Symmetric)
      .Case("narrow", ZeroPlace::Narrow)
      .Default(std::nullopt);
}

static const std::vector<std::string> kKeys = {"format", "granularity", "keep",
                                               "method", "name",        "op",
                                               "role",   "symmetry"};
static const std::vector<std::string> kRoles = {"activation", "border", "table",
                                                "value", "weight"};

/// `; did you mean 'i8'?` or what there is.
static std::string suggest(StringRef word, llvm::ArrayRef<std::string> words,
                           StringRef holder) {
  return suggestNames(word, words, holder);
}

/// Puts one word into the rule; what is wrong with it, or nothing.
static std::string setKey(Rule &rule, StringRef key, StringRef value) {
  auto twice = [&](bool isThere) {
    return isThere ? "'" + key.str() + "' is given twice" : std::string();
  };
  if (!llvm::is_contained(kKeys, key))
    return "unknown key '" + key.str() + "'" +
           suggest(key, kKeys, "the keys are");
  if (value.empty())
    return "'" + key.str() + "=' needs a word after it";
  std::string problem;
  if (key == "name") {
    problem = twice(bool(rule.name));
    rule.name = std::make_shared<llvm::Regex>(value);
    rule.namePattern = value.str();
    std::string why;
    if (problem.empty() && !rule.name->isValid(why))
      problem = "'" + value.str() + "' is no regular expression: " + why;
  } else if (key == "op") {
    problem = twice(!rule.op.empty());
    rule.op = value.str();
  } else if (key == "role") {
    problem = twice(!rule.role.empty());
    rule.role = value.str();
    if (problem.empty() && !llvm::is_contained(kRoles, value))
      problem = "unknown role '" + value.str() + "'" +
                suggest(value, kRoles, "the roles are");
  } else if (key == "format") {
    problem = twice(rule.format.has_value());
    rule.format = ElementFormat::parse(value);
    if (problem.empty() && !rule.format)
      problem = "unknown format '" + value.str() +
                "'; formats are i2 to i16 and u2 to u16";
  } else if (key == "granularity") {
    problem = twice(rule.granularity.has_value());
    rule.granularity = GranularityChoice::parse(value);
    if (problem.empty() && !rule.granularity)
      problem = "unknown granularity '" + value.str() + "'" +
                suggest(value, {"channel", "group:32", "row", "tensor"},
                        "granularities are");
  } else if (key == "method") {
    problem = twice(rule.method.has_value());
    auto method = MethodSpec::parse(value);
    if (!method)
      return llvm::toString(method.takeError());
    rule.method = *method;
  } else if (key == "symmetry") {
    problem = twice(rule.zero.has_value());
    rule.zero = parseZero(value);
    if (problem.empty() && !rule.zero)
      problem = "unknown symmetry '" + value.str() + "'" +
                suggest(value, {"asymmetric", "narrow", "symmetric"},
                        "symmetries are");
  } else {
    problem = twice(rule.keepFloat.has_value());
    rule.keepFloat = value == "float";
    if (problem.empty() && value != "float" && value != "none")
      problem = "unknown word '" + value.str() +
                "' after 'keep='; it is float, or none to undo an earlier rule";
  }
  return problem;
}

/// What the rule as a whole gets wrong.
static std::string checkRule(const Rule &rule) {
  bool isActivation = rule.role == "activation" || rule.role == "border" ||
                      rule.role == "value";
  if (!rule.format && !rule.granularity && !rule.method && !rule.zero &&
      !rule.keepFloat)
    return "the rule chooses nothing; it needs format=, granularity=, method=, "
           "symmetry= or keep=";
  bool isConstant = rule.role == "weight" || rule.role == "table";
  bool isRow =
      rule.granularity && rule.granularity->kind == GranularityChoice::Row;
  if (isActivation && rule.granularity && !isRow &&
      rule.granularity->kind != GranularityChoice::Tensor)
    return "granularity=" + rule.granularity->text() +
           " is for weights and tables; activations have one scale a tensor "
           "or, "
           "in mode=dynamic, a row";
  if (isConstant && isRow)
    return "granularity=row is for activations; a " + rule.role +
           " has one scale for each channel or one a tensor";
  if (rule.role == "table" && rule.granularity &&
      rule.granularity->kind == GranularityChoice::Group)
    return "granularity=" + rule.granularity->text() +
           " is for weights; look-ups read tables with a scale for each row "
           "(channel) or one for all (tensor)";
  if (isConstant && rule.method && rule.method->method != Method::Auto &&
      !isWeightMethod(rule.method->method))
    return "method=" + rule.method->text() + " is for activations; a " +
           rule.role + " has minmax, percentile or mse";
  return "";
}

std::string Rule::describe() const {
  std::string where = source;
  if (line)
    where += ":" + std::to_string(line);
  return where + ": " + text;
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

namespace {
/// Parses one line. Errors carry the column where there is a file.
class LineParser {
public:
  LineParser(StringRef line, StringRef source, unsigned number,
             Recipe::ErrorHandler onError)
      : line(line), source(source), number(number), onError(onError) {}

  /// None for a line without words, and after an error.
  std::optional<Rule> parse() {
    Rule rule;
    rule.source = source.str();
    rule.line = number;
    size_t end = 0;
    while (skipBlanks()) {
      size_t start = position;
      std::string key, value;
      if (!takeWord(key, value))
        return std::nullopt;
      end = position;
      if (std::string problem = setKey(rule, key, value); !problem.empty())
        return fail(start, problem);
    }
    if (end == 0)
      return std::nullopt;
    rule.text = line.take_front(end).trim().str();
    if (std::string problem = checkRule(rule); !problem.empty())
      return fail(line.size() - line.ltrim().size(), problem);
    return rule;
  }

  bool hasFailed = false;

private:
  /// To the next word; false at the end of the line or at a comment.
  bool skipBlanks() {
    position = line.find_first_not_of(" \t\r\v\f", position);
    if (position == StringRef::npos || line[position] == '#')
      return false;
    return true;
  }

  bool takeWord(std::string &key, std::string &value) {
    size_t start = position;
    size_t end = std::min(line.find_first_of(" \t\r\v\f", start), line.size());
    size_t equals = line.find('=', start);
    if (equals >= end) {
      fail(start, "expected key=value, found '" + line.slice(start, end) + "'");
      return false;
    }
    key = line.slice(start, equals).str();
    if (equals + 1 < line.size() && line[equals + 1] == '"') {
      size_t close = line.find('"', equals + 2);
      if (close == StringRef::npos) {
        fail(equals + 1, "a quote is opened and not closed");
        return false;
      }
      value = line.slice(equals + 2, close).str();
      position = close + 1;
      return true;
    }
    value = line.slice(equals + 1, end).str();
    position = end;
    return true;
  }

  std::nullopt_t fail(size_t column, const Twine &problem) {
    hasFailed = true;
    if (number)
      onError(source, number, unsigned(column) + 1, problem);
    else
      onError(source, 0, 0, problem + " (in '" + line + "')");
    return std::nullopt;
  }

  StringRef line, source;
  unsigned number;
  Recipe::ErrorHandler onError;
  size_t position = 0;
};
} // namespace

bool Recipe::addFile(StringRef path, ErrorHandler onError) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    onError("", 0, 0,
            "cannot read the recipe '" + path +
                "': " + buffer.getError().message());
    return false;
  }
  StringRef text = (*buffer)->getBuffer();
  if (text.contains('\0') || !llvm::json::isUTF8(text)) {
    onError("", 0, 0,
            "the recipe '" + path +
                "' is not text; expected rules, one a line");
    return false;
  }
  return addText(text, path, onError);
}

bool Recipe::addText(StringRef text, StringRef name, ErrorHandler onError) {
  bool isGood = true;
  for (unsigned number = 1; !text.empty(); ++number) {
    auto [line, rest] = text.split('\n');
    text = rest;
    LineParser parser(line, name, number, onError);
    if (auto rule = parser.parse())
      list.push_back(std::move(*rule));
    isGood &= !parser.hasFailed;
  }
  return isGood;
}

bool Recipe::addRule(StringRef text, StringRef option, ErrorHandler onError) {
  LineParser parser(text, option, 0, onError);
  if (auto rule = parser.parse()) {
    list.push_back(std::move(*rule));
    return true;
  }
  if (!parser.hasFailed)
    onError(option, 0, 0, "the rule '" + text + "' has no words");
  return false;
}

bool Recipe::addShorthand(StringRef words, StringRef role,
                          ErrorHandler onError) {
  std::string option = role.str() + "s", text = "role=" + role.str();
  for (StringRef word : llvm::split(words, ',')) {
    word = word.trim();
    StringRef key = "method";
    if (ElementFormat::parse(word))
      key = "format";
    else if (GranularityChoice::parse(word))
      key = "granularity";
    else if (parseZero(word))
      key = "symmetry";
    else if (word == "float")
      key = "keep";
    else if (auto method = MethodSpec::parse(word); !method) {
      llvm::consumeError(method.takeError());
      onError(option, 0, 0,
              "unknown word '" + word + "' in '" + words +
                  "'; it takes a format (i2 to i16, u2 to u16), a granularity "
                  "(tensor, channel, group:32, row), a symmetry (asymmetric, "
                  "symmetric, narrow), a method, or float");
      return false;
    }
    text += (" " + key + "=" + word).str();
  }
  return addRule(text, option, onError);
}

bool lowbit::readRecipe(const RecipeOptions &options, Recipe &recipe,
                        Recipe::ErrorHandler onError) {
  bool isGood = true;
  if (!options.activations.empty())
    isGood &= recipe.addShorthand(options.activations, "activation", onError);
  if (!options.weights.empty())
    isGood &= recipe.addShorthand(options.weights, "weight", onError);
  if (!options.file.empty())
    isGood &= recipe.addFile(options.file, onError);
  for (const std::string &rule : options.rules)
    isGood &= recipe.addRule(rule, "rule", onError);
  return isGood;
}
