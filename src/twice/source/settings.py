"""Process-wide settings that a script makes, as ``pd.set_option(...)`` or ``os.environ["X"] = "1"``.

A script's top level never runs again in a worker, but such a line changes what its steps compute without any step
naming it. So it is carried out again, and counts for every step. A setting is a call through an installed or standard
module whose name says that it sets something, or something put into or taken out of such a module: by an assignment, by
``del``, by ``setattr`` or ``delattr``, through ``vars``, or by a patch of ``unittest.mock`` that is started. It may
stand inside a loop, a branch, or a function of the user's that does nothing else; a local module whose import makes
settings is imported. Everything else at the top level is the script's driving, and stays out.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, ModuleType

from twice.source.modules import is_local
from twice.source.reach.live import MISSING, ask
from twice.source.toplevel import is_guard

_SAYS_SO = (
    "basicconfig",
    "capturewarnings",
    "config",
    "delattr",
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

_GIVES = ("get", "cpu_count", "path", "str", "int", "float", "bool", "len", "range", "dict", "list", "tuple", "zip")
"""How the names of functions begin that may be called on the way, since they only give something."""

_TELLS = frozenset({"print", "debug", "info", "warning", "warn", "error"})
"""Functions that a person hears, and no computation."""

_PUTS = (setattr, delattr)
_THROUGH = frozenset({"vars", "getattr"})
"""Built-in functions that give what somebody has."""

_NEVER = frozenset({"sys", "builtins", "atexit", "signal", "subprocess", "shutil", "threading", "twice"})
"""Modules through which a script drives rather than sets."""

_PLAIN = (str, bytes, int, float, complex, bool, type(None))

_DEEPEST = 8

Definition = Callable[[FunctionType], ast.AST | None]
"""Finds the definition of a local function."""


@dataclass
class _Look:
    """What is seen on the way through some code that may only make settings.

    Attributes:
        names: The variables that it sees.
        definition: Finds the definition of a local function.
        depth: How many calls it is away from the script.
        own: Names that it binds itself.
        sets: It makes a setting.
    """

    names: Mapping[str, object]
    definition: Definition
    depth: int = 0
    own: set[str] = field(default_factory=set)
    sets: bool = False

    def only_sets(self, body: list[ast.stmt]) -> bool:
        """Whether some statements make settings at most: nothing that drives, loads or computes."""
        return all(self._harmless(statement) for statement in body)

    def _harmless(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return True
            case ast.Import() | ast.ImportFrom():
                self.own |= {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
                return self.depth > 0
            case ast.Return():
                return statement.value is None or self._gives(statement.value)
            case ast.Expr(value=ast.Call() as call):
                return self._call(call)
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign() if statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                return self._gives(statement.value) and all(self._target(target) for target in targets)
            case ast.Delete():
                return all(isinstance(part, ast.Attribute) and self._target(part) for part in statement.targets)
            case ast.If():
                return (
                    self._gives(statement.test) and self.only_sets(statement.body) and self.only_sets(statement.orelse)
                )
            case ast.For():
                return self._gives(statement.iter) and self._target(statement.target) and self.only_sets(statement.body)
            case ast.Try():
                handlers = [part for handler in statement.handlers for part in handler.body]
                return self.only_sets([*statement.body, *handlers, *statement.orelse, *statement.finalbody])
        return False

    def _call(self, call: ast.Call) -> bool:
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if not all(self._gives(part) for part in [*call.args, *(keyword.value for keyword in call.keywords)]):
            return False
        value = _resolve(function, self.names)
        if isinstance(value, FunctionType) and _local(value):
            return self._function(value)
        if name in _TELLS:
            return True
        puts = any(value is one for one in _PUTS) and call.args and self._foreign(call.args[0])
        says = name.lower().lstrip("_").startswith(_SAYS_SO) and self._foreign(function)
        if puts or says or (name == "start" and self._patches(function)):
            self.sets = True
            return True
        return False

    def _patches(self, start: ast.expr) -> bool:
        """Whether what is started is a patch of ``unittest.mock``."""
        patch = start.value if isinstance(start, ast.Attribute) else None
        if not isinstance(patch, ast.Call) or ask(_resolve(patch.func, self.names), "__module__") != "unittest.mock":
            return False
        return all(self._gives(part) for part in [*patch.args, *(keyword.value for keyword in patch.keywords)])

    def _function(self, function: FunctionType) -> bool:
        """Whether a function of the user's does nothing but make settings."""
        definition = self.definition(function)
        if self.depth >= _DEEPEST or not isinstance(definition, ast.FunctionDef):
            return False
        arguments = definition.args
        own = {part.arg for part in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
        look = _Look(function.__globals__, self.definition, self.depth + 1, own)
        only = look.only_sets(definition.body)
        self.sets = self.sets or look.sets
        return only

    def _target(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Tuple | ast.List):
            return all(self._target(part) for part in target.elts)
        if isinstance(target, ast.Name):
            self.own.add(target.id)
            return True
        if isinstance(target, ast.Attribute | ast.Subscript) and self._foreign(target):
            self.sets = True
            return True
        return False

    def _foreign(self, node: ast.expr) -> bool:
        root = _root(node)
        return installed(node, self.names) or (root in self.own and self.depth > 0)

    def _gives(self, node: ast.expr) -> bool:
        """Whether an expression does no more than give something."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                function = part.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                says = name.lower().startswith((*_GIVES, "items", "keys", "values", "split", "strip", "join", "format"))
                if not says or _local(_resolve(function, self.names)):
                    return False
            elif isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                return False
        return True


def is_setting(statement: ast.stmt, namespace: Mapping[str, object], definition: Definition) -> bool:
    """Whether a statement makes process-wide settings and nothing else.

    Args:
        statement: A statement.
        namespace: The variables that it sees.
        definition: Finds the definition of a local function.
    """
    look = _Look(namespace, definition)
    return look.only_sets([statement]) and look.sets


def mentions_setting(body: list[ast.stmt], namespace: Mapping[str, object], definition: Definition) -> bool:
    """Whether importing a module makes settings, among other things."""
    return any(
        is_setting(part, namespace, definition)
        for statement in body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for part in ast.walk(statement)
        if isinstance(part, ast.Expr | ast.Assign | ast.AugAssign | ast.Delete)
    )


def made_until(
    body: list[ast.stmt], line: float, namespace: Mapping[str, object], definition: Definition
) -> Iterator[ast.stmt]:
    """The statements of a script, or of a function of its, that made settings before a line was reached.

    Imports are given, too; what they set is the business of the modules.

    Args:
        body: The statements.
        line: Where it is at work; infinity where it has come to its end.
        namespace: The variables that they see.
        definition: Finds the definition of a local function.
    """
    for statement in body:
        if statement.lineno > line:
            return
        at_work = statement.lineno <= line <= (statement.end_lineno or 0)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        elif not at_work and is_setting(statement, namespace, definition):
            if comes_along(statement, namespace):
                yield statement
        elif isinstance(statement, ast.If) and (is_guard(statement) or at_work):
            yield from made_until(
                [*statement.body, *statement.orelse] if at_work else statement.body, line, namespace, definition
            )
        elif isinstance(statement, ast.If):
            taken = _decided(statement.test, namespace)
            if taken is not None:
                yield from made_until(statement.body if taken else statement.orelse, line, namespace, definition)
        elif at_work and isinstance(statement, ast.With | ast.Try | ast.For | ast.While):
            yield from made_until(statement.body, line, namespace, definition)
        elif isinstance(statement, ast.Try):
            yield from (part for part in statement.body if isinstance(part, ast.Import | ast.ImportFrom))


def comes_along(statement: ast.stmt, namespace: Mapping[str, object]) -> bool:
    """Whether what the names in a statement stand for is surely there in a worker, too."""
    bound = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return all(
        part.id in bound or _there(part.id, namespace) for part in ast.walk(statement) if isinstance(part, ast.Name)
    )


def installed(node: ast.expr, namespace: Mapping[str, object]) -> bool:
    """Whether an expression begins with a module, function or class that is not the user's."""
    name = _root(node)
    if name not in namespace:
        return False
    value = namespace[name]
    if isinstance(value, ModuleType):
        return not is_local(value) and value.__name__.partition(".")[0] not in _NEVER
    home = ask(value, "__module__") or type(value).__module__
    owner = sys.modules.get(home) if isinstance(home, str) else None
    return owner is not None and not is_local(owner) and owner.__name__.partition(".")[0] not in _NEVER


def _resolve(node: ast.expr, names: Mapping[str, object]) -> object:
    """What a name with attributes stands for; ``MISSING`` if there is none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, getattr(builtins, node.id, MISSING))
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, names)
        return MISSING if owner is MISSING else ask(owner, node.attr, MISSING)
    return MISSING


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Call):
            through = node.args and isinstance(node.func, ast.Name) and node.func.id in _THROUGH
            node = node.args[0] if through else node.func
        else:
            node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _local(value: object) -> bool:
    owner = sys.modules.get(str(ask(value, "__module__")))
    return value is not MISSING and isinstance(value, FunctionType | type) and owner is not None and is_local(owner)


def _decided(test: ast.expr, namespace: Mapping[str, object]) -> bool | None:
    """Which way a test went; None where telling would mean to call something."""
    plain = (ast.Name, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.boolop, ast.unaryop, ast.cmpop, ast.Load)
    for part in ast.walk(test):
        if not isinstance(part, plain):
            return None
        if isinstance(part, ast.Name) and not _is_plain(namespace.get(part.id, MISSING)):
            return None
    return bool(eval(compile(ast.Expression(test), "<test>", "eval"), {}, dict(namespace)))


def _there(name: str, namespace: Mapping[str, object]) -> bool:
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
