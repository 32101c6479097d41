"""Histograms of a calibration table, cut anew into bars of one width.

The table's bins are cut from the bits of the float (docs/calibration.md): an octave is the floats of one sign and
exponent, in 2^b equal bins, those at both ends left out where they are empty. Within a bin the elements are taken to be
spread evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TOP_BITS, LEAST_BITS = 10, 7
SUBNORMAL_EXPONENT = -127


@dataclass
class Bins:
    """Elements with the value 0, and bins [low, high] with their counts."""

    zeros: int
    lows: np.ndarray
    highs: np.ndarray
    counts: np.ndarray
    low: float  # the least and the greatest value that was seen
    high: float


def bins_of(statistics: Mapping[str, Any]) -> Bins | None:
    """Those of a value in the table; None where nothing was seen of it."""
    histogram = statistics.get("histogram")
    if not histogram or not statistics.get("count"):
        return None
    octaves = histogram["octaves"]
    top = max((octave["exponent"] for octave in octaves), default=0)
    lows, highs, counts = [], [], []
    for octave in octaves:
        exponent, first = octave["exponent"], octave["first"]
        bits = min(max(TOP_BITS - (top - exponent), LEAST_BITS), TOP_BITS)
        start = 0.0 if exponent == SUBNORMAL_EXPONENT else 2.0**exponent
        width = (2.0 ** (exponent + 1) - start) / 2**bits
        edges = start + width * np.arange(first, first + len(octave["counts"]) + 1)
        near, far = edges[:-1], edges[1:]
        lows.append(-far if octave["sign"] == "-" else near)
        highs.append(-near if octave["sign"] == "-" else far)
        counts.append(np.asarray(octave["counts"], np.float64))
    empty = [np.zeros(0)]  # where all that was seen is zero
    low, high, count = (np.concatenate(parts or empty) for parts in (lows, highs, counts))
    return Bins(int(histogram["zeros"]), low, high, count, float(statistics["min"]), float(statistics["max"]))


def cut(bins: Bins, low: float, high: float, bars: int) -> dict[str, Any]:
    """`bars` bars of one width over [low, high]: the elements in each, rounded; what lies beyond is left out."""
    if not low < high:  # one value alone
        half = abs(low) / 2 or 0.5
        low, high, bars = low - half, high + half, 1
    edges = np.linspace(low, high, bars + 1)
    # Bins reach a little beyond what was seen: nothing is drawn there.
    lows, highs = (np.clip(ends, bins.low, bins.high) for ends in (bins.lows, bins.highs))
    widths = highs - lows
    result = np.zeros(bars)
    # A bin lies in few bars or in many: its share of each is the difference of a running count at the edges.
    wide = widths > 0
    order = np.argsort(lows[wide], kind="stable")
    starts, ends, counts = lows[wide][order], highs[wide][order], bins.counts[wide][order]
    if len(starts):
        points = np.concatenate([starts, ends[-1:]])
        running = np.concatenate([[0.0], np.cumsum(counts)])
        result += np.diff(_at(edges, points, ends, running))
    # Bins that shrank to a point, and zero.
    places = [*zip(lows[~wide], bins.counts[~wide], strict=True), (0.0, float(bins.zeros))]
    for place, count in places:
        if low <= place <= high and count:
            result[min(int((place - low) / (high - low) * bars), bars - 1)] += count
    return {"low": low, "high": high, "counts": [int(np.ceil(count)) for count in result]}


def _at(edges: np.ndarray, points: np.ndarray, ends: np.ndarray, running: np.ndarray) -> np.ndarray:
    """How many elements lie below each edge. `points` are the starts of the bins, which may have gaps between them."""
    index = np.clip(np.searchsorted(points, edges, side="right") - 1, 0, len(ends) - 1)
    share = np.clip((edges - points[index]) / (ends[index] - points[index]), 0.0, 1.0)
    below: np.ndarray = running[index] + share * (running[index + 1] - running[index])
    return below
