"""ONNX import: `import_onnx` writes the float contract of a model (docs/pipeline.md) and its weight store."""

from .errors import ModelError
from .model import import_onnx

__all__ = ["ModelError", "import_onnx"]
