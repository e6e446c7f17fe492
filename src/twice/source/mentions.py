"""Names whose mere use says what some code may look at: its local variables, its module, the text of other code."""

from __future__ import annotations

SEES_LOCAL_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})
"""Built-ins through which code can see what its local variables are called."""

SEES_THE_CALLER = frozenset({"query", "eval", "evaluate", "sql", "execute", "f_locals"})
"""Methods of libraries that look up names in whoever calls them: ``frame.query("age > @limit")``, NumExpr, DuckDB."""

SEES_ITS_MODULE = frozenset({"globals", "eval", "exec", "__import__"})
"""Built-ins through which code can reach any name of its module."""

TELLS_NAMES = frozenset({"__name__", "__qualname__"})
"""Attributes that tell what a function or class is called."""

READS_ANNOTATIONS = frozenset(
    {
        "__annotations__",
        "get_type_hints",
        "get_annotations",
        "signature",
        "getfullargspec",
        "register",  # single dispatch takes the type from the annotation
        "validate_call",
        "TypeAdapter",
    }
)
"""Names whose use means that somebody may read annotations."""

READS_DOCSTRINGS = frozenset({"__doc__", "getdoc", "pydoc", "help"})
"""Names whose use means that somebody may read docstrings."""

READS_SOURCE = frozenset(
    {
        "getsource",
        "getsourcelines",
        "findsource",
        "getcomments",
        "__code__",
        "f_locals",
        "_getframe",
        "currentframe",
        "format_exc",
        "format_exception",
    }
)
"""Names whose use means that somebody may see the source as it is, or names of local variables from elsewhere."""

TELLING = READS_ANNOTATIONS | READS_DOCSTRINGS | READS_SOURCE | {"__subclasses__"}
"""The names that are looked for in all code that is reached, see ``reach.found.Reads``."""
