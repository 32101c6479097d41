//===- SelectionLog.h - why each value is as it is --------------*- C++ -*-===//
//
// One object that the passes of phases 2 and 3 share and write to. The
// explanation is made of it; warnings are gathered here, so that each kind is
// one diagnostic.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_SELECTIONLOG_H
#define LOWBIT_SELECT_SELECTIONLOG_H

#include "lowbit/Select/Ranges.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace lowbit {

struct SelectionLog {
  /// Candidates cost time and are computed only for an explanation.
  bool wantsCandidates = false;

  /// By value id, the keys that come on top of those of the observer:
  /// `samples`, `candidates`, `objective`, `sqnr_db`, `clipped`, `shared_with`,
  /// `rule`, `warnings`, `reason`, `note`. Made where it is not there.
  llvm::json::Object &value(llvm::StringRef id) { return values[id.str()]; }
  std::map<std::string, llvm::json::Object> values;

  /// Entries {name, target, kept, before_db, after_db, reason}.
  llvm::json::Array preparations;
  /// Entries {values, shared | rescaled_at, reason}.
  llvm::json::Array constraints;
  std::optional<llvm::json::Object> heldOut;

  /// What the search found for values whose method is `auto`, by value id. The
  /// reason goes to the explanation.
  struct Found {
    MethodSpec method;
    std::string reason;
    /// By method: the mean dB at the outputs, where that was measured.
    std::map<std::string, double> outputDb;
  };
  std::map<std::string, Found> found;

  enum Warning {
    FewSamples,
    DeadValue,
    DeadChannels,
    HeavyTail,
    Clipped,
    AnotherMethod,
    RangeAlone,
    WithoutZero,
    OtherBits,
  };
  /// `measure` ranks warnings of a kind, the greatest being the worst; `text`
  /// says it with numbers, without the name: "grew by 12 %".
  void warn(llvm::StringRef id, Warning kind, double measure, std::string text);
  /// A diagnostic a kind, with the count and the worst few; the rest is in the
  /// explanation only.
  void emitWarnings(mlir::ModuleOp module) const;

private:
  struct Entry {
    std::string id;
    double measure;
    std::string text;
  };
  std::map<Warning, std::vector<Entry>> warnings;
};

/// `{min, max}` as JSON.
llvm::json::Array toJson(float min, float max);
/// A candidate or a choice: method, range, objective, sqnr_db, clipped, note.
llvm::json::Object toJson(const MethodSpec &method, const RangeChoice &choice);

} // namespace lowbit

#endif // LOWBIT_SELECT_SELECTIONLOG_H
