"""Generated networks, compiled against interpreted, bit for bit.

    PYTHONPATH=test/python python -m networks [--count N] [--seed S] [--processes P] [--output FOLDER] [--resume]
    PYTHONPATH=test/python python -m networks --case SEED

Each seed is a random network with random data, quantized in a random mode with a random recipe, compiled for a random
instruction set. A line of results.jsonl for each; --resume goes on after those that are there. A failure is made
smaller and stays as a folder with the model and its data. Exit code 1: something failed.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

from .run import Checker, Runner, Totals, check, prepare, program

REPOSITORY = Path(__file__).resolve().parents[3]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000, help="how many networks")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build")
    parser.add_argument("--output", type=Path, help="default: BUILD/networks")
    parser.add_argument("--resume", action="store_true", help="go on after the networks that were checked before")
    parser.add_argument("--case", type=int, help="check the network of this seed alone, and keep it")
    arguments = parser.parse_args()
    output = arguments.output or arguments.build / "networks"
    output.mkdir(parents=True, exist_ok=True)
    if arguments.case is not None:
        checker = Checker(program(arguments.build))
        answer = Runner(checker, output).check(arguments.case, keep=f"case-{arguments.case}")
        checker.close()
        print(json.dumps(answer, indent=2))
        return int(answer["result"] == "failed")
    log, totals = output / "results.jsonl", Totals()
    if arguments.resume and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            totals.add(json.loads(line))
    else:
        log.unlink(missing_ok=True)
    done = (
        {json.loads(line)["seed"] for line in log.read_text(encoding="utf-8").splitlines()} if log.exists() else set()
    )
    seeds = [s for s in range(arguments.seed, arguments.seed + arguments.count) if s not in done]
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    pool = context.Pool(arguments.processes, prepare, (arguments.build, output))
    with pool, log.open("a", encoding="utf-8") as file:
        for number, answer in enumerate(pool.imap_unordered(check, seeds), 1):
            totals.add(answer)
            file.write(json.dumps(answer) + "\n")
            file.flush()
            if answer["result"] == "failed":
                print(f'seed {answer["seed"]}: {answer["text"]}\n  --quantize-ptq="{answer["options"]}"', flush=True)
                print(f"  kept in {answer.get('folder', 'no folder: it did not fail again')}", flush=True)
            if number % 500 == 0:
                print(f"{number} of {len(seeds)} networks, {time.monotonic() - started:.0f} s", file=sys.stderr)
        pool.close()
        pool.join()
    print(totals.text())
    return int(bool(totals.failures))


if __name__ == "__main__":
    sys.exit(main())
