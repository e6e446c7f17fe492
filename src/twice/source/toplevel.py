"""What the top level of a module binds, and what it does beside that when it is imported.

Importing a module runs its top level. Most of that only binds names (definitions, imports, constants), and counts for
a step only where the step uses the name. The rest, its *effects*, counts for whoever imports the module: a call,
an assignment to something's attribute or item, a loop, a decorated definition whose decorator may register it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from twice.source.normal import is_docstring
from twice.source.uses import Import


@dataclass
class TopLevel:
    """One module's top level.

    Attributes:
        bindings: For each name, the statements that bind it, in order.
        imports: What it imports when it is imported itself, in order.
        doubtful: Statements that may do more than bind names, with the definition or call that has to be looked at:
            decorated definitions, classes with bases, assignments from a call.
        effects: Statements that surely do.
    """

    bindings: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: list[tuple[str, Import]] = field(default_factory=list)
    doubtful: list[ast.stmt] = field(default_factory=list)
    effects: list[ast.stmt] = field(default_factory=list)


def survey(tree: ast.Module) -> TopLevel:
    """Look through a module's top level."""
    found = TopLevel()
    for statement in _statements(tree.body, found):
        _enter(statement, found)
    return found


def _statements(body: list[ast.stmt], found: TopLevel) -> Iterator[ast.stmt]:
    """The statements that run on import, those inside ``if`` and ``try`` included, without the ``__main__`` guard."""
    for statement in body:
        if is_guard(statement) or is_docstring(statement):
            continue
        if isinstance(statement, ast.If):
            if not _is_type_checking(statement.test):
                found.effects.append(ast.copy_location(ast.Expr(statement.test), statement))
                yield from _statements(statement.body, found)
            yield from _statements(statement.orelse, found)
        elif isinstance(statement, ast.Try):
            for part in (statement.body, *(handler.body for handler in statement.handlers)):
                yield from _statements(part, found)
            yield from _statements(statement.orelse, found)
            yield from _statements(statement.finalbody, found)
        else:
            yield statement


def is_guard(statement: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``."""
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.ops[0], ast.Eq)
        and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(statement.test))
        and any(isinstance(part, ast.Constant) and part.value == "__main__" for part in ast.walk(statement.test))
    )


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def _enter(statement: ast.stmt, found: TopLevel) -> None:
    def bind(name: str) -> None:
        found.bindings.setdefault(name, []).append(statement)

    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            bind(statement.name)
            if statement.decorator_list or (isinstance(statement, ast.ClassDef) and statement.bases):
                found.doubtful.append(statement)
        case ast.Import():
            for alias in statement.names:
                bound = alias.asname or alias.name.partition(".")[0]
                bind(bound)
                found.imports.append((bound, Import(alias.name, top_only=alias.asname is None and "." in alias.name)))
        case ast.ImportFrom():
            for alias in statement.names:
                bind(alias.asname or alias.name)
                imported = Import(statement.module or "", statement.level, alias.name)
                found.imports.append((alias.asname or alias.name, imported))
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [part for target in targets for part in _targets(target)]
            for part in names:
                if isinstance(part, ast.Name):
                    bind(part.id)
            if not all(isinstance(part, ast.Name) for part in names):
                found.effects.append(statement)
            elif statement.value is not None and any(isinstance(p, ast.Call) for p in ast.walk(statement.value)):
                found.doubtful.append(statement)
        case ast.Pass():
            pass
        case ast.Expr(value=ast.Constant()):
            pass
        case _:
            found.effects.append(statement)
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    bind(inner.id)
                elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    bind(inner.name)
                elif isinstance(inner, ast.Import):
                    found.imports += [(a.asname or a.name.partition(".")[0], Import(a.name)) for a in inner.names]
                elif isinstance(inner, ast.ImportFrom):
                    found.imports += [
                        (a.asname or a.name, Import(inner.module or "", inner.level, a.name)) for a in inner.names
                    ]


def called_names(statement: ast.stmt) -> list[tuple[str, ...] | None]:
    """What a statement calls when it is carried out, each as a chain of names; None for what is no such chain."""
    return [chain_of(called) for called in calls_in(statement)]


def registered_with(statement: ast.stmt) -> tuple[str, ...]:
    """The names that a statement registers something with: ``@name.register``, ``name.register(…)``."""
    return tuple(
        part.value.id
        for part in _called_at_once(statement)
        if isinstance(part, ast.Attribute) and part.attr == "register" and isinstance(part.value, ast.Name)
    )


def chain_of(node: ast.expr) -> tuple[str, ...] | None:
    """A name with the attributes taken from it, one from the other; None for any other expression."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


def _called_at_once(statement: ast.stmt) -> Iterator[ast.expr]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        yield called.func if isinstance(called, ast.Call) else called
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from calls_in(statement)


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _targets(part)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    else:
        yield target


def may_set(body: list[ast.stmt]) -> bool:
    """Whether some statements hold one outside definitions that has the form of a setting, whatever it is about.

    A setting is a call for its own sake, or an assignment to an attribute or item; ``source.settings`` tells which of
    these are settings, by live objects. Most modules have none of either, so that their trees need not be looked at.
    """
    return any(
        (isinstance(part, ast.Expr) and isinstance(part.value, ast.Call))
        or (
            isinstance(part, ast.Assign | ast.AugAssign)
            and any(
                isinstance(target, ast.Attribute | ast.Subscript)
                for written in (part.targets if isinstance(part, ast.Assign) else [part.target])
                for target in _targets(written)
            )
        )
        for statement in body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for part in ast.walk(statement)
    )


def absolute(found: Import, module: str, *, package: bool) -> str:
    """The full name of the module that an import names, seen from the module that it stands in."""
    if not found.level:
        return found.module
    parts = module.split(".")
    up = found.level - (1 if package else 0)
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, found.module] if found.module else base)


def calls_in(statement: ast.stmt) -> Iterator[ast.expr]:
    """What a doubtful statement calls when it runs: its decorators, or the functions called on its right-hand side."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for decorator in statement.decorator_list:
            yield decorator.func if isinstance(decorator, ast.Call) else decorator
    else:
        for part in ast.walk(statement):
            if isinstance(part, ast.Call):
                yield part.func
