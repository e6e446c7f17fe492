"""Calls in the captured code that a factor enters through, with their lines: where to look first; no proof."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

_CALLS = {
    "memory-addresses": ("id", "object.__repr__", "hash"),
    "threads": ("as_completed", "ThreadPoolExecutor", "ProcessPoolExecutor", "Thread", "imap_unordered", "ThreadPool"),
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
    "entropy": ("urandom", "default_rng", "RandomState", "uuid4", "uuid1", "token_hex", "token_bytes", "SystemRandom"),
}


def hints(source: str | bytes, spans: Collection[tuple[int, int]]) -> Iterator[tuple[str, str, int]]:
    """Calls that are known to let a factor in, as (factor, call, line).

    Args:
        source: The text of a module.
        spans: First and last lines that count.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not any(first <= node.lineno <= last for first, last in spans):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        for factor, names in _CALLS.items():
            if name in names and (name not in ("id", "hash") or called == name):
                yield factor, called, node.lineno
