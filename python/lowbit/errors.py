"""What the package raises: one error with what is wrong in a line, and notes on what to do about it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lowbit.table import Table


class LowbitError(Exception):
    """Bad input: `message` says what is wrong, `notes` what to do. The command line prints both and exits with 1."""

    def __init__(self, message: str, *notes: str) -> None:
        super().__init__(message)
        self.message = message
        self.notes = list(notes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come back from worker processes whole: notes are no `args` of an exception."""
        return type(self), (self.message, *self.notes)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"note: {note}" for note in self.notes)])

    def diagnostic(self) -> str:
        """The text for standard error."""
        return f"error: {self}"


class ArgumentValueError(LowbitError, ValueError):
    """An argument of the Python API has a value that it cannot have."""


class ArgumentTypeError(LowbitError, TypeError):
    """An argument of the Python API is of the wrong kind."""


class IncompleteError(LowbitError):
    """Calibration ended early: `table` has what was observed until then."""

    def __init__(self, error: LowbitError, table: "Table", *notes: str) -> None:
        super().__init__(error.message, *error.notes, *notes)
        self.table = table

    def __reduce__(self) -> tuple[Any, ...]:
        """The table is a file of this process: only what is wrong travels."""
        return LowbitError, (self.message, *self.notes)


class UsageError(Exception):
    """Options that do not go together. The command line prints it below the usage and exits with 2."""
