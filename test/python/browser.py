"""Opens a page in a headless browser: the document as its scripts left it, and what it wrote to the console."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
_OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=20000"]


def find_browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed: utils/setup.sh does where the distribution has one")
    return found


def open_page(page: Path, folder: Path, script: str = "", fragment: str = "") -> "Document":
    """`script` runs after those of the page, as a user would do something there."""
    copy = folder / f"opened-{page.name}"
    copy.write_text(page.read_text(encoding="utf-8") + f"<script>{script}</script>", encoding="utf-8")
    options = [*_OPTIONS, f"--user-data-dir={folder / 'browser'}"]
    command = [find_browser(), *options, "--dump-dom", copy.as_uri() + fragment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return Document(done.stdout, re.findall(r":CONSOLE.*", done.stderr))


class Document(HTMLParser):
    """What tests ask of a document: rows of tables, texts, attributes."""

    def __init__(self, html: str, console: list[str]) -> None:
        super().__init__()
        self.console = console
        self.rows: list[dict[str, str]] = []  # attributes of the rows of values, in order, with the text of each
        self.text = ""
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._skipped = False
        self._in_row = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        self._skipped = tag in ("script", "style")
        if tag == "tr":
            self._in_row = "data-name" in attributes
            if self._in_row:
                self.rows.append({**attributes, "text": ""})

    def handle_endtag(self, tag: str) -> None:
        self._skipped = False
        if tag == "tr":
            self._in_row = False

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        self.text += data
        if self._in_row:
            self.rows[-1]["text"] += data + " "

    @property
    def names(self) -> list[str]:
        """Of the values that are shown, in the order in which they are."""
        return [row["data-name"] for row in self.rows if "hidden" not in row]

    def attribute(self, name: str) -> str:
        """Of the only element that has it."""
        (found,) = [attributes[name] for _, attributes in self.tags if name in attributes]
        return found

    def count(self, tag: str, word: str) -> int:
        """Elements of a tag that have the class."""
        return sum(name == tag and word in attributes.get("class", "").split() for name, attributes in self.tags)
