"""Errors of the importer: one for the user, one that handlers raise inside."""

from __future__ import annotations


class ModelError(Exception):
    """A model that cannot be imported.

    The message is complete: what was found, what was expected, what to do. Callers print it as it is.
    """


class Unsupported(Exception):
    """Raised by the handler of an operator that it cannot express; the importer gathers them into one ModelError."""
