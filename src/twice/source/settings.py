"""Process-wide settings that a script makes at its top level, as ``pd.set_option(...)`` or ``os.environ["X"] = "1"``.

A script's top level never runs again in a worker, but such a line changes what its steps compute without any step
naming it. So it is carried out again, and counts for every step. A setting is a call through an installed or standard
module whose name says that it sets something, or an assignment to an attribute or item of such a module; everything
else at the top level is the script's driving, and stays out.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType

from twice.source.modules import is_local

_SAYS_SO = (
    "basicconfig",
    "capturewarnings",
    "config",
    "disable",
    "enable",
    "filter",
    "rc",
    "register_matplotlib",
    "reset",
    "set",
    "simplefilter",
    "update",
    "use",
)
"""How the names of functions that set something begin, in small letters."""

_NEVER = frozenset({"sys", "builtins", "atexit", "signal", "subprocess", "shutil", "threading", "twice"})
"""Modules through which a script drives rather than sets."""

_PLAIN = (str, bytes, int, float, complex, bool, type(None))


def is_setting(statement: ast.AST, namespace: Mapping[str, object]) -> bool:
    """Whether a statement of a script's top level makes a process-wide setting, and can be carried out elsewhere.

    Args:
        statement: A statement that does more than bind names.
        namespace: The script's variables, to see what the names in it are.
    """
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        sets = name.lower().startswith(_SAYS_SO) and _installed(function, namespace)
    elif isinstance(statement, ast.Assign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        sets = all(isinstance(t, ast.Attribute | ast.Subscript) and _installed(t, namespace) for t in targets)
    else:
        return False
    return sets and all(_comes_along(part.id, namespace) for part in ast.walk(statement) if isinstance(part, ast.Name))


def _installed(node: ast.expr, namespace: Mapping[str, object]) -> bool:
    """Whether an expression begins with a module, function or class that is not the user's."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name) or node.id not in namespace:
        return False
    value = namespace[node.id]
    if isinstance(value, ModuleType):
        return not is_local(value) and value.__name__.partition(".")[0] not in _NEVER
    home = getattr(value, "__module__", None) or type(value).__module__
    owner = sys.modules.get(home) if isinstance(home, str) else None
    return owner is not None and not is_local(owner) and owner.__name__.partition(".")[0] not in _NEVER


def _comes_along(name: str, namespace: Mapping[str, object]) -> bool:
    """Whether what a name stands for is surely there in a worker, too."""
    if name not in namespace:
        return hasattr(builtins, name)
    value = namespace[name]
    return isinstance(value, ModuleType | FunctionType | BuiltinFunctionType | type) or _is_plain(value)


def _is_plain(value: object, depth: int = 0) -> bool:
    if type(value) in (list, tuple, set, frozenset) and depth < 3:
        return all(_is_plain(item, depth + 1) for item in value)  # type: ignore[attr-defined]
    if type(value) is dict and depth < 3:
        return all(_is_plain(item, depth + 1) for pair in value.items() for item in pair)
    if isinstance(value, _PLAIN):
        return True
    home = type(value).__module__
    return home.partition(".")[0] in ("matplotlib", "os", "decimal", "pathlib") and not isinstance(value, type)
