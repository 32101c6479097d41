"""Runs generated networks through a process of lowbit-check-networks, and finds the layers that a mistake needs."""

import json
import multiprocessing.util
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lowbit.importer import ModelError, import_onnx

from .generate import LAYERS, Random, generate, options, write_data

SECONDS = 120  # for one network; a longer one hangs

Answer = dict[str, Any]


class Checker:
    """The process, started again when it crashes or hangs."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.isas: list[str] = []

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.process = process
        self.isas = self._read(process)["isas"]
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> Answer:
        assert process.stdout
        if not select.select([process.stdout], [], [], SECONDS)[0]:
            process.kill()
            process.wait()
            self.process = None
            return {"result": "failed", "text": f"no answer in {SECONDS} s"}
        line = process.stdout.readline()
        if line:
            return dict(json.loads(line))
        self.process = None
        return {"result": "failed", "text": f"the process died with {process.wait()}"}

    def ask(self, folder: Path, seed: int, words: str) -> Answer:
        process = self.process or self._start()
        isa = Random((seed, 3000)).pick(self.isas)
        assert process.stdin
        process.stdin.write(f"{folder}\t{isa}\t{words}\n".encode())
        process.stdin.flush()
        return {"isa": isa, **self._read(process)}

    def close(self) -> None:
        if self.process:
            assert self.process.stdin
            self.process.stdin.close()
            self.process.wait()
            self.process = None


@dataclass
class Runner:
    checker: Checker
    folder: Path  # for the networks, each in a folder of its own

    def check(self, seed: int, left_out: Collection[int] = (), keep: str | None = None) -> Answer:
        """The answer for the network of a seed, whose folder stays where `keep` names it."""
        folder = self.folder / (keep or f"seed-{seed}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        net = generate(seed, left_out)
        net.save(folder / "model.onnx")
        write_data(net, seed, folder)
        words = options(seed, folder)
        try:
            import_onnx(folder / "model.onnx", folder / "model.mlir", folder / "model.safetensors")
            answer = self.checker.ask(folder, seed, words)
        except ModelError as error:
            answer = {"result": "not imported", "text": str(error)}
        answer |= {"seed": seed, "options": words, "nodes": [node.op_type for node in net.nodes]}
        if keep is None:
            shutil.rmtree(folder)
        return answer

    def minimize(self, seed: int) -> Answer:
        """Leaves out layers for as long as the answer stays a failure of the same kind; keeps that network."""
        whole = self.check(seed)
        left_out: set[int] = set()
        for index in range(LAYERS, 0, -1):
            answer = self.check(seed, left_out | {index})
            if answer["result"] == whole["result"] and _kind(answer) == _kind(whole):
                left_out.add(index)
        answer = self.check(seed, left_out, keep=f"failed-{seed}")
        if _kind(answer) != _kind(whole):  # Not repeatable.
            return whole
        return answer | {"folder": str(self.folder / f"failed-{seed}"), "left_out": sorted(left_out)}


def _kind(answer: Answer) -> str:
    """What kind of failure it is: the text without numbers and names."""
    text = str(answer.get("text", ""))
    return "differs" if "differs at element" in text else "".join(c for c in text if c.isalpha())[:40]


@dataclass
class Totals:
    results: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    operators: dict[str, int] = field(default_factory=dict)
    elements: int = 0
    integer: int = 0
    float: int = 0
    failures: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        for counts, key in ((self.results, answer["result"]), (self.modes, answer["options"].split()[0])):
            counts[key] = counts.get(key, 0) + 1
        if answer["result"] == "equal":
            for operator in set(answer["nodes"]):
                self.operators[operator] = self.operators.get(operator, 0) + 1
        self.elements += answer.get("elements", 0)
        self.integer += answer.get("integer", 0)
        self.float += answer.get("float", 0)
        if answer["result"] == "failed":
            self.failures.append(answer)

    def text(self) -> str:
        def listed(counts: dict[str, int]) -> str:
            return ", ".join(f"{counts[key]} {key}" for key in sorted(counts))

        return (
            f"{sum(self.results.values())} networks ({listed(self.modes)}): {listed(self.results)}; "
            f"{self.elements} elements compared, {self.integer} integer contractions, {self.float} operations float"
        )


def program(build: Path) -> Path:
    return Path(os.environ.get("LOWBIT_UNITTESTS") or build / "unittests") / "lowbit-check-networks"


_STATE: dict[str, Runner] = {}


def prepare(build: Path, output: Path) -> None:
    """In each process of several."""
    checker = Checker(program(build))
    folder = Path(tempfile.mkdtemp(prefix="networks-"))
    _STATE.update(quick=Runner(checker, folder), kept=Runner(checker, output))
    multiprocessing.util.Finalize(None, lambda: (checker.close(), shutil.rmtree(folder)), exitpriority=1)


def check(seed: int) -> Answer:
    answer = _STATE["quick"].check(seed)
    return _STATE["kept"].minimize(seed) if answer["result"] == "failed" else answer
