"""TOSA models against the pseudocode of TOSA 1.0 in numpy: through the exit, back through TOSA, and in quant-run."""

from pathlib import Path

import numpy as np
from artifacts import run, save
from stock import constant, quant_opt, stock


def rescale(values: np.ndarray, multiplier: np.ndarray, shift: np.ndarray, zero: int, double: bool) -> np.ndarray:
    """TOSA 1.0, apply_scale_32 and RESCALE, in 64 bits."""
    values, multiplier, shift = (np.asarray(a, np.int64) for a in (values, multiplier, shift))
    rounding = np.left_shift(np.int64(1), shift - 1)
    if double:
        rounding = rounding + np.where(shift > 31, np.where(values >= 0, 1 << 30, -(1 << 30)), 0)
    return np.clip(np.right_shift(values * multiplier + rounding, shift) + zero, -128, 127)


TOSA = """
func.func @main(%x: tensor<2x6x5x3xi8> {{lowbit.name = "x"}}) -> (tensor<1x2x7xi8> {{lowbit.name = "y"}}) {{
  %w = "tosa.const"() <{{values = {weights}}}> : () -> tensor<4x3x3x3xi8>
  %b = "tosa.const"() <{{values = {bias}}}> : () -> tensor<4xi32>
  %v = "tosa.const"() <{{values = {matrix}}}> : () -> tensor<1x24x7xi8>
  %xz = "tosa.const"() <{{values = dense<-9> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %wz = "tosa.const"() <{{values = dense<4> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %cz = "tosa.const"() <{{values = dense<11> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{{values = dense<0> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{{values = {multipliers}}}> : () -> tensor<4xi32>
  %s = "tosa.const"() <{{values = {shifts}}}> : () -> tensor<4xi8>
  %m1 = "tosa.const"() <{{values = dense<1987654321> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %s1 = "tosa.const"() <{{values = dense<40> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %xz, %wz {{acc_type = i32, pad = array<i64: 1, 0, 1, 1>, stride = array<i64: 2, 2>,
      dilation = array<i64: 1, 1>}} : (tensor<2x6x5x3xi8>, tensor<4x3x3x3xi8>, tensor<4xi32>, tensor<1xi8>,
      tensor<1xi8>) -> tensor<2x3x3x4xi32>
  %q = tosa.rescale %acc, %m, %s, %z, %cz {{scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = true,
      input_unsigned = false, output_unsigned = false}} : (tensor<2x3x3x4xi32>, tensor<4xi32>, tensor<4xi8>,
      tensor<1xi32>, tensor<1xi8>) -> tensor<2x3x3x4xi8>
  %zero = tosa.const_shape {{values = dense<0> : tensor<4xindex>}} : () -> !tosa.shape<4>
  %part = tosa.const_shape {{values = dense<[2, 2, 3, 4]> : tensor<4xindex>}} : () -> !tosa.shape<4>
  %c = tosa.slice %q, %zero, %part : (tensor<2x3x3x4xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<2x2x3x4xi8>
  %shape = tosa.const_shape {{values = dense<[1, 2, 24]> : tensor<3xindex>}} : () -> !tosa.shape<3>
  %r = tosa.reshape %c, %shape : (tensor<2x2x3x4xi8>, !tosa.shape<3>) -> tensor<1x2x24xi8>
  %p = tosa.matmul %r, %v, %cz, %wz : (tensor<1x2x24xi8>, tensor<1x24x7xi8>, tensor<1xi8>, tensor<1xi8>)
      -> tensor<1x2x7xi32>
  %y = tosa.rescale %p, %m1, %s1, %z, %xz {{scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false,
      input_unsigned = false, output_unsigned = false}} : (tensor<1x2x7xi32>, tensor<1xi32>, tensor<1xi8>,
      tensor<1xi32>, tensor<1xi8>) -> tensor<1x2x7xi8>
  return %y : tensor<1x2x7xi8>
}}
"""


