"""The text of code that came from no file: handed over with ``-c``, through standard input, or typed at a prompt.

Such a text is found where it was left (the interpreter's arguments, the file behind standard input, readline's history)
and is believed only if it proves itself: compiled here, it gives the very code object whose text is looked for. What
was typed otherwise, or is gone from the history, so is not found, and never taken for something else.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import linecache
import os
import stat
import sys
import textwrap
import warnings
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType, ModuleType

STRING, STDIN, CONSOLE = "<string>", "<stdin>", "<console>"
_PROMPTS = (STDIN, CONSOLE)
_FUTURES = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
_LONGEST = 2000
"""Lines of the history that one statement may take."""
_VALUED = {"-W", "-X", "--check-hash-based-pycs"}
"""Options of the interpreter that are followed by a value of theirs."""


def codes_of(text: str, file: str, like: CodeType | None = None) -> frozenset[CodeType]:
    """All code objects that a text is compiled to; none if it is no program.

    Args:
        text: The text.
        file: The file name that they carry.
        like: One that was compiled with the same ``from __future__`` imports, wherever they were typed.
    """
    flags = like.co_flags & _FUTURES if like is not None else 0
    try:
        with warnings.catch_warnings(action="ignore"):
            compiled = compile(text, file, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return frozenset()
    found: set[CodeType] = set()
    pending = [compiled]
    while pending:
        code = pending.pop()
        found.add(code)
        pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(found)


def program_of(main: ModuleType) -> tuple[str, bytes, frozenset[CodeType]] | None:
    """The program that the interpreter was given instead of a file, if the script's own code proves it to be that.

    Returns:
        The file name that its code objects carry, its bytes, and these code objects.
    """
    live: list[CodeType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        live += [frame.f_code] if frame.f_globals is vars(main) else []
        frame = frame.f_back
    live += [value.__code__ for value in list(vars(main).values()) if isinstance(value, FunctionType)]
    for file, data in _programs():
        codes = codes_of(data.decode("utf-8", "replace"), file)
        if any(code in codes for code in live):
            return file, data, codes
    return None


def _programs() -> Iterator[tuple[str, bytes]]:
    command = _command(sys.orig_argv)
    if command is not None:
        yield STRING, command.encode("utf-8", "surrogateescape")
        if (without := textwrap.dedent(command)) != command:  # as newer interpreters take it
            yield STRING, without.encode("utf-8", "surrogateescape")
    elif not is_prompt() and (data := _standard_input()) is not None:
        yield STDIN, data


def is_prompt() -> bool:
    """Whether the interpreter reads and carries out one statement after the other."""
    return bool(sys.flags.interactive) or hasattr(sys, "ps1")


def statement_of(code: CodeType) -> str | None:
    """The statement, as it was typed at a plain prompt, that a code object is part of; None if it cannot be found."""
    if code.co_filename not in _PROMPTS:
        return None
    for statement in _statements(_typed(), code.co_name if code.co_name.isidentifier() else "lambda"):
        if code in codes_of(statement, code.co_filename, code):
            return statement
    return None


def kept_with(code: CodeType) -> str | None:
    """The statement that newer interpreters keep with the code that was typed at their prompt."""
    lines_of = getattr(linecache, "_getlines_from_code", None)
    with contextlib.suppress(Exception):  # it is nobody's promise
        return "".join(lines_of(code)) if lines_of is not None else None
    return None


def why_not(file: str) -> tuple[str, str]:
    """Why the text of code with such a file name cannot be had, and what to do instead."""
    if file == STDIN and not is_prompt():
        return (
            "the program came through a pipe, and that can be read only once",
            "put it into a file: `python flow.py`, or `python < flow.py`",
        )
    if file in _PROMPTS:
        return (
            "it was typed at a prompt that keeps no text, and the lines in its history are not those, word for word",
            "define it in a file that you import, in a notebook, or in IPython; Python 3.13 keeps what is typed",
        )
    if file.startswith("<"):
        return (
            f"it was made by exec() or compile() under the name {file!r}, where nobody keeps the text",
            "put the text into a module and import it; or compile it under a name of its own and leave it where "
            "tracebacks look for it, too: "
            'linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")',
        )
    return f"it was defined in {file!r}, which is not there", "define it in a file or a notebook cell"


def _command(arguments: list[str]) -> str | None:
    """The program among an interpreter's arguments, if there is one."""
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in _VALUED:
            next(rest, None)
        elif argument in ("-", "--") or not argument.startswith("-"):
            return None  # a file, and its arguments
        elif not argument.startswith("--"):
            letters = argument[1:]
            for place, letter in enumerate(letters):
                if letter == "c":
                    return letters[place + 1 :] or next(rest, None)
                if letter in "mWX":  # the rest of it is a value
                    break
            if "m" in letters.partition("W")[0].partition("X")[0]:
                return None
    return None


def _standard_input() -> bytes | None:
    """What the file behind standard input holds, read without moving anybody's place in it."""
    with contextlib.suppress(OSError, AttributeError):
        status = os.fstat(0)
        if stat.S_ISREG(status.st_mode):
            return os.pread(0, status.st_size, 0)
    return None


def _typed() -> list[str]:
    """The lines that were typed at the prompt, as far as anybody kept them, the oldest first."""
    if (data := _standard_input()) is not None:
        return data.decode("utf-8", "replace").splitlines()
    readline = sys.modules.get("readline")
    if readline is None:
        return []
    count = readline.get_current_history_length()
    return [readline.get_history_item(number) or "" for number in range(1, count + 1)]


def _statements(lines: list[str], word: str) -> Iterator[str]:
    """The statements among some lines that hold a word, the newest first.

    A statement begins at a line that is not indented, and goes on as long as lines are; where a parenthesis or a text
    is open, or what came so far is only decorators, it goes on beyond that.
    """
    for first in range(len(lines) - 1, -1, -1):
        if not lines[first].strip() or lines[first][0].isspace():
            continue
        for last in range(first + 1, min(first + _LONGEST, len(lines)) + 1):
            if last < len(lines) and lines[last][:1].isspace():
                continue
            text = "\n".join(lines[first:last]) + "\n"
            if _is_whole(text):
                if word in text:
                    yield text
                if last == len(lines) or not lines[last].startswith(("else", "elif", "except", "finally")):
                    break
            elif last - first == 1 and not lines[first].startswith("@") and not _is_open(text):
                break  # a slip of the hand


def _is_whole(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_open(text: str) -> bool:
    """Whether more may follow what was typed so far."""
    import codeop

    try:
        with warnings.catch_warnings(action="ignore"):
            return codeop.compile_command(text.rstrip("\n"), STDIN) is None
    except (SyntaxError, ValueError, OverflowError):
        return False
