//===- IntegerEvaluator.h - a float body in fixed point ---------*- C++ -*-===//
//
// What the parts of emitIntegerBody share: the numbers of a body, and what is
// made of its operations.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGEREVALUATOR_H
#define LOWBIT_LIB_LOWER_INTEGEREVALUATOR_H

#include "IntegerBody.h"
#include "IntegerNest.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace lowbit {

/// A function of an integer of the body, which may be that of an operand.
struct Function {
  mlir::Value base;
  Interval range;
  std::vector<float> samples;
};

/// A number or a condition of the body: one of these.
struct Number {
  std::optional<Fixed> fixed;
  std::optional<LoopFactor> constant;
  std::shared_ptr<Function> function;
  /// A constant with more than one dimension.
  mlir::Value tensor;
  mlir::AffineMap map;
  llvm::ArrayRef<float> elements;
  /// No float: the integer or condition itself.
  mlir::Value plain;
};

class IntegerEvaluator {
public:
  IntegerEvaluator(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                   const IntegerBodyOptions &options, ParameterReader &reader,
                   IntegerRanges &ranges)
      : builder(builder), op(op), options(options), ranges(ranges),
        nest(builder, op, op.getNumLoops()), fixed(nest.body()) {}

  std::optional<llvm::SmallVector<IntegerTensor>> run();
  std::string reason;

private:
  using Result = std::optional<Number>;
  using Numbers = llvm::MutableArrayRef<Number>;
  using Results = std::optional<llvm::SmallVector<IntegerTensor>>;

  bool readOperands();
  /// What is not read may say how many iterations there are: the window of a
  /// pooling operation.
  void keepBounds();
  /// One operation of the body, on what its operands became.
  bool visit(mlir::Operation *inner);
  bool readArguments(mlir::Operation *inner, std::vector<Number> &args);
  /// Of integers and conditions only.
  void clonePlain(mlir::Operation *inner);
  Result evaluate(mlir::Operation *inner, Numbers args);
  Result evaluateArithmetic(mlir::Operation *inner, Numbers args);
  Result evaluateChoice(mlir::Operation *inner, Numbers args);
  Result evaluateConversion(mlir::Operation *inner, Numbers args);
  Result evaluateWhole(mlir::Operation *inner, Numbers args);
  Result add(Number a, Number b, std::optional<RealRange> hint);
  Result subtract(Number a, Number b, std::optional<RealRange> hint);
  Result multiply(Number a, Number b);
  Result divide(mlir::Operation *inner, Numbers args);
  Result bound(Number a, Number b, bool isMaximum);
  Result compare(mlir::arith::CmpFPredicate predicate, Number a, Number b);
  Result choose(mlir::Operation *inner, Numbers args);
  Result fromInteger(mlir::Operation *inner, const Number &number);
  Result toInteger(mlir::Operation *inner, const Number &number);
  Result extract(mlir::tensor::ExtractOp inner);
  /// Both in the same steps.
  std::pair<Fixed, Fixed> together(const Number &a, const Number &b,
                                   bool isBound,
                                   std::optional<RealRange> hint);
  static bool isYielded(mlir::Operation *inner) {
    return llvm::any_of(inner->getUsers(),
                        llvm::IsaPred<mlir::linalg::YieldOp>);
  }
  /// What the result was observed to be, for what is yielded.
  std::optional<RealRange> hintOf(mlir::Operation *inner);
  /// The operation on the samples of the one integer that all operands depend
  /// on; none where there are several, or where it need not be.
  std::optional<Result> sample(mlir::Operation *inner, Numbers args);
  /// The number as 32 bits with one scale, the same for all that ask.
  Fixed asBase(Fixed number);
  /// The number at the points of the grid of `range`.
  std::optional<std::vector<float>> samplesOf(const Number &number,
                                              Interval range, bool isExact);
  /// An integer or a condition, looked up where it is a function.
  mlir::Value toPlain(const Number &number, mlir::Type type);
  /// In integers, clipped to `most`.
  Fixed toFixed(const Number &number, std::optional<double> most = {});
  /// A constant of integers for the floats, in the steps that are chosen.
  mlir::Value makeSteps(llvm::ArrayRef<float> elements,
                        mlir::RankedTensorType type, std::optional<double> most,
                        std::string name, Fixed &steps);
  /// The operations that depend on what was accumulated.
  llvm::SmallVector<mlir::Operation *> findAccumulating();
  /// One sum, product, maximum or minimum.
  Results reduce(mlir::Operation *combiner);
  std::optional<IntegerTensor> multiplyAll(Fixed term);
  /// Accumulators that pick among the terms: the index of a maximum.
  Results select(llvm::ArrayRef<mlir::Operation *> accumulating);
  /// The constant that an accumulator starts from.
  std::optional<double> startOf(unsigned result);
  /// How many terms a sum has; none where the run decides.
  std::optional<int64_t> countTerms();
  mlir::Value emitLength();
  Results finishAll();
  IntegerTensor finish(Fixed result);
  mlir::Value makeInit(unsigned result, mlir::Type type,
                       std::optional<int64_t> fill);
  Result refuse(const llvm::Twine &why) {
    if (reason.empty())
      reason = why.str();
    return std::nullopt;
  }
  static Result real(Fixed fixed) {
    Number number;
    number.fixed = std::move(fixed);
    return number;
  }
  static Result known(LoopFactor constant) {
    Number number;
    number.constant = std::move(constant);
    return number;
  }
  static Number integer(mlir::Value value) {
    Number number;
    number.plain = value;
    return number;
  }
  Fixed load(const IntegerTensor &tensor, LoopFactor scale,
             mlir::AffineMap map);

  mlir::OpBuilder &builder;
  mlir::linalg::GenericOp op;
  const IntegerBodyOptions &options;
  IntegerRanges &ranges;
  IntegerNest nest;
  FixedBuilder fixed;
  llvm::DenseMap<mlir::Value, Number> numbers;
  mlir::IRMapping plain;
  /// A number that functions depend on, and the scale that it had.
  struct Base {
    Fixed number;
    LoopFactor scale;
  };
  llvm::DenseMap<mlir::Value, Base> bases;
  /// The integers that were read, by the argument, and where they are from.
  llvm::DenseMap<mlir::Value, Fixed> loaded;
  llvm::DenseMap<mlir::Value, std::pair<IntegerTensor, mlir::AffineMap>>
      sources;
};

/// The integers of `tensor` without their zero point, from its element.
Fixed withoutZero(const FixedBuilder &fixed, mlir::Value element,
                  const IntegerTensor &tensor, LoopFactor scale);

/// One number where all are the same.
LoopFactor singleIfEqual(LoopFactor factor);

/// A little more than was observed: other data may go beyond it.
RealRange widened(RealRange range);

/// The function's value by its table, which covers `hint` where there is one.
Fixed lookUp(mlir::OpBuilder &builder, mlir::Operation *op, FixedBuilder &fixed,
             const Function &function, std::optional<RealRange> hint);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGEREVALUATOR_H
