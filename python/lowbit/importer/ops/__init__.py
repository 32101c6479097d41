"""Handlers of the ONNX operators, by theme. Importing this package registers them."""

from . import conv, conv_transpose, elementwise, gather, matmul, movement, norm, pool, qlinear, reduce, slicing

__all__ = [
    "conv",
    "conv_transpose",
    "elementwise",
    "gather",
    "matmul",
    "movement",
    "norm",
    "pool",
    "qlinear",
    "reduce",
    "slicing",
]