def test_tosa_model_is_exact(tmp_path: Path) -> None:
    """A convolution, its rescale per channel, a slice, a matrix product, its rescale: by hand, by the exit, by TOSA as
    it comes back and upstream lowers it, and by quant-run."""
    random = np.random.default_rng(7)
    x, w, v = (random.integers(-128, 128, s, np.int8) for s in ((2, 6, 5, 3), (4, 3, 3, 3), (1, 24, 7)))
    bias = random.integers(-3000, 3000, 4, np.int32)
    multipliers = np.array([1073741824, 1500000001, 2147483647, 1234567891], np.int32)
    shifts = np.array([38, 39, 40, 37], np.int8)
    source = tmp_path / "model.mlir"
    values = {"weights": w, "bias": bias, "matrix": v, "multipliers": multipliers, "shifts": shifts}
    source.write_text(TOSA.format(**{name: constant(array) for name, array in values.items()}))

    padded = np.pad(x.astype(np.int64) + 9, ((0, 0), (1, 0), (1, 1), (0, 0)))
    acc = np.zeros((2, 3, 3, 4), np.int64)
    for ky in range(3):
        for kx in range(3):
            window = padded[:, ky : ky + 5 : 2, kx : kx + 5 : 2]
            acc += window @ (w[:, ky, kx].astype(np.int64) - 4).T
    q = rescale(acc + bias, multipliers, shifts, 11, double=True)[:, :2].reshape(1, 2, 24)
    expected = rescale((q - 11) @ (v.astype(np.int64) - 4), 1987654321, 40, -9, double=False)
    assert len(np.unique(expected)) > 5

    converted = quant_opt(source, tmp_path / "converted.mlir", "--lowbit-convert-from-tosa")
    exited = quant_opt(converted, tmp_path / "exited.mlir", "--lowbit-exit-upstream")
    np.testing.assert_array_equal(stock(exited, [x], tmp_path), expected.ravel())

    back = quant_opt(converted, tmp_path / "back.mlir", "--lowbit-convert-to-tosa", "--lowbit-convert-to-upstream")
    assert back.read_text().count("tosa.rescale") == 2
    np.testing.assert_array_equal(stock(back, [x], tmp_path), expected.ravel())

    lowered = quant_opt(converted, tmp_path / "lowered.mlir", "--lowbit-lower-contract", "--lowbit-lower-qdq")
    outputs = run(lowered, save(tmp_path / "x.npz", {"x": x}), tmp_path)
    np.testing.assert_array_equal(outputs["y"], expected)
    np.testing.assert_array_equal(run(source, tmp_path / "x.npz", tmp_path)["y"], expected)


OPERATORS = """
func.func @main(%a: tensor<1x5x5x2xi8>, %u: tensor<64xi8>, %p: tensor<64xi32>, %l: tensor<64xi16>)
    -> {result} {{
  %az = "tosa.const"() <{{values = dense<-9> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %wz = "tosa.const"() <{{values = dense<4> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %uz = "tosa.const"() <{{values = dense<-56> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{{values = dense<0> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %w = "tosa.const"() <{{values = {weights}}}> : () -> tensor<3x3x2x2xi8>
  %b = "tosa.const"() <{{values = {bias}}}> : () -> tensor<4xi32>
  %t = "tosa.const"() <{{values = {table}}}> : () -> tensor<256xi8>
  %t16 = "tosa.const"() <{{values = {table16}}}> : () -> tensor<513xi16>
  %m16 = "tosa.const"() <{{values = dense<20001> : tensor<1xi16>}}> : () -> tensor<1xi16>
  %s16 = "tosa.const"() <{{values = dense<15> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %m = "tosa.const"() <{{values = dense<1234567891> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{{values = dense<23> : tensor<1xi8>}}> : () -> tensor<1xi8>
{body}
}}
"""

FLAT = "tensor<1x{0}xi32>"


