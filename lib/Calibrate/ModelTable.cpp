//===- ModelTable.cpp - the table of a model ------------------------------===//
//
// In: a module with observers, and a calibration table. Out: statistics on the
// observers. Refused: see ModelTable.h.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/ModelTable.h"

#include "lowbit/Analysis/Fingerprint.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Store/NearestName.h"

using namespace mlir;
using namespace lowbit;

/// The most names that a diagnostic lists.
static constexpr size_t kMostNames = 8;

static SmallVector<ObserveOp> observersOf(ModuleOp module) {
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp op) {
    if (!op.isConstant())
      observers.push_back(op);
  });
  return observers;
}

static std::vector<std::string> namesOf(const CalibrationTable &table) {
  std::vector<std::string> names;
  for (const auto &entry : table.values)
    names.push_back(entry.first);
  for (const auto &entry : table.ranges)
    names.push_back(entry.first);
  return names;
}

/// Names of values that a table of this model may have, however much of it was
/// observed.
static FailureOr<std::vector<std::string>> valueNames(ModuleOp module) {
  FailureOr<func::FuncOp> main = findMain(module);
  if (failed(main))
    return failure();
  std::set<std::string> names;
  for (BlockArgument argument : main->getArguments())
    names.insert(valueName(argument));
  main->walk([&](Operation *op) {
    if (auto observe = dyn_cast<ObserveOp>(op))
      names.insert(observe.getId().str());
    else if (op->hasAttr(LowbitDialect::kIdAttr))
      for (Value result : op->getResults())
        names.insert(valueName(result));
  });
  return std::vector<std::string>(names.begin(), names.end());
}

/// Lists `missing` in notes, each with the nearest of `names`.
static void listNames(InFlightDiagnostic &error, ArrayRef<std::string> missing,
                      ArrayRef<std::string> names) {
  for (const std::string &name : missing.take_front(kMostNames)) {
    Diagnostic &note = error.attachNote() << "'" << name << "'";
    for (auto [i, near] : llvm::enumerate(nearestNames(name, names)))
      note << (i == 0 ? "; the nearest: '" : ", '") << near << "'";
  }
  if (missing.size() > kMostNames)
    error.attachNote() << "and " << missing.size() - kMostNames << " more";
}

/// One error that lists `missing`, each with the nearest of `names`.
static LogicalResult refuseNames(ModuleOp module, const Twine &message,
                                 ArrayRef<std::string> missing,
                                 ArrayRef<std::string> names,
                                 ArrayRef<std::string> remedies) {
  InFlightDiagnostic error = module.emitError(message);
  listNames(error, missing, names);
  for (const std::string &remedy : remedies)
    error.attachNote() << remedy;
  return error;
}

/// What another tool's table has and nothing reads is said.
static void reportUnused(ModuleOp observed, const CalibrationTable &table,
                         StringRef which, ArrayRef<std::string> known) {
  std::set<std::string> read;
  for (ObserveOp op : observersOf(observed))
    if (op.isActivation())
      read.insert(op.getId().str());
  std::vector<std::string> unknown, idle;
  for (const auto &[name, range] : table.ranges) {
    if (!llvm::is_contained(known, name))
      unknown.push_back(name);
    else if (!read.count(name))
      idle.push_back(name);
  }
  for (const std::string &note : table.notes)
    observed.emitRemark(which) << ": " << note;
  if (!unknown.empty()) {
    InFlightDiagnostic warning = observed.emitWarning(which);
    warning << " has " << unknown.size() << " of " << table.ranges.size()
            << " ranges under names that the model has not; they are not used";
    if (llvm::any_of(table.ranges, [&](const auto &entry) {
          return entry.second.perhapsParameter &&
                 llvm::is_contained(unknown, entry.first);
        }))
      warning << "; some may be of parameters, which choose their own";
    listNames(warning, unknown, known);
  }
  if (idle.empty())
    return;
  InFlightDiagnostic remark = observed.emitRemark(which);
  remark << " has " << idle.size() << " of " << table.ranges.size()
         << " ranges of values that are not quantized; they are not used: ";
  for (auto [i, name] :
       llvm::enumerate(ArrayRef<std::string>(idle).take_front(kMostNames)))
    remark << (i ? ", '" : "'") << name << "'";
  if (idle.size() > kMostNames)
    remark << " and " << idle.size() - kMostNames << " more";
}

