"""The report of a quantization as one page of HTML that needs nothing else, the network least of all.

In: the account that `--explain` writes, and the calibration table, for the histograms. Out: a page that lists every
value, worst first, with what there was to choose from, and draws its histogram with the chosen range when it is opened.
The page is a template, its style and its script, the plotting library and the data, in one file; names of the model get
into it as data alone, never as HTML.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from lowbit.errors import LowbitError
from lowbit.report.data import page_data


def write_report(explain: Path, table: Path | None, output: Path, title: str) -> None:
    """Writes the page to `output`. Without a table, as where no activation was observed, there are no histograms."""
    account = _read(explain)
    statistics = _read(table) if table is not None else {}
    output.write_text(render(page_data(account, statistics, title)), encoding="utf-8")


def render(data: dict[str, Any]) -> str:
    from plotly.offline import get_plotlyjs

    files = resources.files("lowbit.report")
    page = files.joinpath("page.html").read_text(encoding="utf-8")
    parts = {
        "style": files.joinpath("page.css").read_text(encoding="utf-8"),
        "script": files.joinpath("page.js").read_text(encoding="utf-8"),
        "data": as_script(data),
        "plotly": get_plotlyjs(),
    }
    # Cut once and joined, so that a part which holds another's mark stays as it is.
    pieces = page.split("@@")
    return "".join(parts[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def as_script(data: dict[str, Any]) -> str:
    """JSON that can stand in a <script>: whatever a name holds, it neither ends the element nor opens a comment."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # its folder may be a temporary one
        text = f"{path.name}: cannot be read: {error}"
        raise LowbitError(text, "the report is made from it: was it changed?") from error
    if not isinstance(content, dict):
        raise LowbitError(f"{path.name}: expected a JSON object, found {type(content).__name__}")
    return content
