//===- Constraints.cpp - values that share their parameters ---------------===//
//
// In: observed values with statistics, and the graph of what keeps its
// integers. Out: groups with one choice each, and where groups were cut:
//
//   members with other integers (i8, i4)     cut between them
//   loss = sqnr(own choice) - sqnr(shared)   above 1 dB: the member that loses
//          the most is cut from the one whose scale is furthest from its own
//
// Each cut parts two members, so this ends.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Constraints.h"

#include "SharingGraph.h"
#include "lowbit/Import/Contractions.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

static bool haveSameTarget(const Target &a, const Target &b) {
  return a.range.min == b.range.min && a.range.max == b.range.max &&
         a.symmetry == b.symmetry;
}

static std::string describe(const Target &target) {
  return llvm::formatv("[{0}, {1}] {2}", target.range.min, target.range.max,
                       target.symmetry == Symmetry::Symmetric ? "symmetric"
                                                              : "asymmetric")
      .str();
}

namespace {
/// Solves one module.
class Solver {
public:
  Solver(ModuleOp module, ArrayRef<ObservedValue> values,
         ArrayRef<SharingCandidate> candidates)
      : graph(module), values(values), candidates(candidates) {}

  Sharing solve() {
    llvm::DenseSet<unsigned> seen;
    for (size_t i = 0; i < values.size(); ++i) {
      auto node = graph.find(ObserveOp(values[i].op).getInput());
      // A value may have two observers; they do not bind each other.
      if (candidates[i].statistics && node && seen.insert(*node).second)
        nodes.emplace_back(i, *node);
    }
    Sharing sharing;
    // Until nothing is cut any more.
    while (true) {
      std::vector<unsigned> component = graph.components();
      std::map<unsigned, SmallVector<size_t>> members;
      for (auto [value, node] : nodes)
        members[component[node]].push_back(value);
      sharing.groups.clear();
      bool isCut = false;
      for (auto &[number, list] : members)
        if (list.size() > 1)
          isCut |= !settle(list, sharing);
      if (!isCut)
        break;
    }
    llvm::sort(sharing.groups, [](const SharedGroup &a, const SharedGroup &b) {
      return a.members.front() < b.members.front();
    });
    return sharing;
  }

private:
  Target target(size_t i) const { return values[i].settings.target(); }
  std::string id(size_t i) const {
    return ObserveOp(values[i].op).getId().str();
  }

  const RangeChoice &own(size_t i) const { return candidates[i].own; }
  const ValueStatistics &statistics(size_t i) const {
    return *candidates[i].statistics;
  }

  /// A group, or a cut (false).
  bool settle(ArrayRef<size_t> members, Sharing &sharing) {
    for (size_t i : members.drop_front())
      if (!haveSameTarget(target(i), target(members.front()))) {
        cut(members.front(), i,
            llvm::formatv(
                "'{0}' has the integers {1}, '{2}' {3}", id(members.front()),
                describe(target(members.front())), id(i), describe(target(i))),
            sharing);
        return false;
      }
    SharedGroup group;
    group.members.append(members.begin(), members.end());
    group.method = candidates[members.back()].method;
    group.target = target(members.back());
    ValueStatistics merged;
    bool haveRows = llvm::all_of(
        members, [&](size_t i) { return statistics(i).kept.has_value(); });
    for (size_t i : members) {
      ValueStatistics one = statistics(i);
      one.channels.reset(); // Channels of different values are not the same.
      if (!haveRows)
        one.kept.reset();
      if (merged.empty())
        merged = std::move(one);
      else
        merged.merge(one);
    }
    group.choice = chooseRange(merged, group.method, group.target);
    size_t worst = members.front();
    double worstLoss = -1e9;
    for (size_t i : members) {
      RangeChoice shared = measureRange(statistics(i), group.choice.min,
                                        group.choice.max, group.target);
      double loss = own(i).sqnrDb - shared.sqnrDb;
      group.lossDb.push_back(loss);
      if (loss > worstLoss) {
        worstLoss = loss;
        worst = i;
      }
    }
    if (worstLoss <= kMostSharingLossDb) {
      sharing.groups.push_back(std::move(group));
      return true;
    }
    auto distance = [&](size_t i) {
      return std::fabs(std::log(double(own(i).chosen.params.scale)) -
                       std::log(double(own(worst).chosen.params.scale)));
    };
    size_t other = worst == members.front() ? members.back() : members.front();
    for (size_t i : members)
      if (i != worst && distance(i) > distance(other))
        other = i;
    cut(worst, other,
        llvm::formatv("one range for all, [{0}, {1}], would cost '{2}' {3:f1} "
                      "dB against its own, [{4}, {5}]; {6:f0} dB is the most",
                      group.choice.min, group.choice.max, id(worst), worstLoss,
                      own(worst).min, own(worst).max, kMostSharingLossDb),
        sharing);
    return false;
  }

  void cut(size_t value, size_t other, std::string reason, Sharing &sharing) {
    auto nodeOf = [&](size_t i) {
      return *graph.find(ObserveOp(values[i].op).getInput());
    };
    unsigned source = nodeOf(value), sink = nodeOf(other);
    std::vector<unsigned> before = graph.components();
    Sharing::Cut cut;
    cut.reason = std::move(reason);
    for (size_t i : graph.cutBetween(source, sink)) {
      const SharingGraph::Edge &edge = graph.edges()[i];
      cut.rescales.push_back({edge.operand->getOwner(),
                              edge.operand->getOperandNumber(), edge.elements});
    }
    std::vector<unsigned> after = graph.components();
    for (auto [i, node] : nodes) {
      if (before[node] != before[source])
        continue;
      if (after[node] == after[source])
        cut.side.push_back(i);
      else
        cut.otherSide.push_back(i);
    }
    sharing.cuts.push_back(std::move(cut));
  }

  SharingGraph graph;
  ArrayRef<ObservedValue> values;
  ArrayRef<SharingCandidate> candidates;
  /// Value and its number in the graph.
  std::vector<std::pair<size_t, unsigned>> nodes;
};
} // namespace

Sharing lowbit::solveSharing(ModuleOp module, ArrayRef<ObservedValue> values,
                             ArrayRef<SharingCandidate> candidates) {
  return Solver(module, values, candidates).solve();
}
