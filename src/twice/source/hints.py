"""Calls in the captured code that a factor may enter through, with their lines: where to look first; no proof.

A function that is handed on, as in ``pool.submit(secrets.token_hex, 4)``, counts like one that is called.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

PRINTED = "printed"
"""No factor by itself: where things become text, and their addresses with them if they have no text of their own."""

GROUPS = "group_by"
"""Groups of Polars come in the order of a hash table, whose seed is drawn from the kernel, and of threads."""

_CALLS = {
    "unwritten memory": ("empty", "empty_like"),
    "memory-addresses": ("id", "object.__repr__", "hash"),
    "threads": (
        "as_completed",
        "ThreadPoolExecutor",
        "ProcessPoolExecutor",
        "Thread",
        "imap_unordered",
        "ThreadPool",
        "group_by",
    ),
    "path": (
        "mkdtemp",
        "mkstemp",
        "mktemp",
        "NamedTemporaryFile",
        "TemporaryDirectory",
        "TemporaryFile",
        "gettempdir",
        "getcwd",
        "cwd",
        "abspath",
        "resolve",
    ),
    "user-environment": ("getpid", "getppid", "gethostname", "getfqdn", "node", "uname", "getuser", "getenv"),
    "directory-order": ("listdir", "scandir", "glob", "iglob", "iterdir", "rglob", "walk"),
    "network": ("urlopen", "urlretrieve", "create_connection", "HTTPConnection", "HTTPSConnection"),
    "clock": ("now", "utcnow", "today", "time", "time_ns", "perf_counter", "monotonic", "process_time", "datetime64"),
    "data": ("exists", "isfile", "is_file", "lexists", "isdir", "is_dir"),
    "unknown": ("Popen", "check_output", "check_call", "system", "popen"),
    PRINTED: ("repr", "str", "format", "print"),
    "entropy": (
        "urandom",
        "getrandom",
        "default_rng",
        "RandomState",
        "uuid4",
        "uuid1",
        "token_hex",
        "token_bytes",
        "token_urlsafe",
        "randbelow",
        "SystemRandom",
        GROUPS,
    ),
}


_SHORT = 40
"""Characters of a call that are shown."""

_ALSO_VARIABLES = frozenset({"time", "now", "today", "glob", "walk", "node", "cwd", "datetime64"})
"""Names that are handed on for other reasons too often."""


def hints(source: str | bytes, spans: Collection[tuple[int, int]]) -> Iterator[tuple[str, str, int]]:
    """Calls that are known to let a factor in, as (factor, call, line).

    Args:
        source: The text of a module.
        spans: First and last lines that count.
    """
    for node in ast.walk(ast.parse(source)):
        if not any(first <= getattr(node, "lineno", 0) <= last for first, last in spans):
            continue
        if isinstance(node, ast.FormattedValue):
            yield PRINTED, ast.unparse(node.value), node.lineno
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func).rpartition(".")[2] == "seed" and not node.args and not node.keywords:
            yield "entropy", f"{ast.unparse(node.func)}()", node.lineno
        handed_on = [*node.args, *(keyword.value for keyword in node.keywords)]
        for function in (node.func, *(one for one in handed_on if isinstance(one, ast.Attribute | ast.Name))):
            called = ast.unparse(function)
            name = called.rpartition(".")[2]
            if name in _ALSO_VARIABLES and called == name and function is not node.func:
                continue
            for factor, names in _CALLS.items():
                if name in names and (name not in ("id", "hash") or called == name):
                    yield factor, called if len(called) <= _SHORT else f"….{name}", node.lineno
