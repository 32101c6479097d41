"""What the page of a report shows, from the account of a quantization and the calibration table.

A table has thousands of bins a value, and weights have a scale for each channel: they are drawn from few enough points
that a page of hundreds of values opens at once.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from lowbit.report.histogram import Bins, bins_of, cut

# Bars of a histogram, and points of a line over the channels of a weight.
MOST_BARS = 160
MOST_POINTS = 512
# Where the values span that many times the chosen range, its bars would be slivers: it is drawn alone at first.
SLIVER = 12.0

Json = dict[str, Any]


def page_data(account: Json, table: Json, title: str) -> Json:
    statistics: Mapping[str, Json] = table.get("values", {})
    values = [_value(entry, statistics.get(str(entry["name"]))) for entry in account.get("values", [])]
    values.sort(key=_worst_first)
    operations = account.get("operations", [])
    return {
        "title": title,
        "samples": table.get("samples"),
        "heldOut": account.get("held_out"),
        "values": values,
        "medianSqnr": _median([value["sqnr"] for value in values if value["sqnr"] is not None]),
        "warned": sum(bool(value["warnings"]) for value in values),
        "results": dict(Counter(operation["result"] for operation in operations)),
        "stayedFloat": [
            {key: operation.get(key, "") for key in ("name", "op", "reason", "change")}
            for operation in operations
            if operation["result"] == "float"
        ],
        "preparations": account.get("preparations", []),
        "constraints": account.get("constraints", []),
    }


def _worst_first(value: Json) -> tuple[bool, float, str]:
    """Values without a measure come last."""
    return value["sqnr"] is None, value["sqnr"] or 0.0, value["name"]


def _median(numbers: list[float]) -> float | None:
    return median(numbers) if numbers else None


def _value(entry: Json, statistics: Json | None) -> Json:
    candidates = entry.get("candidates", [])
    chosen: Json = next((item for item in candidates if item.get("method") == entry.get("method")), {})
    bounds = entry.get("range") or chosen.get("range")
    value: Json = {
        "name": str(entry["name"]),
        "location": entry.get("location", ""),
        "role": entry.get("role", ""),
        "format": entry.get("format", ""),
        "granularity": entry.get("granularity", ""),
        "method": entry.get("method", ""),
        "range": bounds,
        "sqnr": _first_number(entry.get("sqnr_db"), chosen.get("sqnr_db")),
        "clipped": _first_number(entry.get("clipped"), chosen.get("clipped")),
        "count": entry.get("count"),
        "samples": entry.get("samples"),
        "candidates": candidates,
        "sharedWith": entry.get("shared_with", []),
        "rule": entry.get("rule", ""),
        "reason": entry.get("reason", ""),
        "note": entry.get("note", ""),
        "warnings": entry.get("warnings", []),
        **_parameters(entry.get("parameters", {})),
    }
    if statistics is not None and (bins := bins_of(statistics)):
        value |= _histograms(bins, bounds)
    return value


def _first_number(*candidates: Any) -> float | None:
    return next((float(x) for x in candidates if isinstance(x, int | float) and math.isfinite(x)), None)


def _parameters(parameters: Json | str) -> Json:
    """One scale and zero point as they are; of many, how many and a line to draw; words where there are none yet."""
    if isinstance(parameters, str):
        return {"scales": 0, "parameters": parameters}
    count, drawn, scales = _numbers(parameters.get("scale", []))
    points, _, zero_points = _numbers(parameters.get("zero_point", []))
    result: Json = {"scales": count}
    if count == 1:
        result["scale"] = scales[0]
    elif scales:
        step = -(-len(scales) // MOST_POINTS)
        result["scaleLine"] = {"step": drawn * step, "scale": [float(f"{scale:.4g}") for scale in scales[::step]]}
    # Of so many that some are left out, not all are the same.
    if points == len(zero_points) and len(set(zero_points)) == 1:
        result["zeroPoint"] = zero_points[0]
    return result


def _numbers(listed: Sequence[float] | Json) -> tuple[int, int, Sequence[float]]:
    """How many there are, and every so-manieth of them, which the explanation lists all of or samples."""
    if isinstance(listed, dict):
        return listed["count"], listed["step"], listed["sampled"]
    return len(listed), 1, listed


def _histograms(bins: Bins, bounds: Sequence[float] | None) -> Json:
    """The histogram over all that was seen, and one over the chosen range and a little beyond, where that is less."""
    low, high = bins.low, bins.high
    result: Json = {"observed": [low, high], "histogram": cut(bins, low, high, MOST_BARS)}
    if bounds is None or not bounds[0] < bounds[1]:
        return result
    margin = 0.15 * (bounds[1] - bounds[0])
    near_low, near_high = max(low, bounds[0] - margin), min(high, bounds[1] + margin)
    if near_low < near_high and (near_high - near_low) < 0.9 * (high - low):
        result["near"] = cut(bins, near_low, near_high, MOST_BARS)
        result["nearFirst"] = (high - low) > SLIVER * (bounds[1] - bounds[0])
    return result
