//===- IntegerProgram.h - operations that become integer, in order *- C++ -*-=//
//
// What lowbit-lower-to-integers knows while it passes over a module: which f32
// values are integers, and what these are worth. Each operation is taken with
// all its operands or not at all; the float operation stays for readers that
// are float.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGERPROGRAM_H
#define LOWBIT_LIB_LOWER_INTEGERPROGRAM_H

#include "IntegerBody.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lowbit {

class IntegerProgram {
public:
  explicit IntegerProgram(mlir::ModuleOp module)
      : module(module), reader(module), ranges(reader) {}

  /// All operations of the module; erases those that nothing reads afterwards.
  void run();
  bool isInteger(mlir::Value value) const { return tensors.contains(value); }

  unsigned numInteger = 0, numTable = 0, numQuantize = 0;

private:
  using Tensors = llvm::DenseMap<mlir::Value, IntegerTensor>;

  void visit(mlir::Operation *op);
  void visitLinalg(mlir::Operation *op);
  void read(DequantizeOp op);
  void write(QuantizeOp op);
  /// Results leave as dequantized integers: of 8 or 16 bits as they are, others
  /// as 16 bits of twice the range that was observed.
  void leave(mlir::func::ReturnOp op);
  void compute(mlir::linalg::GenericOp op);

  /// The integers move as the floats would; 0.0 is their zero point.
  void move(mlir::Operation *op, mlir::OpOperand *moved);
  void join(mlir::tensor::ConcatOp op);
  void pad(mlir::tensor::PadOp op);
  /// The integers of a value, those of a constant in 16 bits; end() where it
  /// is float.
  Tensors::iterator find(mlir::Value value);

  /// What the value was on calibration data, else the ends of the format that
  /// it is quantized to.
  static std::optional<RealRange> hintOf(mlir::Value value);
  /// Where all readers quantize: the numbers that are not cut off by any.
  static std::optional<RealRange> boundsOf(mlir::Value value);

  /// `made` computes what `op` did, and reads tables of other operations.
  static void account(mlir::Operation *op, mlir::Operation *made,
                      llvm::ArrayRef<mlir::Attribute> tabled = {});

  mlir::ModuleOp module;
  ParameterReader reader;
  IntegerRanges ranges;
  /// In order, and what takes the place of some at the end.
  llvm::SmallVector<mlir::Operation *> ops;
  Tensors tensors;
  std::vector<ConstantBytes> kept;
};

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGERPROGRAM_H
