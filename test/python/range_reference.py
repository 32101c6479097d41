"""The methods of docs/calibration.md by brute force on raw samples, in numpy.

Nothing here knows of histograms or of searches that skip ranges. A quantizer is (scale, zero point) by rules N4 and N5.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Target:
    """The integers from low to high, with zero in their middle or not."""

    low: int
    high: int
    symmetric: bool

    @property
    def levels(self) -> int:
        return self.high - self.low + 1

    def text(self) -> str:
        return f"{self.low}:{self.high},{'symmetric' if self.symmetric else 'asymmetric'}"

    def parameters(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scales (f32) and zero points of ranges, which hold 0."""
        low, high = np.minimum(np.float32(low), 0).astype(float), np.maximum(np.float32(high), 0).astype(float)
        if self.symmetric:
            zero = (self.low + self.high + 1) // 2 if self.low >= 0 else 0
            scale = np.maximum(-low, high) / min(self.high - zero, zero - self.low)
            return np.maximum(np.float32(scale), np.float32(2**-63)), np.full(np.shape(scale), zero)
        scale = np.maximum(np.float32((high - low) / (self.levels - 1)), np.float32(2**-63))
        return scale, np.clip(np.rint(self.low - low / scale), self.low, self.high).astype(int)


def fake_quantize(x: np.ndarray, scale: float, zero: int, target: Target) -> np.ndarray:
    """Rules N7 and N8, element by element."""
    scale = np.float32(scale)
    steps = np.clip(np.rint(x.astype(np.float32) / scale).astype(float) + zero, target.low, target.high) - zero
    return steps.astype(np.float32) * scale


def squared_error(x: np.ndarray, scale: float, zero: int, target: Target) -> float:
    return float(np.mean((x.astype(float) - fake_quantize(x, scale, zero, target)) ** 2))


class SortedSamples:
    """Errors of many quantizers at once: each level's elements are a slice of the sorted ones."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = np.sort(x.astype(float).ravel())
        self.sums = np.concatenate([[0], np.cumsum(self.x)])
        self.squares = float(np.sum(self.x**2))

    def errors(self, scales: np.ndarray, zeros: np.ndarray, target: Target) -> np.ndarray:
        """sum (x - k s)^2 over the elements, k the integer of each."""
        scales = scales.astype(float)[:, None]
        k = np.arange(target.low, target.high + 1)[None, :] - zeros[:, None]
        borders = np.searchsorted(self.x, (k[:, 1:] - 0.5) * scales)
        edges = np.pad(borders, ((0, 0), (1, 0)))
        edges = np.concatenate([edges, np.full((len(edges), 1), len(self.x))], axis=1)
        counts, sums = np.diff(edges, axis=1), np.diff(self.sums[edges], axis=1)
        errors = self.squares - 2 * scales[:, 0] * (sums * k).sum(1) + scales[:, 0] ** 2 * (counts * k**2).sum(1)
        return np.maximum(errors, 0)

    def least_error(self, target: Target) -> float:
        """The least mean squared error over a fine grid of clipping ranges."""
        low, high = min(self.x[0], 0.0), max(self.x[-1], 0.0)
        best, error = [low, high], np.inf
        for lows, highs in clipping_grids(low, high, target, best):
            for part in range(0, len(lows), 512):
                scales, zeros = target.parameters(lows[part : part + 512], highs[part : part + 512])
                errors = self.errors(scales, zeros, target)
                if errors.min() < error:
                    error, index = errors.min(), part + int(errors.argmin())
                    best[:] = lows[index], highs[index]
        scale, zero = target.parameters(*best)
        return squared_error(self.x, float(scale), int(zero), target)


def clipping_grids(
    low: float, high: float, target: Target, best: list[float]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ranges to try: all of a fine grid, then two finer grids around the best so far."""
    if target.symmetric or low == 0 or high == 0:
        end = max(-low, high)
        ends = np.concatenate([np.linspace(end / 4000, end, 4000), end * np.geomspace(1e-4, 1, 1000)])
        for _ in range(3):
            yield (-ends if target.symmetric or high == 0 else 0 * ends), (0 * ends if high == 0 else ends)
            width = (ends[1] - ends[0]) if len(ends) == 1001 else end / 400
            middle = max(-best[0], best[1])
            ends = np.clip(np.linspace(middle - width, middle + width, 1001), end * 1e-6, None)
        return
    lows, highs = np.linspace(0, low, 129), np.linspace(0, high, 129)[1:]
    for _ in range(3):
        grid = np.meshgrid(lows, highs)
        yield grid[0].ravel(), grid[1].ravel()
        wide = (abs(lows[1] - lows[0]), abs(highs[1] - highs[0]))
        lows = np.minimum(np.linspace(best[0] - wide[0], best[0] + wide[0], 49), 0)
        highs = np.maximum(np.linspace(best[1] - wide[1], best[1] + wide[1], 49), 0)


