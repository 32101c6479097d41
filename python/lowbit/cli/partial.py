"""What an interrupted or failed calibration observed is kept, and the message says where and how to go on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lowbit.errors import LowbitError
from lowbit.table import interrupted


def partial_of(table: Path) -> Path:
    """Where a table is until it has all samples."""
    return table.with_name(f"{table.name}.partial")


@contextmanager
def partial_kept(made: Path, table: Path, how_to_resume: str, replaces: bool = False) -> Iterator[None]:
    """Where the block fails and left a partial table at `made`, keeps it as `table`.

    A complete table that is at `table` from earlier is not given up for it, unless `replaces`: then the part goes to
    TABLE.partial. `how_to_resume` is a command with {} for the place.
    """
    try:
        yield
    except BaseException as error:
        if (state := interrupted(made)) is None:
            made.unlink(missing_ok=True)
            raise
        kept = table
        if table.exists() and not replaces and interrupted(table) is None:
            kept = partial_of(table)
        os.replace(made, kept)
        observed, total = state
        note = f"the statistics of {observed} of {total} samples were kept in {kept}: "
        note += "once the data is mended, " * isinstance(error, LowbitError) + how_to_resume.format(kept)
        if isinstance(error, LowbitError):
            raise LowbitError(error.message, *error.notes, note) from error
        print(f"note: {note}", file=sys.stderr)
        raise
