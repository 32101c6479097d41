//===- SelectionLog.cpp - why each value is as it is ----------------------===//
//
// In: what passes note down. Out: JSON, and one diagnostic for each kind of
// warning.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/SelectionLog.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace lowbit;

static constexpr size_t kShown = 3;

void SelectionLog::warn(StringRef id, Warning kind, double measure,
                        std::string text) {
  llvm::json::Object &object = value(id);
  llvm::json::Array *list = object.getArray("warnings");
  if (!list) {
    object["warnings"] = llvm::json::Array();
    list = object.getArray("warnings");
  }
  list->push_back(text);
  warnings[kind].push_back({id.str(), measure, std::move(text)});
}

/// What has befallen so many values, and whether it matters.
static std::pair<StringRef, bool> describe(SelectionLog::Warning kind) {
  switch (kind) {
  case SelectionLog::FewSamples:
    return {"too few calibration samples: ranges still grow", true};
  case SelectionLog::DeadValue:
    return {
        "nothing but zero in what the range is from; the scale is the floor, "
        "and any other value will be clipped",
        true};
  case SelectionLog::DeadChannels:
    return {"channels without a value of note; their scale is the floor",
            false};
  case SelectionLog::HeavyTail:
    return {"heavy tails: few elements stretch the range", true};
  case SelectionLog::Clipped:
    return {"ranges clip more than a tenth of the elements: another method may "
            "fit better",
            true};
  case SelectionLog::AnotherMethod:
    return {"the method cannot choose here; another one did", false};
  case SelectionLog::RangeAlone:
    return {"the calibration table has a range and no statistics, so that the "
            "method has nothing to choose from: the range is used",
            true};
  case SelectionLog::WithoutZero:
    return {"ranges without 0 were extended to it, for it is always "
            "an integer",
            true};
  case SelectionLog::OtherBits:
    return {"ranges of the calibration table are used that were chosen for "
            "other bits than the values get",
            true};
  }
  llvm_unreachable("all kinds are listed");
}

void SelectionLog::emitWarnings(ModuleOp module) const {
  for (const auto &[kind, list] : warnings) {
    std::vector<Entry> entries = list;
    llvm::sort(entries, [](const Entry &a, const Entry &b) {
      return std::tie(b.measure, a.id) < std::tie(a.measure, b.id);
    });
    auto [title, isWarning] = describe(kind);
    InFlightDiagnostic diagnostic =
        isWarning ? module.emitWarning() : module.emitRemark();
    diagnostic << title << "; " << entries.size()
               << (entries.size() == 1 ? " value: " : " values: ");
    for (size_t i = 0; i < std::min(entries.size(), kShown); ++i)
      diagnostic << (i ? ", '" : "'") << entries[i].id << "' ("
                 << entries[i].text << ")";
    if (entries.size() > kShown)
      diagnostic << " and " << entries.size() - kShown
                 << " more, which explain=FILE lists";
  }
}

/// Finite numbers as they are; JSON has no others.
static llvm::json::Value number(double value) {
  if (!std::isfinite(value))
    return nullptr;
  return value;
}

llvm::json::Array lowbit::toJson(float min, float max) {
  return llvm::json::Array{number(min), number(max)};
}

llvm::json::Object lowbit::toJson(const MethodSpec &method,
                                  const RangeChoice &choice) {
  llvm::json::Object object{{"method", method.text()},
                            {"range", toJson(choice.min, choice.max)},
                            {"objective", number(choice.objective)},
                            {"sqnr_db", number(choice.sqnrDb)},
                            {"clipped", number(choice.clippedShare)}};
  if (!choice.note.empty())
    object["note"] = choice.note;
  return object;
}
