"""Progress of long steps on standard error, when that is a terminal; silence otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# Called with (done, total, what) as a step goes on.
Report = Callable[[int, int, str], None]


def is_interactive() -> bool:
    return sys.stderr.isatty()


@contextmanager
def step(what: str) -> Iterator[Report | None]:
    """Shows `what` with the elapsed time while the block runs, and a bar once a count is reported.

    Yields None where nobody watches, so that a caller can do without counting.
    """
    if not is_interactive():
        yield None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)

        def report(done: int, total: int, detail: str) -> None:
            progress.update(task, completed=done, total=total or None, description=f"{what}: {detail}")

        yield report
