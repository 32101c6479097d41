"""The report: a page that needs nothing else, shows every value, worst first, whatever the names are."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import Artifacts, lowbit, must
from browser import open_page
from lowbit.report import render, write_report
from lowbit.report.data import MOST_BARS, MOST_POINTS, page_data
from lowbit.report.histogram import Bins, cut

MODEL = "mnist_pytorch"

ODD_NAMES = [
    "</script><script>console.error('escaped')</script>",
    '<img src=x onerror="console.error(1)">',
    "<!-- <script>",
    "@@data@@ & \"quoted\" 'twice' \\u003c \u2028 ünï",
]


def value(name: str, sqnr_db: float, **more: Any) -> dict[str, Any]:
    """An entry of the account."""
    ranges = {"minmax": [-4.0, 4.0], "mse": [-1.0, 1.0]}
    candidates = [
        {"method": method, "range": bounds, "objective": 0.5, "sqnr_db": sqnr_db - index, "clipped": 0.01 * index}
        for index, (method, bounds) in enumerate(ranges.items())
    ]
    entry = {"name": name, "role": "activation", "format": "!lowbit.affine<i8>", "method": "mse", "range": [-1.0, 1.0]}
    parameters = {"scale": [0.0078], "zero_point": [0]}
    return {**entry, "parameters": parameters, "sqnr_db": sqnr_db, "candidates": candidates, **more}


def statistics() -> dict[str, Any]:
    octaves = [
        {"sign": sign, "exponent": exponent, "first": 0, "counts": [1] * 2 ** (9 + exponent)}
        for sign in "-+"
        for exponent in (-1, 0, 1)
    ]
    return {
        "count": 2 * (256 + 512 + 1024) + 10,
        "min": -4.0,
        "max": 4.0,
        "histogram": {"zeros": 10, "octaves": octaves},
    }


def test_odd_names_are_text(tmp_path: Path) -> None:
    values = [value(name, 30.0 - index, warnings=[name], reason=name) for index, name in enumerate(ODD_NAMES)]
    sharing = [{"values": ODD_NAMES, "shared": True, "reason": ODD_NAMES[0]}]
    tried = [{"name": "smooth-quant", "target": ODD_NAMES[1], "kept": True, "before_db": 20.0, "after_db": 24.5}]
    floats = [{"name": ODD_NAMES[2], "op": "linalg.generic", "result": "float", "reason": ODD_NAMES[3]}]
    singles = [{"method": "minmax", "db": 20.25}, {"method": "mse", "db": 31.5}]
    held_out = {"samples": 5, "separate": True, "singles": singles, "auto_db": 33.75, "changed": 2, "values": 4}
    account = {"operations": floats, "values": values, "held_out": held_out}
    account |= {"constraints": sharing, "preparations": tried}
    table = {"samples": 7, "values": {name: statistics() for name in ODD_NAMES}}
    page = tmp_path / "r.html"
    page.write_text(render(page_data(account, table, ODD_NAMES[0])), encoding="utf-8")
    shown = open_page(page, tmp_path)
    assert shown.console == []
    assert shown.names == ODD_NAMES[::-1], "worst first"
    assert not [tag for tag, attributes in shown.tags if tag == "img" or "onerror" in attributes]
    for part in ("24.50", "5 more were held out", "33.75", "31.50", "one set of parameters", "linalg.generic"):
        assert part in shown.text


# Does what a user does, and notes the numbers of the values that are shown after each step.
USE = """
const used = {};
const note = (step) => {
  used[step] = [...document.querySelectorAll("tr.row:not([hidden])")].map((row) => Number(row.dataset.name.slice(6)));
};
const click = (title) => [...document.querySelectorAll("th button")].find((b) => b.textContent === title).click();
const enter = (id, field, content) => {
  byId(id)[field] = content;
  byId(id).dispatchEvent(new Event("input", { bubbles: true }));
};
note("first");
used["count"] = byId("shown").textContent;
click("Value"); note("by name");
click("SQNR, dB"); note("by SQNR");
click("SQNR, dB"); note("by SQNR again");
enter("search", "value", "LAYER.1"); note("search");
used["search count"] = byId("shown").textContent;
enter("search", "value", "");
enter("warned", "checked", true); note("warned");
enter("warned", "checked", false);
enter("role", "value", "weight"); note("weights");
used["theme"] = [document.documentElement.dataset.theme];
byId("theme").click();
used["theme"].push(document.documentElement.dataset.theme);
document.body.dataset.used = JSON.stringify(used);
"""


def test_searching_sorting_and_opening(tmp_path: Path) -> None:
    values = [value(f"layer.{i}", 10.0 + i, role="weight" if i % 2 else "activation") for i in range(12)]
    values[7]["warnings"] = ["heavy tail: 14 times"]
    values[3]["sqnr_db"] = values[3]["candidates"] = None
    values[3]["candidates"] = []
    page = tmp_path / "r.html"
    page.write_text(render(page_data({"values": values}, {"values": {"layer.5": statistics()}}, "m")), encoding="utf-8")
    used = json.loads(open_page(page, tmp_path, USE).attribute("data-used"))
    worst_first = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 3]
    assert used["first"] == worst_first, "one without a measure is last"
    assert used["count"] == "12 values"
    assert used["by name"] == list(range(12)), "10 comes after 9"
    assert used["by SQNR"] == worst_first
    assert used["by SQNR again"] == [*worst_first[-2::-1], 3]
    assert used["search"] == [11, 10, 1]
    assert used["search count"] == "3 of 12 values"
    assert used["warned"] == [7]
    assert used["weights"] == [11, 9, 7, 5, 1, 3]
    assert used["theme"] == ["light", "dark"] or used["theme"] == ["dark", "light"]

    opened = open_page(page, tmp_path, fragment="#value=layer.5")
    assert opened.console == []
    assert [row["data-name"] for row in opened.rows if "open" in row["class"].split()] == ["layer.0", "layer.5"]
    assert opened.count("div", "figure") == 1, "of layer.0 nothing was seen"
    assert opened.count("svg", "main-svg") > 0
    assert "mse (chosen)" in opened.text


def test_report_of_a_model(artifacts: Artifacts, tmp_path: Path) -> None:
    outputs = ["-o", "q.mlir", "--explain", "e.json", "--report", "r.html"]
    data = ["--calibration-data", artifacts.calibration(MODEL), "--method", "mse"]
    must(lowbit("quantize", artifacts.imported(MODEL), *data, *outputs, cwd=tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.json", "q.mlir", "q.safetensors", "r.html"]
    account = json.loads((tmp_path / "e.json").read_text())
    shown = open_page(tmp_path / "r.html", tmp_path)
    assert shown.console == []
    assert set(shown.names) == {entry["name"] for entry in account["values"]}
    assert len(shown.names) == len(account["values"])
    measures = {entry["name"]: entry["sqnr_db"] for entry in account["values"]}
    assert shown.names[0] == min(measures, key=measures.__getitem__)
    assert [measures[name] for name in shown.names] == sorted(measures.values())
    seen = [entry["name"] for entry in account["values"] if entry["role"] == "activation"]
    drawn = open_page(tmp_path / "r.html", tmp_path, fragment=f"#value={seen[0]}")
    assert drawn.count("svg", "main-svg") > 0
    assert drawn.console == []
    for candidate in account["values"][0]["candidates"]:
        assert candidate["method"] in drawn.text


def test_histograms_are_of_the_prepared_model(artifacts: Artifacts, tmp_path: Path) -> None:
    """Preparations scale what the model computes: minmax covers what is drawn, no more and no less."""
    options = ["--calibration-data", artifacts.calibration(MODEL), "--prepare", "equalize,smooth-quant"]
    outputs = ["-o", "q.mlir", "--report", "r.html", "--explain", "e.json"]
    command = ["quantize", artifacts.imported(MODEL), *options, *outputs]
    must(lowbit(*command, cwd=tmp_path))
    assert any(tried["kept"] for tried in json.loads((tmp_path / "e.json").read_text())["preparations"])
    (text,) = re.findall(r'id="data">(.*?)</script>', (tmp_path / "r.html").read_text(encoding="utf-8"))
    drawn = [entry for entry in json.loads(text)["values"] if "histogram" in entry]
    assert len(drawn) >= 4
    for entry in drawn:
        low, high = entry["observed"]
        assert np.array_equal(np.float32(entry["range"]), np.float32([min(low, 0), max(high, 0)])), entry["name"]


def test_the_page_needs_no_network(artifacts: Artifacts, tmp_path: Path) -> None:
    must(lowbit("quantize", artifacts.imported(MODEL), "-o", tmp_path / "q.mlir", "--report", tmp_path / "r.html"))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=", text.split('id="data"')[0])
    assert "default-src 'none'" in text
    assert open_page(tmp_path / "r.html", tmp_path).console == []


@pytest.mark.parametrize("seed", range(4))
def test_bars_hold_every_element(seed: int) -> None:
    """Bars over all that was seen hold every element, up to rounding; those over a part hold what lies there."""
    random = np.random.default_rng(seed)
    edges = np.sort(random.normal(0, 10.0**seed, 300))
    counts = random.integers(0, 50, 299).astype(np.float64)
    bins = Bins(17, edges[:-1], edges[1:], counts, float(edges[0]), float(edges[-1]))
    bars = cut(bins, bins.low, bins.high, MOST_BARS)
    assert len(bars["counts"]) == MOST_BARS
    assert counts.sum() + 17 <= sum(bars["counts"]) < counts.sum() + 17 + MOST_BARS, "each is rounded up"
    zero = int((0 - bins.low) / (bins.high - bins.low) * MOST_BARS)
    assert bars["counts"][zero] >= 17
    middle = cut(bins, float(edges[100]), float(edges[200]), 50)
    inside = counts[100:200].sum() + 17 * (edges[100] <= 0 <= edges[200])
    assert inside <= sum(middle["counts"]) < inside + 50


def test_bars_of_bins_with_gaps_and_of_one_value() -> None:
    gap = Bins(0, np.array([0.0, 9.0]), np.array([1.0, 10.0]), np.array([4.0, 6.0]), 0.0, 10.0)
    assert cut(gap, 0.0, 10.0, 10)["counts"] == [4, 0, 0, 0, 0, 0, 0, 0, 0, 6]
    same = Bins(0, np.array([2.0]), np.array([2.5]), np.array([5.0]), 2.0, 2.0)
    assert cut(same, 2.0, 2.0, 10)["counts"] == [5]
    zeros = Bins(3, np.zeros(0), np.zeros(0), np.zeros(0), 0.0, 0.0)
    assert cut(zeros, 0.0, 0.0, 10)["counts"] == [3]


def test_large_models_stay_small(tmp_path: Path) -> None:
    """Thousands of channels and hundreds of values: some kilobytes a value."""
    scale = list(np.random.default_rng(0).random(10**5))
    weights = [value(f"w{i}", 40.0, role="weight", parameters={"scale": scale, "zero_point": [0]}) for i in range(20)]
    activations = [value(f"a{i}", 40.0) for i in range(500)]
    table = {"values": {f"a{i}": statistics() for i in range(500)}}
    data = page_data({"values": weights + activations}, table, "m")
    assert len(data["values"][-1]["scaleLine"]["scale"]) <= MOST_POINTS
    assert len(json.dumps(data)) < 2500 * 520
    (tmp_path / "r.html").write_text(render(data), encoding="utf-8")
    shown = open_page(tmp_path / "r.html", tmp_path)
    assert len(shown.names) == 520 and shown.console == []


def test_scales_that_the_account_samples_are_drawn() -> None:
    scale = list(np.random.default_rng(0).random(300))
    summary = {"count": 1200, "min": min(scale), "max": max(scale), "first": scale[:8], "step": 4, "sampled": scale}
    points = {**summary, "sampled": [3] * 300}
    weight = value("w", 40.0, role="weight", parameters={"scale": summary, "zero_point": points})
    (shown,) = page_data({"values": [weight]}, {}, "m")["values"]
    assert shown["scales"] == 1200
    assert shown["scaleLine"] == {"step": 4, "scale": [float(f"{x:.4g}") for x in scale]}
    assert "zeroPoint" not in shown, "those between may be others"


def test_a_damaged_account_is_an_error(tmp_path: Path) -> None:
    from lowbit import LowbitError

    (tmp_path / "e.json").write_text('{"values": [')
    with pytest.raises(LowbitError, match=r"e\.json"):
        write_report(tmp_path / "e.json", None, tmp_path / "r.html", "m")
    assert not (tmp_path / "r.html").exists()
