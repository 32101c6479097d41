"""What becomes of a tool that misbehaves: one diagnostic, whatever it printed and however it ended."""

from pathlib import Path

import pytest
from lowbit.cli import make_parser
from lowbit.errors import LowbitError
from lowbit.spelling import OPTIONS
from lowbit.tools import find_tool, is_quotable, pass_options, run_tool


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tool whose behaviour a test writes as a shell script."""
    monkeypatch.setenv("LOWBIT_TOOLS", str(tmp_path))
    return tmp_path / "quant-run"


def write(tool: Path, script: str) -> None:
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def failure(tool: Path, script: str, aliases: dict[Path, str] | None = None) -> LowbitError:
    write(tool, script)
    with pytest.raises(LowbitError) as caught:
        run_tool(tool.name, [], aliases=aliases)
    return caught.value


def test_a_crash_is_one_diagnostic(tool: Path) -> None:
    error = failure(tool, "echo 'Stack dump:' >&2; echo '0. error: deep inside' >&2; kill -SEGV $$")
    assert error.message == "quant-run was ended by signal SIGSEGV"
    assert "Stack dump" not in str(error)


def test_the_first_of_several_errors_is_shown(tool: Path) -> None:
    error = failure(tool, "printf 'error: one\\nnote: do this\\nerror: two\\nerror: three\\n' >&2; exit 1")
    assert error.message == "one"
    assert error.notes == ["do this", "2 more errors follow from the same input"]


def test_bytes_of_a_binary_model_are_not_shown(tool: Path) -> None:
    script = "printf 'm.onnx:3:1: error: wrong\\n w\\001\\377Conv*\\n  ^\\nnote: do this\\n' >&2; exit 1"
    error = failure(tool, script)
    assert error.message == "m.onnx: wrong"
    assert error.notes == ["do this"]


def test_temporary_names_are_replaced(tool: Path, tmp_path: Path) -> None:
    module = tmp_path / "temporary.mlir"
    script = f"echo '{module}:3:4: error: odd type' >&2; exit 1"
    assert failure(tool, script, {module: "model.mlir"}).message == "model.mlir:3:4: odd type"
    assert failure(tool, script, {module: "model.onnx"}).message == "model.onnx: odd type", "ONNX has no lines"


def test_a_silent_failure_is_named(tool: Path) -> None:
    assert failure(tool, "exit 3").message == "quant-run failed with exit code 3"


def test_a_long_line_is_cut(tool: Path) -> None:
    assert len(str(failure(tool, "printf 'error: %05000d' 0 >&2; exit 1"))) < 500


def test_remarks_pass_and_progress_does_not(tool: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tool, "echo 'progress: 1/2 files' >&2; echo 'remark: calibrate' >&2; echo 'progress: 2/2' >&2; echo out")
    seen: list[tuple[int, int, str]] = []
    output = run_tool(tool.name, [], report=lambda done, total, what: seen.append((done, total, what)))
    assert output == "out\n"
    assert seen == [(1, 2, "files"), (2, 2, "")]
    assert capfd.readouterr().err == "remark: calibrate\n"


def test_equal_remarks_are_gathered(tool: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tool, """for i in 1 2 3 4 5 6 7 8; do echo "<unknown>:0: remark: loc(\\"conv$i\\"): stays float" >&2; done""")
    run_tool(tool.name, [])
    assert capfd.readouterr().err == "conv1, conv2, conv3, conv4, conv5, conv6 and 2 more: remark: stays float\n"


def test_the_place_of_a_note_is_not_repeated(tool: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tool, "printf 'm.onnx:1:2: warning: odd\\nm.onnx:1:2: note: this\\nn.mlir:3:4: note: that\\n' >&2")
    run_tool(tool.name, [])
    assert capfd.readouterr().err == "m.onnx: warning: odd\nnote: this\nn.mlir:3:4: note: that\n"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("quantize-ptq: mode=static needs shape=<sizes>", "--mode static needs --shape <sizes>"),
        ("calibration-data and calibration-table both do", "--calibration-data and --calibration-table both do"),
        ("the option prepare=auto compares; give --threads", "--prepare auto compares; give --threads"),
        ("the option method=mse chooses, method=mse is of a rule", "--method mse chooses, method=mse is of a rule"),
        ("calibrate with the option 'channels'", "calibrate with --channels"),
        ("leave the option mask out: the mask 'mask' is one", "leave --mask out: the mask 'mask' is one"),
        ("'name=x mode=1' of 'calibration-data' stays", "'name=x mode=1' of 'calibration-data' stays"),
        ("weights: unknown word 'i99'", "--weights: unknown word 'i99'"),
        ("5 held-out samples and 1 more, which explain=FILE lists",
         "5 held-out samples and 1 more, which --explain FILE lists"),
        ('give inputs: --quantize-ptq="calibration-data=in.npz"', "give inputs: --calibration-data in.npz"),
        ("the option path is of a pass", "the option path is of a pass"),
        ("the mode=, threads=4x4 of unknown.mode=2", "the mode=, --threads 4x4 of unknown.mode=2"),
    ],
)  # fmt: skip
def test_options_are_spelled_as_the_command_line_has_them(said: str, read: str, tool: Path) -> None:
    assert failure(tool, f"cat >&2 <<'END'\n<unknown>:0: error: {said}\nEND\nexit 1").message == read


def test_the_place_of_an_option_is_the_option(tool: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.txt"
    script = f"echo '{rules}:1:7: error: unknown key' >&2; exit 1"
    assert failure(tool, script, {Path(f"{rules}:1"): "--rule"}).message == "--rule: unknown key"


def test_the_options_are_those_of_the_command() -> None:
    command = make_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    known = {option for name in ("quantize", "calibrate") for option in command[name]._option_string_actions}  # type: ignore[index,call-overload]
    assert {f"--{name}" for name in OPTIONS} <= known


def test_much_output_on_both_streams(tool: Path) -> None:
    write(tool, "yes error | head -c 1000000 >&2; yes out | head -c 1000000")
    assert len(run_tool(tool.name, [])) == 1000000


def test_an_absent_tool_is_an_error_with_the_way_out(tool: Path) -> None:
    with pytest.raises(LowbitError, match="make build"):
        find_tool(tool.name)


def test_pass_options() -> None:
    assert pass_options({"a": 1, "b": None, "c": Path("/x/y.npz")}) == "a=1 c=/x/y.npz"
    assert pass_options({"c": "with space", "d": "a,b", "e": "it's"}) == "c='with space' d='a,b' e=\"it's\""
    assert is_quotable("a b") and not is_quotable("a ") and not is_quotable("'\"")
