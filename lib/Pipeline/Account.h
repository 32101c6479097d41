//===- Account.h - what is known of each operation --------------*- C++ -*-===//
//
// What the passes of the account share: the operations of the input, as phase 1
// left them, with who reads whom, and the values that phase 3 chose formats
// for. Operations are found again at the end by their ids.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PIPELINE_ACCOUNT_H
#define LOWBIT_LIB_PIPELINE_ACCOUNT_H

#include "lowbit/Pipeline/Explain.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace lowbit {

/// An operation of the input.
struct InputOperation {
  std::string id, op;
  mlir::LocationAttr loc;
  enum Kind {
    Contraction,
    Reduction,
    Elementwise,
    Movement,
    Conversion,
    Other
  };
  Kind kind = Other;
  /// It moves elements and changes none.
  bool keepsValues = false;
  /// Nothing that it reads depends on the model's inputs.
  bool isConstant = false;
  /// Some output of the model depends on it.
  bool isRead = false;
  /// Those that read its result, and those whose results it reads.
  llvm::SmallVector<size_t, 2> readers, sources;
  /// The observed values that it reads, by name.
  std::vector<std::string> reads;
  /// The integers that its result is held in: format, scale, zero point.
  std::optional<llvm::json::Object> parameters;
};

struct Account {
  AccountSettings settings;
  std::shared_ptr<SelectionLog> log;
  std::vector<InputOperation> operations;
  llvm::StringMap<size_t> index;
  llvm::json::Array values;
};

/// What became of an operation. The texts are empty where there is nothing to
/// say.
struct Outcome {
  enum Result { Integer, Table, Fused, Moved, Float, Removed };
  Result result = Float;
  /// The element types: "i8 x i8 -> i32".
  std::string format;
  /// The operation that computes it along with its own.
  std::string into;
  std::string reason;
  /// Of what stays float: the words to type, or that there are none.
  std::string change;
};
constexpr unsigned kNumResults = Outcome::Removed + 1;

/// "integer", "table", "fused", ...
llvm::StringRef resultName(Outcome::Result result);

/// One for each operation of the account, in its order. `module` is what the
/// phases made of it.
std::vector<Outcome> findOutcomes(mlir::ModuleOp module,
                                  const Account &account);

/// What would make an operation integer that is float for this reason.
std::string findChange(const InputOperation &operation, llvm::StringRef reason,
                       const Account &account);

std::string printed(mlir::Location loc);
std::string printed(mlir::Type type);

/// The scales and zero points as JSON; a summary of more than 1,024.
llvm::json::Object parametersToJson(const std::vector<float> &scales,
                                    std::vector<int32_t> zeroPoints);

} // namespace lowbit

#endif // LOWBIT_LIB_PIPELINE_ACCOUNT_H
