"""Calibration tables: what calibration saw of every value of a model, and can be merged, saved and quantized from."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lowbit import choices, ptq
from lowbit.data import in_rows
from lowbit.errors import ArgumentTypeError, IncompleteError, LowbitError
from lowbit.files import check_overwrite, require_file, staged
from lowbit.progress import Report


class Table:
    """A table on disk. Made by `Model.calibrate`, by `Table.load`, and by `merge`."""

    def __init__(self, path: Path, name: str, folder: tempfile.TemporaryDirectory[str] | None = None) -> None:
        self._path = path
        self._name = name
        self._folder = folder  # lives as long as the table does; None where the file is the user's

    def __repr__(self) -> str:
        return f"lowbit.Table({self._name!r})"

    @staticmethod
    def new(name: str) -> "Table":
        """A table in a temporary folder of its own; its file is still to be written."""
        folder = tempfile.TemporaryDirectory(prefix="lowbit-")
        return Table(Path(folder.name) / "table.json", name, folder)

    @staticmethod
    def load(path: str | Path) -> "Table":
        """A table that `save` or `lowbit calibrate` wrote, or one of another tool that Lowbit imports."""
        choices.check_kinds(path=path)
        source = require_file(Path(path), "the calibration table").resolve()
        with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
            ptq.merge_tables([source], Path(folder) / "checked.json", aliases={source: str(path)})
        return Table(source, str(path))

    @property
    def path(self) -> Path:
        """The file: a temporary one that goes with this object, unless the table was loaded from elsewhere."""
        return self._path

    def read_bytes(self) -> bytes:
        """The text of the table, as `save` writes it."""
        return self._path.read_bytes()

    @property
    def content(self) -> dict[str, Any]:
        """The JSON of the table (docs/calibration.md)."""
        return read_table(self._path, self._name)

    @property
    def samples(self) -> int:
        """How many samples were observed."""
        return int(self.content.get("samples", 0))

    def save(self, path: str | Path) -> None:
        choices.check_kinds(path=path)
        output = Path(path)
        if self._folder is None:
            check_overwrite([output], [], [self._path])
        with staged(output) as (made,):
            shutil.copyfile(self._path, made)

    def merge(self, *others: "Table") -> "Table":
        """The table of all samples of this one and the others, which are of the same model."""
        for other in others:
            if not isinstance(other, Table):
                raise ArgumentTypeError(f"merge: expected a lowbit.Table, got {type(other).__name__}")
        tables = [self, *others]
        merged = Table.new(f"{self._name} and {len(others)} more")
        names = {table._path: table._name for table in tables}
        ptq.warn_of_copies([table._path for table in tables], names)
        ptq.merge_tables([table._path for table in tables], merged._path, aliases=names)
        return merged

    def add(self, part: Path) -> None:
        """Merges a file into this table, whose file may not be there yet. The part is gone then."""
        if not self._path.exists():
            part.rename(self._path)
            return
        merged = self._path.with_name("merged.json")
        ptq.merge_tables([self._path, part], merged)
        merged.replace(self._path)
        part.unlink()

    def add_bytes(self, content: bytes) -> None:
        part = self._path.with_name("part.json")
        part.write_bytes(content)
        self.add(part)


def read_table(path: Path, name: str | None = None) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise LowbitError(f"{name or path}: is no calibration table: {error}", "was it written to the end?") from error
    if not isinstance(content, dict):
        raise LowbitError(f"{name or path}: is no calibration table: expected an object")
    return content


def interrupted(path: Path) -> tuple[int, int] | None:
    """How many samples of how many an interrupted calibration left at `path`; None where no such table is there."""
    try:
        content: Mapping[str, Any] = read_table(path)
        observed, total = content["samples"], content["interrupted_of"]
    except (OSError, KeyError, LowbitError):
        return None
    return (observed, total) if isinstance(observed, int) and isinstance(total, int) else None


@contextmanager
def kept_on_failure(table: Table, written: Path | None = None) -> Iterator[None]:
    """An error of the block takes along what is in the table, and in the file that the block was writing."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if written is not None and written.exists():
            with suppress(LowbitError):
                table.add(written)
        if not table.path.exists():
            raise
        # It is whole as a table of the samples that it has: to be merged with one of the others.
        text = table.path.read_bytes()
        table.path.write_bytes(re.sub(rb'\n *"interrupted_of": \d+,', b"", text, count=1))
        note = f"the statistics of {table.samples} samples were kept: the error's `table` has them"
        if isinstance(error, KeyboardInterrupt):
            error.table = table  # type: ignore[attr-defined]
            error.add_note(note)
            raise
        if not isinstance(error, LowbitError):
            said = LowbitError(f"calibration_data: {type(error).__name__} after {table.samples} samples: {error}")
            raise IncompleteError(said, table, note) from error
        raise IncompleteError(error, table, note) from error


def calibrate_into(
    table: Table,
    module: Path,
    pieces: Iterable[Path],
    observation: ptq.Observation,
    aliases: Mapping[Path, str],
    report: Report | None = None,
) -> None:
    """Fills the table from data that comes in pieces, each of which may go once the next is asked for."""
    part = table.path.with_name("part.json")
    with kept_on_failure(table, part):
        for piece in pieces:
            try:
                ptq.calibrate_model(
                    module,
                    part,
                    calibration_data=piece,
                    observation=observation,
                    aliases={**aliases, part: "the calibration table"},
                    report=report,
                )
            except LowbitError as error:
                raise in_rows(error, aliases.values()) from error
            table.add(part)