FailureOr<CalibrationTable> lowbit::readModelTable(ModuleOp observed,
                                                   StringRef path) {
  auto table = CalibrationTable::read(path);
  if (!table)
    return observed.emitError(llvm::toString(table.takeError()));
  std::string which = "the calibration table '" + path.str() + "'";
  bool isOurs = !table->fingerprint.empty();
  if (isOurs) {
    FailureOr<std::string> fingerprint = fingerprintModel(observed);
    if (failed(fingerprint))
      return failure();
    if (*fingerprint != table->fingerprint) {
      InFlightDiagnostic error = observed.emitError(which)
                                 << " is of another model: its fingerprint is "
                                 << table->fingerprint << ", this model has "
                                 << *fingerprint;
      error.attachNote() << "calibrate this model, with the same sizes (shape) "
                            "that it is quantized with";
      return error;
    }
  }
  std::vector<std::string> names = namesOf(*table), missing, extra;
  for (ObserveOp op : observersOf(observed))
    if (op.isActivation() && !llvm::is_contained(names, op.getId()))
      missing.push_back(op.getId().str());
  if (!missing.empty()) {
    // What was left out may be why.
    std::vector<std::string> remedies = table->notes;
    remedies.push_back(isOurs ? "calibrate with the options that the values "
                                "are observed with here"
                              : "add their ranges to it under these names, or "
                                "calibrate with data");
    return refuseNames(observed,
                       which + " lacks " + Twine(missing.size()) +
                           " of the values that are observed",
                       missing, names, remedies);
  }
  auto known = valueNames(observed);
  if (failed(known))
    return failure();
  for (const std::string &name : names)
    if (isOurs && !llvm::is_contained(*known, name))
      extra.push_back(name);
  if (!extra.empty())
    return refuseNames(observed,
                       which + " has " + Twine(extra.size()) +
                           " values that the model has not",
                       extra, *known, std::string("calibrate this model anew"));
  reportUnused(observed, *table, which, *known);
  if (table->interruptedOf)
    observed.emitWarning(which)
        << " is of an interrupted run: it has seen " << table->samples << " of "
        << *table->interruptedOf << " samples";
  return std::move(*table);
}

LogicalResult lowbit::applyTable(ModuleOp observed,
                                 const CalibrationTable &table) {
  Builder builder(observed.getContext());
  bool isComplete = true;
  for (ObserveOp op : observersOf(observed)) {
    std::string id = op.getId().str();
    float min = 0, max = 0;
    if (auto range = table.ranges.find(id); range != table.ranges.end()) {
      min = range->second.min;
      max = range->second.max;
    } else {
      auto seen = table.values.find(id);
      if (seen == table.values.end() || seen->second.empty()) {
        // Nothing is chosen for what is only observed.
        if (op.isActivation()) {
          InFlightDiagnostic error = op.emitError("calibration: the value '");
          error << id << "' was never computed on the calibration data";
          if (!table.mask.empty())
            error << ", or is padding in every sample: the mask is '"
                  << table.mask << "'";
          isComplete = false;
        }
        continue;
      }
      min = seen->second.min;
      max = seen->second.max;
      op.setCountAttr(builder.getI64IntegerAttr(seen->second.count));
    }
    op.setMinAttr(builder.getF32FloatAttr(min));
    op.setMaxAttr(builder.getF32FloatAttr(max));
  }
  return success(isComplete);
}
