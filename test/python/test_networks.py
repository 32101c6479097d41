"""A sample of generated networks, compiled against interpreted; `make exhaustive` runs 10,000 (networks/)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from inputs import REPOSITORY
from networks.generate import generate, options
from networks.run import Answer, Checker, Runner, Totals, program

PROGRAM = program(REPOSITORY / "build")
SAMPLE = range(1, 51)


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    assert PROGRAM.exists(), f"{PROGRAM} is not built; make build"
    checker = Checker(PROGRAM)
    yield checker
    checker.close()


@pytest.fixture(scope="module")
def answers(checker: Checker, tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    runner = Runner(checker, tmp_path_factory.mktemp("networks"))
    return [runner.check(seed) for seed in SAMPLE]


def test_compiled_code_gives_the_bytes_of_the_interpreter(answers: list[Answer]) -> None:
    failures = [f"seed {a['seed']}, {a['options']}: {a['text']}" for a in answers if a["result"] == "failed"]
    assert not failures, "\n".join(failures) + "\nto see one: python -m networks --case SEED"


def test_networks_are_quantized(answers: list[Answer]) -> None:
    """What is refused, or stays float, would be equal without having been looked at."""
    totals = Totals()
    for answer in answers:
        totals.add(answer)
    assert totals.results.get("not imported", 0) <= 0.02 * len(answers), totals.text()
    assert totals.results["equal"] >= 0.85 * len(answers), totals.text()
    assert totals.integer >= 2 * totals.results["equal"], totals.text()
    assert {"mode=static", "mode=dynamic", "mode=integer-only", "none"} == set(totals.modes)
    assert {"MatMul", "Conv", "Softmax", "LayerNormalization", "Concat", "Reshape"} <= set(totals.operators)


def test_a_seed_repeats_its_network(tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate(7).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert options(7, tmp_path) == options(7, tmp_path)


def test_layers_that_are_left_out_leave_the_others() -> None:
    whole = {node.name for node in generate(11).nodes}
    prefix = sorted({name.split(".")[0] for name in whole if name.startswith("l")})[-1]
    assert {node.name.split(".")[0] for node in generate(11, {int(prefix[1:])}).nodes} == {
        name.split(".")[0] for name in whole
    } - {prefix}


def test_a_process_that_dies_is_a_failure(tmp_path: Path) -> None:
    dying = tmp_path / "dying"
    dying.write_text('#!/bin/sh\necho \'{"isas": ["portable"]}\'\nread line\nkill -SEGV $$\n')
    dying.chmod(0o755)
    checker = Checker(dying)
    for _ in range(2):  # It is started again.
        answer = checker.ask(tmp_path, 1, "none")
        assert (answer["result"], answer["text"]) == ("failed", "the process died with -11")
