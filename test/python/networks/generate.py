"""Random networks, a function of their seed: an input or two, then layers, each with random choices of its own, so that
one can be left out and the others stay what they were as far as they still fit."""

import json
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from . import contractions, layers
from .graph import Dim, Network, Random, Value, static

Layer = Callable[[Network, Value, Random], Value | None]

ANY: dict[Layer, int] = {
    layers.unary: 6,
    layers.with_constant: 3,
    layers.binary: 5,
    layers.softmax: 1,
    layers.layer_norm: 2,
    layers.rms_norm: 2,
    layers.reduce: 1,
    layers.transpose: 1,
    layers.merge: 1,
    layers.split_dim: 1,
    layers.squeeze: 1,
    layers.slice_: 1,
    layers.split: 1,
    layers.pad: 1,
    layers.concat: 1,
    layers.gather: 1,
    layers.repeat: 1,
}
SEQUENCES: dict[Layer, int] = {
    contractions.dense: 4,
    contractions.residual_block: 2,
    contractions.attention: 3,
    contractions.product: 2,
}
IMAGES: dict[Layer, int] = {
    contractions.convolution: 10,
    contractions.transposed_convolution: 2,
    contractions.pooling: 4,
    contractions.resize: 1,
    contractions.dense: 1,
    contractions.product: 1,
}
CONTRACTIONS = (contractions.convolution, contractions.dense, contractions.attention, contractions.residual_block)
LAYERS = 12


def _dim(random: Random, name: str, low: int, high: int, dynamic_one_in: int = 3) -> Dim:
    size = random.range(low, high)
    if not random.one_in(dynamic_one_in):
        return static(size)
    return Dim((size, random.range(low, high), random.range(low, high)), name)


def _inputs(net: Network, random: Random) -> dict[Layer, int]:
    """Makes the inputs; returns what layers suit them."""
    kind = random.pick(["image", "image", "sequence", "tokens", "rows"])
    batch = _dim(random, "batch", 1, 3, 2)
    if not batch.is_static:  # Calibration cuts it into single samples.
        batch = Dim((1, *batch.sizes[1:]), "batch")
    if kind == "image":
        spatial = random.pick([1, 2, 2, 2, 3])
        most = {1: 24, 2: 9, 3: 5}[spatial]
        sides = [_dim(random, f"side{i}", 3, most, 4) for i in range(spatial)]
        net.input([batch, static(random.pick([1, 2, 3, 4, 8, 16])), *sides])
        return IMAGES
    width = static(random.pick([3, 4, 8, 12, 16, 32, 40]))
    length = _dim(random, "length", 2, 9, 2)
    if kind == "rows":
        dims = [batch, width]
        net.input(dims)
    elif kind == "sequence":
        dims = [batch, length, width]
        net.input(dims)
    else:
        words = random.range(4, 40)
        ids = net.input([batch, length], ids=words)
        dims = [batch, length, width]
        table = net.constant(random.normal([words, width.sizes[0]]))
        net.values.append(net.make("Gather", [table, ids], dims, 3, axis=0))
        if length.is_static and random.one_in(2):
            positions = net.constant(random.normal([length.sizes[0], width.sizes[0]]))
            net.values.append(net.like("Add", net.values[-1], positions))
    if random.one_in(4):
        net.input(dims)
    return SEQUENCES


def generate(seed: int, left_out: Collection[int] = ()) -> Network:
    """The network of a seed. Layers of these numbers are left out, to find which ones a mistake needs."""
    net, random = Network(), Random((seed, 0))
    net.prefix = "in"
    kinds = {**ANY, **_inputs(net, random)}
    head = net.values[0]
    for index in range(1, random.range(3, LAYERS) + 1):
        if index in left_out:
            continue
        own = Random((seed, index))
        net.prefix = f"l{index}"
        # One that sums products first: a network without any is refused.
        wanted = [k for k in kinds if k in CONTRACTIONS] if index == 1 else list(kinds)
        weights = np.array([kinds[k] for k in wanted], float)
        for _ in range(8):
            layer = wanted[int(own.source.choice(len(wanted), p=weights / weights.sum()))]
            if head.top > 40 and layer in (layers.unary, layers.with_constant, layers.binary):
                layer = layers.layer_norm
            nodes = len(net.nodes)
            made = layer(net, head, own)
            if made is not None and made.elements <= 2 * layers.MOST and made.rank <= 5:
                net.values.append(made)
                head = made
                break
            del net.nodes[nodes:]
        if own.one_in(6):  # Another branch.
            head = own.pick([v for v in net.values if v.rank > 1])
    return net


def _recipe(random: Random, mode: str) -> str:
    """Words of --quantize-ptq beside the mode."""
    words = []
    if random.one_in(3):
        words.append(
            "weights=" + random.pick(["i4", "symmetric", "tensor", "i4,mse", "i6", "i4,tensor", "u8,asymmetric"])
        )
    if random.one_in(3):
        choices = ["u8", "i6", "u4"] + ["i16"] * (mode != "integer-only")
        if mode != "dynamic":
            choices += ["symmetric", "i8,symmetric", "narrow", "mse", "percentile:99", "i8,entropy"]
        words.append("activations=" + random.pick(choices))
    if mode != "dynamic" and random.one_in(6):
        words.append("method=" + random.pick(["mse", "moving-average", "percentile"]))
    return " ".join(words)


MODES = ["static"] * 4 + ["integer-only"] * 3 + ["dynamic"] * 2 + ["none"]


def options(seed: int, folder: Path) -> str:
    """How the network of a seed is quantized."""
    random = Random((seed, 1000))
    mode = random.pick(MODES)
    if mode == "none":
        return "none"
    if mode == "dynamic":
        return f"mode={mode} {_recipe(random, mode)}".strip()
    if random.one_in(50):  # By a process of its own, which preparations need.
        prepare = random.pick(["equalize", "smooth-quant", "bias-correction"])
        return f"mode={mode} calibration-data={folder / 'calibration'} prepare={prepare}"
    return f"mode={mode} calibration-table={folder / 'table.json'} {_recipe(random, mode)}".strip()


def write_data(net: Network, seed: int, folder: Path) -> None:
    """Two samples to calibrate on, and two runs to compare, of sizes that the calibration need not have seen."""
    random = Random((seed, 2000))
    for name, runs in (("calibration", (0, 0)), ("inputs", (1, 2))):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, run in enumerate(runs):
            arrays = net.data(run, random)
            np.savez(folder / name / f"{i}.npz", **arrays)  # type: ignore[arg-type]


def describe(seed: int, folder: Path, words: str) -> str:
    """What to type to see it again with the commands."""
    folder_text = json.dumps(str(folder))
    return f"seed {seed}: {folder_text}, --quantize-ptq={json.dumps(words)}"
