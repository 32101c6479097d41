//===- EmitBody.cpp - loads, stores and operations of a body --------------===//
//
// An element that is contiguous over the lanes is one vector access, masked in
// the tail; another one is 16 scalar accesses, clamped to the last element in
// the tail. Lanes that do not exist compute on zeros; divisions see a divisor
// of 1 and look-ups an index of 0 there, so that no lane can trap.
//
//===----------------------------------------------------------------------===//
#include "Emitter.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lowbit::generic {

VectorType laneType(Type element) { return VectorType::get({kLanes}, element); }

Value Emitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value Emitter::addIndex(Value value, int64_t offset) {
  if (offset == 0)
    return value;
  return arith::AddIOp::create(b, loc, value, index(offset));
}

Value Emitter::scalar(Lanes &lanes, Value value) {
  Value known = lanes.scalars.lookup(value);
  return known ? known : value;
}

Value Emitter::vector(Lanes &lanes, Value value) {
  if (Value known = lanes.vectors.lookup(value))
    return known;
  Value source = scalar(lanes, value);
  VectorType type = laneType(source.getType());
  Attribute constant;
  Value result;
  if (matchPattern(source, m_Constant(&constant)))
    result = arith::ConstantOp::create(b, loc,
                                       DenseElementsAttr::get(type, constant));
  else
    result = vector::BroadcastOp::create(b, loc, type, source);
  return lanes.vectors[value] = result;
}

Emitter::Values Emitter::indicesOf(const Access &access, Value laneIndex) {
  Values dims = ivs;
  dims[plan.lane] = laneIndex;
  Values indices;
  for (AffineExpr expr : access.indices)
    indices.push_back(affine::expandAffineExpr(b, loc, expr, dims, {}));
  return indices;
}

Value Emitter::loadContiguous(Value buffer, ValueRange indices, Lanes &lanes) {
  VectorType type =
      laneType(cast<MemRefType>(buffer.getType()).getElementType());
  if (!lanes.mask)
    return vector::LoadOp::create(b, loc, type, buffer, indices);
  Value zeros = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, loc, type, buffer, indices, lanes.mask,
                                      zeros);
}

Value Emitter::loadVector(const Access &access, Lanes &lanes) {
  if (classify(access, plan.lane) == LaneAccess::Contiguous)
    return loadContiguous(access.buffer, indicesOf(access, lanes.base), lanes);
  Values elements;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    Value i = addIndex(lanes.base, lane);
    if (lanes.last)
      i = arith::MinSIOp::create(b, loc, i, lanes.last);
    elements.push_back(
        memref::LoadOp::create(b, loc, access.buffer, indicesOf(access, i)));
  }
  return vector::FromElementsOp::create(
      b, loc, laneType(access.type().getElementType()), elements);
}

void Emitter::storeScattered(const Access &access, Value value, Lanes &lanes) {
  Values indices = indicesOf(access, lanes.base);
  unsigned position = access.plainPosition(plan.lane);
  if (!lanes.mask) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      indices[position] = addIndex(lanes.base, lane);
      Value element = vector::ExtractOp::create(b, loc, value, lane);
      memref::StoreOp::create(b, loc, element, access.buffer, indices);
    }
    return;
  }
  Value end = addIndex(lanes.last, 1);
  emitFor(lanes.base, end, 1, {}, [&](Value i, ValueRange) {
    Value lane = arith::SubIOp::create(b, loc, i, lanes.base);
    indices[position] = i;
    Value element =
        vector::ExtractOp::create(b, loc, value, OpFoldResult(lane));
    memref::StoreOp::create(b, loc, element, access.buffer, indices);
    return Values();
  });
}

/// LLVM 22 makes of a masked store of one lane, where it knows that it is one,
/// a store of what the lane was truncated from: four bytes for one, on AVX-512
/// (test/Regression/store-of-one-lane.mlir). So it is not to know how many
/// lanes there are: an empty piece of assembly hides that.
Value Emitter::storeMask(Value value, Lanes &lanes) {
  Type element = getElementTypeOrSelf(value.getType());
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() >= 32)
    return lanes.mask;
  Value count =
      arith::SubIOp::create(b, loc, addIndex(lanes.last, 1), lanes.base);
  Type i64 = b.getI64Type();
  Value known = arith::IndexCastOp::create(b, loc, i64, count);
  auto hidden = LLVM::InlineAsmOp::create(
      b, loc, i64, ValueRange{known}, /*asm_string=*/"", /*constraints=*/"=r,0",
      /*has_side_effects=*/false, /*is_align_stack=*/false,
      LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(),
      ArrayAttr());
  Value upper =
      arith::IndexCastOp::create(b, loc, b.getIndexType(), hidden.getRes());
  return vector::CreateMaskOp::create(b, loc, laneType(b.getI1Type()),
                                      ValueRange{upper});
}

void Emitter::storeVector(const Access &access, Value value, Lanes &lanes) {
  if (classify(access, plan.lane) != LaneAccess::Contiguous)
    return storeScattered(access, value, lanes);
  Values indices = indicesOf(access, lanes.base);
  if (lanes.mask)
    vector::MaskedStoreOp::create(b, loc, access.buffer, indices,
                                  storeMask(value, lanes), value);
  else
    vector::StoreOp::create(b, loc, value, access.buffer, indices);
}

Value Emitter::emitLaneIndex(Lanes &lanes) {
  VectorType type = laneType(b.getIndexType());
  Value base = vector::BroadcastOp::create(b, loc, type, lanes.base);
  Value step = vector::StepOp::create(b, loc, type);
  Value result = arith::AddIOp::create(b, loc, base, step);
  if (!lanes.last)
    return result;
  Value last = vector::BroadcastOp::create(b, loc, type, lanes.last);
  return arith::MinSIOp::create(b, loc, result, last);
}

