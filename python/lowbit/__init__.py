"""Lowbit: trained float models to integer code.

import lowbit

model = lowbit.load("model.onnx").quantize(calibration_data="calib.npz")
outputs = model.run({"input": array})
model.save("model.int8.mlir")
"""

from lowbit.errors import IncompleteError, LowbitError
from lowbit.model import Model, load
from lowbit.table import Table

__all__ = ["IncompleteError", "LowbitError", "Model", "Table", "__version__", "load"]

__version__ = "0.1.0"
