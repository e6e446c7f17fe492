"""Everything that Twice raises on purpose.

::

    TwiceError
    ├── DefinitionError        the pipeline cannot be made: a step, its wiring, a parameter
    │   ├── WiringError
    │   └── ParameterError
    ├── CaptureError           a step reaches something that cannot be brought back elsewhere
    ├── ValueNotStorable       a step returned something that no kind of value can hold
    ├── StepFailed             the user's own code raised; carries the user's traceback
    │   └── Undeclared         a strict step asked for a file that it does not declare
    ├── ControlUnusable        what was asked for to watch or confine steps does not work here
    ├── WorkerLost             the process that ran a step died without an answer
    ├── StoreError
    │   ├── NotFound           no version, run or object of that name
    │   ├── LabelTaken         a label means one thing for ever
    │   ├── Damaged            an object's bytes are not what its name says
    │   └── StoreUnusable      the place is a file, read-only, of a newer format …
    ├── EnvironmentUnusable    an environment cannot be locked, rebuilt, contained or started
    ├── NothingToSave          save() before run()
    └── InputChanged           a recorded input is not here any more, or no longer the same

Each says what happened, why, and what to try: the message is the first two, ``hint`` the third.
"""

from __future__ import annotations


class TwiceError(Exception):
    """The base of all errors that Twice raises on purpose.

    Args:
        message: What happened and why, in whole sentences.
        hint: What to try; shown apart from the message.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


def last_line(told: str) -> str:
    """The line that says what went wrong: the last of an error's words or of a traceback, and never its hint."""
    told = told.strip()
    words, hint, tip = told.rpartition("\n\nhint: ")
    return (words if hint and "\n" not in tip else told).rpartition("\n")[2]


class DefinitionError(TwiceError):
    """The pipeline cannot be made from what was given."""


class WiringError(DefinitionError):
    """A step's parameter can be given no value."""


class ParameterError(DefinitionError):
    """A parameter of that name, or with that value, does not exist."""


class CaptureError(TwiceError):
    """A step reaches something that cannot be saved and brought back elsewhere."""


class ValueNotStorable(TwiceError):  # noqa: N818 - reads as the sentence it is
    """A value that no kind can hold; ``path`` says where in the output it sits."""

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class StepFailed(TwiceError):  # noqa: N818
    """A step's own code raised.

    Attributes:
        step: The step's name.
        exception: The exception's type and message, as the last line of a traceback shows them.
        traceback: The user's part of the traceback, with lines from the snapshot.
    """

    def __init__(self, step: str, exception: str, traceback: str, *, hint: str = "") -> None:
        super().__init__(f"step {step!r} failed: {exception}\n\n{traceback.rstrip()}".rstrip(), hint=hint)
        self.step = step
        self.exception = exception
        self.traceback = traceback


class Undeclared(StepFailed):
    """A strict step read, listed or wrote what it does not declare.

    Attributes:
        paths: What it asked for.
    """

    def __init__(self, step: str, exception: str, traceback: str, *, paths: tuple[str, ...], hint: str = "") -> None:
        super().__init__(step, exception, traceback, hint=hint)
        self.paths = paths


class ControlUnusable(TwiceError):  # noqa: N818
    """What was asked for to watch or confine steps does not work on this machine."""


class WorkerLost(TwiceError):  # noqa: N818
    """The process that ran a step ended without an answer: killed, out of memory, crashed."""


class StoreError(TwiceError):
    """Something about the vault."""


class NotFound(StoreError):  # noqa: N818
    """Nothing of that name is in the store."""


class LabelTaken(StoreError):  # noqa: N818
    """The label already means another version; a label means one thing for ever."""


class Damaged(StoreError):  # noqa: N818
    """An object's bytes are not what its name says."""


class StoreUnusable(StoreError):  # noqa: N818
    """The store cannot be opened or written here."""


class EnvironmentUnusable(TwiceError):  # noqa: N818
    """An environment cannot be locked, rebuilt, contained or started here."""


class NothingToSave(TwiceError):  # noqa: N818
    """A version is what ran, and nothing has run yet."""


class InputChanged(TwiceError):  # noqa: N818
    """A recorded input is not here any more, or is no longer the same."""


class StoreWarning(RuntimeWarning):
    """Something in a store was left out or taken out, since it cannot be read."""