Value Emitter::emitLaneScalar(Value value, Lanes &lanes, int64_t lane) {
  if (!plan.varies(value))
    return scalar(lanes, value);
  for (const Access &access : nest.inputs)
    if (access.element == value &&
        classify(access, plan.lane) == LaneAccess::Contiguous)
      return memref::LoadOp::create(
          b, loc, access.buffer, indicesOf(access, addIndex(lanes.base, lane)));
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp, arith::AddIOp,
                       arith::SubIOp, arith::IndexCastOp, arith::IndexCastUIOp>(
          op))
    return {};
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value made = emitLaneScalar(operand, lanes, lane);
    if (!made)
      return {};
    mapping.map(operand, made);
  }
  return b.clone(*op, mapping)->getResult(0);
}

Value Emitter::emitLookup(memref::LoadOp load, Lanes &lanes) {
  Value table = load.getMemRef();
  if (classify(load, plan) == LaneAccess::Contiguous) {
    Values indices;
    for (Value i : load.getIndices())
      indices.push_back(plan.varies(i) ? lanes.base : scalar(lanes, i));
    return loadContiguous(table, indices, lanes);
  }
  // Positions out of memory, without a vector of them that is taken apart.
  if (load.getIndices().size() == 1 && !lanes.mask) {
    Values elements;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      Value i = emitLaneScalar(load.getIndices()[0], lanes, lane);
      if (!i)
        break;
      elements.push_back(memref::LoadOp::create(b, loc, table, i));
    }
    if (elements.size() == kLanes)
      return vector::FromElementsOp::create(b, loc, laneType(load.getType()),
                                            elements);
  }
  Values vectors;
  for (Value i : load.getIndices()) {
    if (!plan.varies(i)) {
      vectors.push_back({});
      continue;
    }
    Value v = vector(lanes, i);
    if (lanes.mask) {
      Value zero =
          arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
      v = arith::SelectOp::create(b, loc, lanes.mask, v, zero);
    }
    vectors.push_back(v);
  }
  Values elements;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    Values indices;
    for (auto [i, v] : llvm::zip_equal(load.getIndices(), vectors))
      indices.push_back(v ? vector::ExtractOp::create(b, loc, v, lane)
                          : scalar(lanes, i));
    elements.push_back(memref::LoadOp::create(b, loc, table, indices));
  }
  return vector::FromElementsOp::create(b, loc, laneType(load.getType()),
                                        elements);
}

Value Emitter::emitVectorOp(Operation &op, Lanes &lanes) {
  if (isa<linalg::IndexOp>(op))
    return emitLaneIndex(lanes);
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return emitLookup(load, lanes);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return vector(lanes, op.getResult(0));
  IRMapping mapping;
  for (Value operand : op.getOperands())
    mapping.map(operand, vector(lanes, operand));
  if (lanes.mask && !isSpeculatable(&op) && op.getNumOperands() == 2 &&
      isa<IntegerType, IndexType>(op.getOperand(1).getType())) {
    VectorType type = laneType(op.getOperand(1).getType());
    Attribute one = b.getIntegerAttr(type.getElementType(), 1);
    Value ones =
        arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, one));
    mapping.map(op.getOperand(1),
                arith::SelectOp::create(b, loc, lanes.mask,
                                        mapping.lookup(op.getOperand(1)), ones)
                    .getResult());
  }
  Operation *clone = b.clone(op, mapping);
  clone->getResult(0).setType(laneType(op.getResult(0).getType()));
  return clone->getResult(0);
}

void Emitter::emitOp(Operation &op, Blocks &blocks) {
  Value result = op.getResult(0);
  if (plan.varies(result)) {
    for (Lanes &lanes : blocks)
      lanes.vectors[result] = emitVectorOp(op, lanes);
    return;
  }
  Lanes &lanes = blocks.front();
  Value value;
  if (auto position = dyn_cast<linalg::IndexOp>(op)) {
    unsigned loop = position.getDim();
    value = nest.loops[loop].dead ? index(0) : ivs[loop];
  } else {
    IRMapping mapping;
    for (Value operand : op.getOperands())
      mapping.map(operand, scalar(lanes, operand));
    value = b.clone(op, mapping)->getResult(0);
  }
  for (Lanes &each : blocks)
    each.scalars[result] = value;
}

void Emitter::emitAccess(const Access &access, Blocks &blocks) {
  if (plan.varies(access.element)) {
    for (Lanes &lanes : blocks)
      lanes.vectors[access.element] = loadVector(access, lanes);
    return;
  }
  Value value =
      memref::LoadOp::create(b, loc, access.buffer, indicesOf(access, Value()));
  for (Lanes &lanes : blocks)
    lanes.scalars[access.element] = value;
}

void Emitter::emitItems(unsigned level, Blocks &blocks) {
  for (const Access &access : nest.inputs)
    if (plan.level(access.element) == level)
      emitAccess(access, blocks);
  if (!nest.hasReduction())
    for (const Access &access : nest.outputs)
      if (access.used && plan.level(access.element) == level)
        emitAccess(access, blocks);
  for (Operation &op : nest.body().without_terminator()) {
    bool combines = plan.laneReduction &&
                    llvm::any_of(plan.combiners, [&](const Combiner &combiner) {
                      return combiner.op == &op;
                    });
    if (!combines && plan.level(op.getResult(0)) == level)
      emitOp(op, blocks);
  }
}

} // namespace lowbit::generic
