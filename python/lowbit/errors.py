"""What the package raises: one error with what is wrong in a line, and notes on what to do about it."""


class LowbitError(Exception):
    """Bad input: `message` says what is wrong, `notes` what to do. The command line prints both and exits with 1."""

    def __init__(self, message: str, *notes: str) -> None:
        super().__init__(message)
        self.message = message
        self.notes = list(notes)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"note: {note}" for note in self.notes)])

    def diagnostic(self) -> str:
        """The text for standard error."""
        return f"error: {self}"


class ArgumentValueError(LowbitError, ValueError):
    """An argument of the Python API has a value that it cannot have."""


class ArgumentTypeError(LowbitError, TypeError):
    """An argument of the Python API is of the wrong kind."""


class UsageError(Exception):
    """Options that do not go together. The command line prints it below the usage and exits with 2."""
