//===- DimensionClasses.cpp - dimensions that run in step -----------------===//
//
// Union-find, with products as terms. A list of parts meets another from both
// ends: sizes that are equal belong together, a larger one is split by a
// smaller one that divides it, and the last of a list takes all that is left.
//
//===----------------------------------------------------------------------===//
#include "DimensionClasses.h"

using namespace mlir;
using namespace lowbit;

using Dim = DimensionClasses::Dim;

Dim DimensionClasses::create(int64_t size) {
  Dim dim = nodes.size();
  nodes.push_back({dim, size, {}});
  return dim;
}

const DimensionClasses::DimList &DimensionClasses::dims(Value value) {
  auto [it, isNew] = known.try_emplace(value);
  if (isNew)
    for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
      it->second.push_back(create(size));
  return it->second;
}

Dim DimensionClasses::find(Dim dim) {
  while (nodes[dim].parent != dim)
    dim = nodes[dim].parent = nodes[nodes[dim].parent].parent;
  return dim;
}

DimensionClasses::DimList DimensionClasses::leaves(Dim dim) {
  dim = find(dim);
  if (nodes[dim].size == 1)
    return {};
  if (nodes[dim].parts.empty())
    return {dim};
  DimList result;
  for (Dim part : DimList(nodes[dim].parts))
    llvm::append_range(result, leaves(part));
  return result;
}

bool DimensionClasses::contains(Dim whole, Dim part) {
  return llvm::is_contained(leaves(whole), part);
}

/// Makes a dimension that is no product yet one of `parts`.
bool DimensionClasses::bind(Dim dim, ArrayRef<Dim> parts) {
  for (Dim part : parts)
    if (contains(part, dim))
      return false;
  if (parts.empty())
    return nodes[dim].size == 1 || ShapedType::isDynamic(nodes[dim].size);
  if (parts.size() > 1) {
    nodes[dim].parts.assign(parts.begin(), parts.end());
    return true;
  }
  Dim other = find(parts.front());
  if (ShapedType::isDynamic(nodes[other].size))
    nodes[other].size = nodes[dim].size;
  nodes[dim].parent = other;
  return true;
}

/// Whether two dimensions that are no products may be one and the same.
bool DimensionClasses::mayBeEqual(Dim a, Dim b) {
  int64_t sizeA = nodes[a].size, sizeB = nodes[b].size;
  if (!ShapedType::isDynamic(sizeA) || !ShapedType::isDynamic(sizeB))
    return sizeA == sizeB;
  // The size of one may be known to be that of a third.
  for (auto [dim, other] : {std::pair(a, b), std::pair(b, a)})
    if (auto same = sameSize.find(dim); same != sameSize.end())
      return find(same->second) == other;
  return true;
}

bool DimensionClasses::unifyLists(DimList a, DimList b) {
  auto isDynamic = [&](Dim dim) {
    return ShapedType::isDynamic(nodes[dim].size);
  };
  // What certainly belongs together at the ends.
  auto dropEqualEnds = [&] {
    while (!a.empty() && !b.empty() && find(a.back()) == find(b.back())) {
      a.pop_back();
      b.pop_back();
    }
    while (!a.empty() && !b.empty() && find(a.front()) == find(b.front())) {
      a.erase(a.begin());
      b.erase(b.begin());
    }
  };
  while (true) {
    dropEqualEnds();
    if (a.size() > b.size())
      std::swap(a, b);
    if (a.empty())
      return b.empty();
    if (a.size() == 1) {
      if (b.size() == 1 && !isDynamic(a[0]) && !isDynamic(b[0]) &&
          nodes[a[0]].size != nodes[b[0]].size)
        return false;
      return bind(a[0], b);
    }
    bool fromBack = isDynamic(a.front()) || isDynamic(b.front());
    Dim x = fromBack ? a.back() : a.front();
    Dim y = fromBack ? b.back() : b.front();
    if (isDynamic(x) || isDynamic(y)) {
      // Neither end has sizes: only lists of one length can be the same.
      if (a.size() != b.size())
        return false;
      for (auto [left, right] : llvm::zip_equal(a, b))
        if (find(left) != find(right) && !mayBeEqual(find(left), find(right)))
          return false;
      for (auto [left, right] : llvm::zip_equal(a, b))
        if (find(left) != find(right) && !bind(find(left), {right}))
          return false;
      return true;
    }
    auto replaceEnd = [&](DimList &list, ArrayRef<Dim> parts) {
      if (fromBack)
        list.pop_back();
      else
        list.erase(list.begin());
      list.insert(fromBack ? list.end() : list.begin(), parts.begin(),
                  parts.end());
    };
    if (nodes[x].size == nodes[y].size) {
      if (!bind(x, {y}))
        return false;
      continue;
    }
    bool splitX = nodes[x].size > nodes[y].size;
    int64_t larger = nodes[splitX ? x : y].size;
    int64_t smaller = nodes[splitX ? y : x].size;
    if (smaller == 0 || larger % smaller != 0)
      return false;
    Dim rest = create(larger / smaller), same = splitX ? y : x;
    DimList parts = fromBack ? DimList{rest, same} : DimList{same, rest};
    if (!bind(splitX ? x : y, parts))
      return false;
    replaceEnd(splitX ? a : b, parts);
  }
}

bool DimensionClasses::unify(Dim a, Dim b) {
  a = find(a);
  b = find(b);
  if (a == b)
    return true;
  if (!ShapedType::isDynamic(nodes[a].size) &&
      !ShapedType::isDynamic(nodes[b].size) && nodes[a].size != nodes[b].size)
    return false;
  // A dimension of one element is at no position of a longer one.
  if (nodes[a].size == 1 || nodes[b].size == 1)
    return true;
  return unifyLists(leaves(a), leaves(b));
}

bool DimensionClasses::unifyProduct(Dim whole, ArrayRef<Dim> parts) {
  DimList flat;
  for (Dim part : parts)
    llvm::append_range(flat, leaves(part));
  return unifyLists(leaves(whole), flat);
}
