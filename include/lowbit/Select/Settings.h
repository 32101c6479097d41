//===- Settings.h - how each observed value is to be quantized --*- C++ -*-===//
//
// In: observers and a recipe. Out: for each observer its readers and what was
// decided for it, with the rule that decided.
//
// A rule matches a value as it is read by one operation: `name` is looked for
// in the value's id and in that operation's, `op` is that operation's kind.
// Formats, granularities, methods and symmetries belong to the value, so one
// matching reader is enough. `keep=float` belongs to the reading: the operation
// stays float, all of it; a value is left float where all that read it are. It
// can be said of operations that read no observed value, too: those computed
// in the registers of others.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_SETTINGS_H
#define LOWBIT_SELECT_SETTINGS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Select/Recipe.h"

namespace lowbit {

struct Settings {
  ElementFormat format;
  GranularityChoice granularity;
  MethodSpec method;
  ZeroPlace zero = ZeroPlace::Asymmetric;
  /// The last rule that decided anything; empty without one.
  std::string rule;

  /// The integers, and whether zero is their middle.
  Target target() const;
};

/// An operation that reads an observed value: a contraction, or a generic with
/// look-ups.
struct Reader {
  mlir::Operation *op;
  /// What it reads it by: its own operand, or that of a look-up inside.
  mlir::OpOperand *operand;
  /// The data movement in between, from the observer on.
  llvm::SmallVector<mlir::Operation *> moves;
  /// `matmul`, `contract`, `look-up`, ...
  std::string kind;
  std::string id;
  /// The rule that keeps it float; empty where none does.
  std::string keptBy;
};

struct ObservedValue {
  ObserveOp op;
  llvm::SmallVector<Reader> readers;
  Settings settings;
  /// False: no format, for the reason given.
  bool isQuantized = true;
  std::string reason;

  std::string id() { return op.getId().str(); }
  /// It is computed, and has statistics.
  bool isActivation() { return !op.isConstant(); }
  /// Something may read it quantized.
  bool isRead() { return op.getRole() != "value"; }
};

/// An operation that reads no observed value.
struct OtherOperation {
  mlir::Operation *op;
  std::string kind, id;
  /// The rule that keeps it float; empty where none does.
  std::string keptBy;
};

struct Selection {
  std::vector<ObservedValue> values;
  std::vector<OtherOperation> others;
};

/// What is wrong with the word of the option `mode`; empty when nothing is.
std::string checkMode(llvm::StringRef mode);

/// The readers of an observer, in order.
llvm::SmallVector<Reader> findReaders(ObserveOp op);

/// Defaults and rules, for all observers of `module`, in order. `method` is the
/// default of activations; what they can take depends on `mode`: in weight-only
/// nothing. Rules that name nothing are one error where `isWhole`; in a module
/// that is not observed in full yet they may name what is to come. Warns of
/// rules that do nothing.
llvm::FailureOr<Selection> resolveSettings(mlir::ModuleOp module,
                                           const Recipe &recipe,
                                           const MethodSpec &method,
                                           llvm::StringRef mode, bool isWhole);

/// Takes the observers out of operations that stay float whole: each gets
/// `lowbit.float_reason` and reads the values themselves; values that nothing
/// reads quantized any more become `isQuantized = false`. Returns how many
/// contractions were kept.
unsigned keepFloats(Selection &selection);

} // namespace lowbit

#endif // LOWBIT_SELECT_SETTINGS_H
