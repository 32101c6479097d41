"""The reader of StableHLO's tests: what it reads, and that it refuses what it does not understand."""

import numpy as np
import pytest
import stablehlo
from stablehlo_modules import integers_of

CASE = """
func.func @main() -> tensor<2xf32> {
  %cst = stablehlo.constant dense<[1.0, 0x7F800000]> : tensor<2xf32>
  %0 = stablehlo.uniform_quantize %cst : (tensor<2xf32>) -> QUANTIZED
  %1 = stablehlo.uniform_dequantize %0 : (QUANTIZED) -> tensor<2xf32>
  %2 = stablehlo.custom_call @check.eq(%cst, %1) : (tensor<2xf32>, tensor<2xf32>) -> tensor<i1>
  return %1 : tensor<2xf32>
}
""".replace("QUANTIZED", "tensor<2x!quant.uniform<i8<-127:127>:f32:0, {5.0E-1:3, 2.0}>>")


def test_reads_types_constants_and_operands() -> None:
    (case,) = stablehlo.read("case.mlir", "func.func @float() {\n}\n// -----\n" + CASE)
    assert case.name == "case.mlir#1"
    constant, quantize, _, check = case.ops
    assert constant.value is not None and constant.value.tolist() == [1.0, np.inf]
    assert quantize.type.quantized == stablehlo.Quantized("i8", -127, 127, 0, (0.5, 2.0), (3, 0))
    assert (check.name, check.operands) == ("check.eq", ("%cst", "%1"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stablehlo.uniform_quantize %cst", "chlo.quantize %cst"),
        ("tensor<2xf32>) -> tensor<2x!q", "tensor<2xf99>) -> tensor<2x!q"),
        ("{5.0E-1:3, 2.0}", "{5.0E-1:3}"),
        ("dense<[1.0, 0x7F800000]>", "dense<[1.0, 2.0, 3.0]>"),
        ("(%cst, %1) : (tensor<2xf32>, tensor<2xf32>)", "(%cst, %1) : (tensor<2xf32>)"),
        ("  return", "  unknown\n  return"),
    ],
)
def test_refuses_what_it_does_not_understand(old: str, new: str) -> None:
    assert old in CASE
    with pytest.raises(ValueError, match=r"case\.mlir"):
        stablehlo.read("case.mlir", CASE.replace(old, new))


def test_floats_have_to_be_on_the_grid() -> None:
    kind = stablehlo.Quantized("i8", -128, 127, None, (0.1,), (3,))
    grid = (np.array([-128, 0, 127]) - 3).astype(np.float32) * np.float32(0.1)
    assert integers_of(grid, kind).tolist() == [-128, 0, 127]
    for wrong in (np.nextafter(grid, np.float32(np.inf)), np.array([12.5], np.float32), np.array([np.nan], np.float32)):
        with pytest.raises(ValueError, match="not on the grid"):
            integers_of(wrong, kind)