def flatten(name: str, kind: str, count: int) -> list[str]:
    """Lines that make i32 [1, count] of a value."""
    shape = kind[len("tensor<") : kind.rindex("x")]
    wide = f"tensor<{shape}xi32>"
    lines = [f"%{name}_n = tosa.const_shape {{values = dense<[1, {count}]> : tensor<2xindex>}} : () -> !tosa.shape<2>"]
    source = f"%{name}"
    if kind != wide:
        lines.append(f"%{name}_i = tosa.cast %{name} : ({kind}) -> {wide}")
        source = f"%{name}_i"
    flat = FLAT.format(count)
    return [*lines, f"%{name}_f = tosa.reshape {source}, %{name}_n : ({wide}, !tosa.shape<2>) -> {flat}"]


def test_tosa_operators_are_exact(tmp_path: Path) -> None:
    """Operators one by one, against the pseudocode of TOSA 1.0."""
    random = np.random.default_rng(11)
    a = random.integers(-128, 128, (1, 5, 5, 2), np.int8)
    u = random.integers(-128, 128, 64, np.int8)
    p = random.integers(-(2**24), 2**24, 64, np.int32)
    long = np.concatenate([[-32768, 32767], random.integers(-32768, 32768, 62)]).astype(np.int16)
    w = random.integers(-128, 128, (3, 3, 2, 2), np.int8)
    deconv = random.integers(-128, 128, (3, 3, 3, 2), np.int8)
    bias = random.integers(-3000, 3000, 4, np.int32)
    table, table16 = random.integers(-128, 128, 256, np.int8), random.integers(-32768, 32768, 513, np.int16)
    wide_a, wide_w = a.astype(np.int64) + 9, w.astype(np.int64) - 4
    results: list[tuple[str, str, str, np.ndarray]] = []

    depthwise = np.zeros((1, 3, 3, 2, 2), np.int64)
    for y, x in np.ndindex(3, 3):
        depthwise += wide_a[:, y : y + 3, x : x + 3, :, None] * wide_w[y, x]
    results.append(
        (
            "depthwise",
            "tensor<1x3x3x4xi32>",
            """tosa.depthwise_conv2d %a, %w, %b, %az, %wz {acc_type = i32,
      pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x5x5x2xi8>,
      tensor<3x3x2x2xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x3x4xi32>""",
            depthwise.reshape(1, 3, 3, 4) + bias,
        )
    )

    transposed = np.zeros((1, 11, 11, 3), np.int64)
    for y, x in np.ndindex(5, 5):
        for ky, kx in np.ndindex(3, 3):
            transposed[0, 2 * y + ky, 2 * x + kx] += (deconv[:, ky, kx].astype(np.int64) - 4) @ wide_a[0, y, x]
    results.append(
        (
            "transposed",
            "tensor<1x11x11x3xi32>",
            """tosa.transpose_conv2d %a, %v, %z, %az, %wz {acc_type = i32,
      out_pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>} : (tensor<1x5x5x2xi8>, tensor<3x3x3x2xi8>,
      tensor<1xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x11x11x3xi32>""",
            transposed,
        )
    )

    pooled = np.zeros((1, 3, 3, 2), np.int64)
    for y, x, c in np.ndindex(3, 3, 2):
        window = wide_a[0, max(0, 2 * y - 1) : 2 * y + 2, max(0, 2 * x - 1) : 2 * x + 2, c]
        count = window.size
        k = (count - 1).bit_length()
        pooled[0, y, x, c] = rescale(
            window.sum(), np.int64((((1 << 30) + 1) << k) // count), np.int64(30 + k), 4, False
        )
    results.append(
        (
            "pooled",
            "tensor<1x3x3x2xi8>",
            """tosa.avg_pool2d %a, %az, %wz {acc_type = i32,
      kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>} : (tensor<1x5x5x2xi8>,
      tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x3x2xi8>""",
            pooled,
        )
    )

    results.append(
        (
            "negated",
            "tensor<64xi8>",
            """tosa.negate %u, %az, %wz : (tensor<64xi8>, tensor<1xi8>,
      tensor<1xi8>) -> tensor<64xi8>""",
            np.clip(-(u.astype(np.int64) + 9) + 4, -128, 127),
        )
    )
    results.append(
        (
            "looked",
            "tensor<64xi8>",
            "tosa.table %u, %t : (tensor<64xi8>, tensor<256xi8>) -> tensor<64xi8>",
            table[u.astype(np.int64) + 128],
        )
    )
    index = long.astype(np.int64) + 32768
    low, high = (table16[(index >> 7) + step].astype(np.int64) for step in (0, 1))
    results.append(
        (
            "interpolated",
            "tensor<64xi32>",
            """tosa.table %l, %t16 : (tensor<64xi16>, tensor<513xi16>)
      -> tensor<64xi32>""",
            (low << 7) + (high - low) * (index & 127),
        )
    )
    results.append(
        (
            "multiplied",
            "tensor<64xi32>",
            """tosa.mul %p, %p, %twenty : (tensor<64xi32>, tensor<64xi32>,
      tensor<1xi8>) -> tensor<64xi32>""",
            (p.astype(np.int64) ** 2 + (1 << 19)) >> 20,
        )
    )
    scaled = "input_unsigned = {0}, output_unsigned = {1}, per_channel = false"
    results.append(
        (
            "unsigned",
            "tensor<64xi8>",
            f"""tosa.rescale %u, %m16, %s16, %uz, %az {{scale32 = false,
      rounding_mode = SINGLE_ROUND, {scaled.format("true", "false")}}} : (tensor<64xi8>, tensor<1xi16>, tensor<1xi8>,
      tensor<1xi8>, tensor<1xi8>) -> tensor<64xi8>""",
            rescale(u.view(np.uint8).astype(np.int64) - 200, np.int64(20001), np.int64(15), -9, False),
        )
    )
    results.append(
        (
            "widened",
            "tensor<64xi32>",
            f"""tosa.rescale %u, %m, %s, %wz, %z {{scale32 = true,
      rounding_mode = SINGLE_ROUND, {scaled.format("false", "false")}}} : (tensor<64xi8>, tensor<1xi32>, tensor<1xi8>,
      tensor<1xi8>, tensor<1xi32>) -> tensor<64xi32>""",
            ((u.astype(np.int64) - 4) * 1234567891 + (1 << 22)) >> 23,
        )
    )

    lines = [
        f'%v = "tosa.const"() <{{values = {constant(deconv)}}}> : () -> tensor<3x3x3x2xi8>',
        '%twenty = "tosa.const"() <{values = dense<20> : tensor<1xi8>}> : () -> tensor<1xi8>',
    ]
    flats = []
    for name, kind, text, expected in results:
        lines += [f"%{name} = {text}", *flatten(name, kind, expected.size)]
        flats.append((f"%{name}_f", FLAT.format(expected.size)))
    total = sum(expected.size for *_, expected in results)
    lines.append(
        f"%all = tosa.concat {', '.join(n for n, _ in flats)} {{axis = 1 : i32}} : "
        f"({', '.join(t for _, t in flats)}) -> {FLAT.format(total)}"
    )
    lines.append(f"return %all : {FLAT.format(total)}")
    values = {"weights": w, "bias": bias, "table": table, "table16": table16}
    source = tmp_path / "model.mlir"
    constants = {name: constant(array) for name, array in values.items()}
    source.write_text(OPERATORS.format(body="\n".join(lines), result=FLAT.format(total), **constants))
    exited = quant_opt(source, tmp_path / "exited.mlir", "--lowbit-convert-from-tosa", "--lowbit-exit-upstream")
    found = stock(exited, [a, u, p, long], tmp_path)
    start = 0
    for name, _, _, expected in results:
        np.testing.assert_array_equal(found[start : start + expected.size], expected.ravel(), err_msg=name)
        start += expected.size
    assert start == found.size
