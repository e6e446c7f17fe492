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

READS_LINES = frozenset(
    {
        "tb_lineno",
        "f_lineno",
        "lineno",
        "co_firstlineno",
        "co_lines",
        "co_linetable",
        "co_positions",
        "currentframe",
        "_getframe",
        "extract_tb",
        "extract_stack",
        "format_exc",
        "format_exception",
        "format_stack",
        "format_tb",
        "findsource",
        "getframeinfo",
        "getinnerframes",
        "getouterframes",
        "getsourcelines",
        "StackSummary",
        "TracebackException",
        "walk_stack",
        "walk_tb",
    }
)
"""Names whose use means that somebody may read on which line something stands."""

READS_FRAMES = frozenset(
    {
        "__globals__",
        "_current_frames",
        "_getframe",
        "currentframe",
        "f_back",
        "f_globals",
        "f_locals",
        "getclosurevars",
        "getinnerframes",
        "getmodule",
        "getouterframes",
        "setprofile",
        "settrace",
        "tb_frame",
        "walk_stack",
        "walk_tb",
    }
)
"""Names whose use means that somebody may look up any name where other code stands."""

INSPECTS = frozenset({"stack", "trace"})
"""Functions of ``inspect`` that give frames; other modules have functions of that name."""

LOOKS_THROUGH = frozenset({"vars", "dir", "__dict__", "globals", "locals", "eval", "exec", "getmembers"})
"""Names whose use means that somebody may look at all that a module holds, without saying what."""

STORES_ANYWHERE = frozenset({"setattr", "delattr", "vars", "__dict__", "globals", "modules", "eval", "exec"})
"""Names whose use means that something may be stored into another module without naming it as a target."""

UNPICKLERS = frozenset({"pickle", "_pickle", "cloudpickle", "dill", "joblib", "torch", "jsonpickle"})
"""Modules that bring back what a text names: any function or class."""

UNPICKLES = frozenset({"load", "loads", "Unpickler", "read_pickle"})
"""What these modules call it."""

READS_ARGUMENTS = frozenset(
    {"argv", "orig_argv", "parse_args", "parse_known_args", "parse_intermixed_args", "getopt", "fileinput"}
)
"""Names whose use means that somebody may read the arguments that the program was called with."""

TELLING = (
    READS_ANNOTATIONS
    | READS_DOCSTRINGS
    | READS_SOURCE
    | READS_LINES
    | READS_FRAMES
    | INSPECTS
    | UNPICKLERS
    | UNPICKLES
    | LOOKS_THROUGH
    | STORES_ANYWHERE
    | {"__subclasses__", "inspect", *READS_ARGUMENTS}
)
"""The names that are looked for in all code that is reached, see ``reach.reads``."""
