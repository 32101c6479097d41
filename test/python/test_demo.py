"""The demo runs through, leaves its files, and meets the bars that do not depend on time."""

import json
import subprocess
import sys
from pathlib import Path


def test_demo(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lowbit.demo", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Spearman" in done.stdout
    for name in ("minilm.onnx", "minilm.int8.mlir", "minilm.int8.safetensors"):
        assert (tmp_path / name).stat().st_size > 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["scored_pairs"] == 650
    assert abs(result["int8"]["spearman"] - result["float"]["spearman"]) <= 0.01
    assert result["int8"]["cosine_mean"] >= 0.985
    assert result["size_ratio"] <= 0.27
    assert {"median_ms", "gops"} <= set(result["float"]) & set(result["int8"])
