"""Calibration over several machines: each worker of a Dask cluster observes shards of the data, and the tables merge.

    from dask.distributed import Client
    from lowbit.distributed import calibrate

    table = calibrate("model.onnx", ["shard-0.npz", "shard-1.npz"], Client("scheduler:8786"))

The table has the bytes that one process would give it, however the data is split and whatever order the shards come in.
A shard is observed in processes of its own on the worker; one whose worker is lost is observed again elsewhere. A shard
that cannot be read is an error once all others are through, and the error has their table. Needs `lowbit[distributed]`.
"""

import atexit
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lowbit import compiler
from lowbit.data import Data, Form, pieces_of
from lowbit.errors import ArgumentValueError, IncompleteError, LowbitError
from lowbit.model import Model, observation_of
from lowbit.ptq import Observation
from lowbit.table import Table, calibrate_into

if TYPE_CHECKING:
    from distributed import Client

# A path that the workers can read, samples, or a function that gives either on the worker.
Shard = Data | Callable[[], Data]


def calibrate(
    model: str | Path | Model,
    shards: Sequence[Shard],
    client: "Client | None" = None,
    *,
    mask: str | None = None,
    observe: str | None = None,
    channels: bool = False,
    shapes: compiler.Shapes | None = None,
    threads: int | None = None,
) -> Table:
    """The calibration table of all shards.

    `model` is a path that the workers can read; a loaded model does for workers on this machine. Without a client, the
    current one is used, else a cluster of this machine's cores for the time being. `threads` is for each shard, 1 where
    it is not given.
    """
    shards = list(shards)
    if not shards:
        raise ArgumentValueError("no shards were given", "a shard is a path, samples, or a function that gives either")
    path = model._module if isinstance(model, Model) else Path(model)
    name = repr(model) if isinstance(model, Model) else str(model)
    observation = observation_of(shapes, threads or 1, mask, observe, channels)
    table = Table.new(f"the calibration table of {name}")
    failures: dict[int, LowbitError] = {}
    with _client(client) as cluster:
        for index, result in _results(cluster, path.absolute(), shards, observation):
            if isinstance(result, LowbitError):
                failures[index] = result
            else:
                table.add_bytes(result)
    if failures:
        raise _failure(failures, shards, table)
    return table


@contextmanager
def _client(given: "Client | None") -> Iterator["Client"]:
    try:
        from distributed import Client, LocalCluster, get_client
    except ImportError as error:
        raise LowbitError(
            "calibration over a cluster needs the package distributed", "pip install 'lowbit[distributed]'"
        ) from error
    try:
        current = given or get_client()
    except ValueError:  # there is none
        with LocalCluster(dashboard_address=None, threads_per_worker=1) as cluster, Client(cluster) as client:
            yield client
        return
    yield current


def _results(
    client: "Client", model: Path, shards: Sequence[Shard], observation: Observation
) -> Iterator[tuple[int, bytes | LowbitError]]:
    """The table of each shard, or what was wrong, as they come. None comes twice."""
    from distributed import KilledWorker, as_completed

    futures = {
        client.submit(_observe_shard, model, shard, index, observation, pure=False): index
        for index, shard in enumerate(shards)
    }
    waiting = as_completed(futures)
    try:
        for future in waiting:
            if (index := futures.pop(future, None)) is None:
                continue
            try:
                yield index, future.result()
            except KilledWorker as error:
                text = f"every worker that it was given to was lost: {error}"
                yield index, LowbitError(text, "the workers may have run out of memory")
            except Exception as error:  # such as a function that no worker can unpickle
                yield index, _other_error(error, shards[index], index)
            future.release()
    finally:
        client.cancel(list(futures))


def _observe_shard(model: Path, shard: Shard, index: int, observation: Observation) -> bytes | LowbitError:
    """On a worker: the bytes of the shard's table, or what is wrong, which is no failure of the cluster."""
    try:
        return observe_shard(model, shard, observation)
    except LowbitError as error:
        return error
    except Exception as error:
        # The shard's function, or the worker's disk: no reason to lose what the others have observed.
        return _other_error(error, shard, index)


def _other_error(error: Exception, shard: Shard, index: int) -> LowbitError:
    return LowbitError(f"{_name(shard, index)}: {type(error).__name__}: {error}")


def observe_shard(model: Path, shard: Shard, observation: Observation) -> bytes:
    """The bytes of the shard's table. A part of a shard is not kept: it is observed again as a whole."""
    data = shard() if callable(shard) else shard
    # The worker's own folder goes when the worker does, even one that is killed.
    with tempfile.TemporaryDirectory(prefix="lowbit-", dir=_worker_folder()) as folder:
        module, aliases = _module(model, tuple((observation.shapes or {}).items()))
        table = Table(Path(folder) / "table.json", "the calibration table")
        names = dict(aliases)
        pieces = pieces_of(data, Path(folder) / "data", names, Form(module, observation.shapes))
        try:
            calibrate_into(table, module, pieces, observation, names)
        except IncompleteError as error:
            raise (error.__cause__ or error) from None
        return table.read_bytes()


def _worker_folder() -> str | None:
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:  # not on a worker
        return None


def _module(model: Path, shapes: tuple[tuple[str, int], ...]) -> tuple[Path, dict[Path, str]]:
    """The module of the model, imported once for all shards of a worker, and again when its file has changed."""
    try:
        status = model.stat()
    except OSError:  # the import says what is wrong
        return _import(model, shapes, None)
    return _import(model, shapes, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=2)
def _import(
    model: Path, shapes: tuple[tuple[str, int], ...], version: tuple[int, int] | None
) -> tuple[Path, dict[Path, str]]:
    return _imported.enter_context(compiler.opened(model, dict(shapes)))


# Their folders live as long as the process does.
_imported = ExitStack()
atexit.register(_imported.close)


def _failure(failures: dict[int, LowbitError], shards: Sequence[Shard], table: Table) -> LowbitError:
    """One error that names the shards, and has the table of the others."""
    names = {index: _name(shards[index], index) for index in sorted(failures)}
    (index, name), *others = names.items()
    error = failures[index]
    notes = list(error.notes)
    if others:
        notes.append(f"{len(others)} more shards failed: {', '.join(other for _, other in others)}")
    message = error.message if name in error.message else f"{name}: {error.message}"
    if not table.path.exists():
        return LowbitError(message, *notes, "no shard was observed")
    kept = len(shards) - len(failures)
    notes.append(
        f"{kept} of {len(shards)} shards were observed and are kept: the error's `table` has their {table.samples} "
        "samples; mend what failed, calibrate it alone, and merge the two"
    )
    return IncompleteError(LowbitError(message), table, *notes)


def _name(shard: Shard, index: int) -> str:
    return str(shard) if isinstance(shard, str | Path) else f"shard {index}"
