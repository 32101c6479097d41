"""Writes the demo's result into README.md, between the lines `<!-- demo:begin -->` and `<!-- demo:end -->`.

update_readme.py build/demo/result.json           rewrite the block
update_readme.py build/demo/result.json --print   print it only
"""

import argparse
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

from lowbit.demo import table, threads_text
from rich.console import Console

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- demo:begin[^>]*-->\n).*?(<!-- demo:end -->)", re.DOTALL)


def render(result: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, color_system=None)
    console.print(table(result))
    assert isinstance(console.file, io.StringIO)
    lines = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
    machine = result["machine"]
    threads = threads_text(result["threads"])
    took = f"The demo took {result['seconds']:.0f} s after the build."
    return f"```\n{lines}\n```\n\nMeasured on {machine['cpu']}, {threads}, code for {result['target']}. {took}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, help="result.json of the demo")
    parser.add_argument("--print", action="store_true", help="print the block, change nothing")
    args = parser.parse_args()
    if not args.result.is_file():
        print(f"{args.result} is not there: run `make demo` first", file=sys.stderr)
        return 1
    block = render(json.loads(args.result.read_text(encoding="utf-8")))
    if args.print:
        print(block, end="")
        return 0
    text = README.read_text(encoding="utf-8")
    changed, count = BLOCK.subn(lambda match: match[1] + block + match[2], text)
    if count != 1:
        print(f"{README.name} has {count} demo blocks, and one is expected", file=sys.stderr)
        return 1
    if changed != text:
        README.write_text(changed, encoding="utf-8")
        print(f"{README.name}: the demo block is new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
