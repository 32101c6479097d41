//===- Recipe.h - rules that say how values are quantized -------*- C++ -*-===//
//
// In: lines of text, from a file or from options. Out: rules, in order. Which
// values they match is decided in Settings.h.
//
// A line holds words `key=value`, apart by blanks; `#` at the start of a word
// begins a comment; a value with blanks stands in double quotes.
//
//   name=REGEX op=KIND role=ROLE      select; all that are given must match
//   format= granularity= method= symmetry= keep=           choose; at least one
//
// Refused, with file, line and column: a key or a word that is not known, with
// the nearest ones; a key twice; a regular expression that is none; a choice
// that the role never takes.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_RECIPE_H
#define LOWBIT_SELECT_RECIPE_H

#include "lowbit/Select/Ranges.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Regex.h"
#include <memory>
#include <optional>
#include <vector>

namespace lowbit {

/// `i8`, `u4`: 2 to 16 bits.
struct ElementFormat {
  unsigned width = 8;
  bool isSigned = true;
  static std::optional<ElementFormat> parse(llvm::StringRef text);
  std::string text() const;
};

/// `tensor`, `channel`, `group:32`, `row`: which elements share a scale. A row
/// holds what one result of a contraction sums over, as the features of a
/// token.
struct GranularityChoice {
  enum Kind { Tensor, Channel, Group, Row } kind = Tensor;
  int64_t group = 0;
  static std::optional<GranularityChoice> parse(llvm::StringRef text);
  std::string text() const;
};

/// `asymmetric`; `symmetric`: zero is the middle; `narrow`: symmetric, without
/// the lowest integer.
enum class ZeroPlace { Asymmetric, Symmetric, Narrow };

struct Rule {
  std::string text;
  /// The file, or the option that the rule came from.
  std::string source;
  /// 0 where it came from an option.
  unsigned line = 0;

  std::string namePattern, op, role; // empty: any
  std::shared_ptr<llvm::Regex> name;

  std::optional<ElementFormat> format;
  std::optional<GranularityChoice> granularity;
  std::optional<MethodSpec> method;
  std::optional<ZeroPlace> zero;
  std::optional<bool> keepFloat;

  /// `recipe.txt:3: keep=float op=matmul`
  std::string describe() const;
};

class Recipe {
public:
  /// Takes what is wrong: line and column are 0 where there is no file.
  using ErrorHandler =
      llvm::function_ref<void(llvm::StringRef file, unsigned line,
                              unsigned column, const llvm::Twine &message)>;

  /// Appends the rules of a file, or the one of an option. False after errors.
  bool addFile(llvm::StringRef path, ErrorHandler onError);
  bool addText(llvm::StringRef text, llvm::StringRef name,
               ErrorHandler onError);
  bool addRule(llvm::StringRef text, llvm::StringRef option,
               ErrorHandler onError);
  /// `i4,channel,mse` after `weights=` or `activations=`: a rule for a role.
  bool addShorthand(llvm::StringRef words, llvm::StringRef role,
                    ErrorHandler onError);

  const std::vector<Rule> &rules() const { return list; }

private:
  std::vector<Rule> list;
};

/// Where the recipe of a pass comes from, in the order in which it is read.
struct RecipeOptions {
  std::string activations, weights, file;
  std::vector<std::string> rules;
};

bool readRecipe(const RecipeOptions &options, Recipe &recipe,
                Recipe::ErrorHandler onError);

} // namespace lowbit

#endif // LOWBIT_SELECT_RECIPE_H