class LinearCounts:
    """Counts in bins of width 2^(E - 10), E the exponent of the largest magnitude."""

    def __init__(self, x: np.ndarray) -> None:
        x = x.astype(float).ravel()
        self.min, self.max = min(x.min(), 0.0), max(x.max(), 0.0)
        x = x[x != 0]
        self.width = 2.0 ** (int(np.floor(np.log2(np.abs(x).max()))) - 10)
        bins = np.floor(np.abs(x) / self.width).astype(int)
        bins = np.where(x < 0, -bins - 1, bins)
        self.below, self.above = max(-bins.min(), 0), max(bins.max() + 1, 0)
        self.counts = np.bincount(bins + self.below, minlength=self.below + self.above).astype(float)

    def bins(self, low: float, high: float, target: Target) -> tuple[int, int]:
        """The bins of a range, which ends where one does or where the values do."""
        ends = (-self.min, self.max)
        if target.symmetric:
            ends = (max(ends), max(ends))
        bins = (round(-low / self.width), round(high / self.width))
        whole = (self.below, self.above) if not target.symmetric else (max(self.below, self.above),) * 2
        return tuple(
            w if x == np.float32(end) else b for x, end, b, w in zip((-low, high), ends, bins, whole, strict=True)
        )

    def divergence(self, low: int, high: int, target: Target) -> float:
        """That of the range of `low` bins below zero and `high` above."""
        low, high = min(low, self.below), min(high, self.above)
        ends = (
            (self.min if low == self.below else -low * self.width),
            (self.max if high == self.above else high * self.width),
        )
        scale, zero = target.parameters(*map(np.float64, ends))
        inside = self.counts[self.below - low : self.below + high]
        p = inside.copy()
        p[0] += self.counts[: self.below - low].sum()
        p[-1] += self.counts[self.below + high :].sum()
        middles = (np.arange(-low, high) + 0.5) * self.width
        levels = np.clip(np.floor(middles / float(scale) + 0.5) + zero, target.low, target.high).astype(int)
        levels -= levels.min()
        used = p > 0
        share = np.bincount(levels, inside) / np.maximum(np.bincount(levels, used), 1)
        q = np.where(used, np.where(share > 0, share, 1e-4)[levels], 0)
        p, q = p[used] / p.sum(), q[used] / q.sum()
        return max(float(np.sum(p * np.log(p / q))), 0.0)

    def least_divergence(self, target: Target) -> float:
        if target.symmetric or self.below == 0 or self.above == 0:
            least = max(target.levels // 2 if target.symmetric else target.levels, 128)
            most = max(self.below, self.above)
            return min(self.divergence(end, end, target) for end in range(min(least, most), most + 1))
        least = min(max(target.levels, 128), self.below + self.above)
        best: tuple[float, int, int] = (np.inf, 0, 0)
        lows, highs = (np.unique(np.linspace(1, most, 64).astype(int)) for most in (self.below, self.above))
        step = max(self.below, self.above) // 64 + 1
        while True:
            tried = [(self.divergence(i, j, target), i, j) for i in lows for j in highs if i + j >= least]
            best = min([best, *tried])
            if step == 0:
                return best[0]
            reach = np.arange(-8, 9)
            lows = np.unique(np.clip(best[1] + reach * max(step // 8, 1), 1, self.below))
            highs = np.unique(np.clip(best[2] + reach * max(step // 8, 1), 1, self.above))
            step //= 8


def cross_entropy(rows: np.ndarray, scale: float, zero: int, target: Target) -> float:
    """The mean over rows of -sum p log q, q the softmax of the quantized row or, for probabilities, its share."""
    p, q = rows.astype(float), fake_quantize(rows, scale, zero, target).astype(float)
    if rows.min() >= 0 and np.all(np.abs(p.sum(1) - 1) <= 2**-10):
        q = np.maximum(q, 1e-7)
        logs = np.log(q / q.sum(1, keepdims=True))
    else:
        p = np.exp(p - p.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        q -= q.max(1, keepdims=True)
        logs = q - np.log(np.exp(q).sum(1, keepdims=True))
    return -float(np.sum(p * logs)) / len(rows)


def least_cross_entropy(rows: np.ndarray, target: Target) -> float:
    """Over a grid of clipping ranges, evenly and by the values that there are."""
    values = rows.astype(float).ravel()
    if target.symmetric:
        values = np.abs(values)
    low, high = values.min(), values.max()
    even = np.linspace(0, 1, 33)[1:]
    lows = np.unique([low * even, np.minimum(np.quantile(values, 1 - even), 0)]) if low < 0 else np.zeros(1)
    highs = np.unique([high * even, np.maximum(np.quantile(values, even), 0)]) if high > 0 else np.zeros(1)
    best = (np.inf, 0.0, 0.0)
    for turn in range(3):
        tried = []
        for i, j in itertools.product(lows, highs):
            scale, zero = target.parameters(np.float64(-j if target.symmetric else i), np.float64(j))
            tried.append((cross_entropy(rows, float(scale), int(zero), target), i, j))
        best = min([best, *tried])
        near = 1 + np.linspace(-1, 1, 17) * (0.05, 0.006, 0)[turn]
        lows, highs = np.unique(best[1] * near), np.unique(best[2] * near)
    return best[0]
