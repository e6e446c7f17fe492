"""What code says, without its layout.

:func:`normalise` writes a syntax tree as bytes in which comments, blank lines, formatting, docstrings, annotations that
nothing reads, and the names of local variables leave no mark, and whatever can change behaviour does. On the way it
collects what the code *uses*: every name that it does not bind itself, with the attributes taken from it, and every
import inside a function.

The tree is gone through once. What a name means is known only at the end of the scope that may bind it, so names are
put down as gaps and filled in afterwards.

Empty and absent fields are left out, so that a field which a later Python adds to its syntax tree changes nothing until
somebody uses it; then it counts as it is.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from twice.source.mentions import SEES_ITS_MODULE, SEES_LOCAL_NAMES, SEES_THE_CALLER, TELLING, TELLS_NAMES
from twice.source.scopes import Scope, renames, settle
from twice.source.uses import Import, Normal, Use

_DEEPEST = 100_000
"""A sum of a thousand terms is a tree of a thousand storeys; walking it takes Python calls only, and no C stack."""

_WORD = re.compile(r"[^\W\d]\w*")

# What a name is there for, in the list of gaps.
_BIND, _LOAD, _STORE, _DELETE, _CALL, _HUSHED = range(6)
_CONTEXTS: Final = {ast.Load: _LOAD, ast.Store: _STORE, ast.Del: _DELETE}

_GENERIC: Final = frozenset({"dict", "frozenset", "list", "set", "tuple", "type"})
_BUILT_IN_TYPES: Final = _GENERIC | {"bool", "bytes", "complex", "float", "int", "object", "str"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def normalise(
    node: ast.AST | Sequence[ast.AST],
    *,
    keep_annotations: bool = False,
    keep_docstrings: bool = False,
    evaluates: bool = True,
) -> Normal:
    """The normal form of a definition or of some statements.

    Args:
        node: A definition, an expression, or a list of statements of one module or class.
        keep_annotations: Count annotations that nothing is known to read, too.
        keep_docstrings: Count docstrings, too.
        evaluates: Annotations are evaluated where a function is defined, as they are before Python 3.14 unless a module
            defers that. Those of a function inside another one are then carried out with it each time, and count,
            unless they name nothing but built-in types.
    """
    writer = _Writer(keep_annotations, keep_docstrings, evaluates)
    limit = sys.getrecursionlimit()
    if limit < _DEEPEST:
        sys.setrecursionlimit(_DEEPEST)
    try:
        for part in [node] if isinstance(node, ast.AST) else node:
            writer.write(part, None)
            if UNKNOWN_FIELDS:  # nobody looked yet at what they mean, so they count as they are
                writer.parts.append(ast.dump(part))
    finally:
        sys.setrecursionlimit(limit)
    return writer.finish()


class _Writer:
    """Goes through trees and puts down their parts: short texts without line ends, each on a line of the result."""

    def __init__(self, keep_annotations: bool, keep_docstrings: bool, evaluates: bool) -> None:
        self.keep_annotations = keep_annotations
        self.evaluates = evaluates
        self.keep_docstrings = keep_docstrings
        self.parts: list[str] = []
        self.scopes: list[Scope] = []
        self.gaps: list[tuple[int, str, int, Scope, tuple[str, ...], int]] = []
        self.texts: list[tuple[str, Scope, int]] = []
        self.roots: list[tuple[str, Scope | None, set[str]]] = []
        self.imported: list[tuple[Import, str, Scope | None]] = []
        self.uses: dict[tuple[str | Import, tuple[str, ...]], int] = {}
        self.names: set[str] = set()
        self.normal = Normal()
        self.hushed: ast.AST | None = None

    def write(self, node: Any, scope: Scope | None) -> None:
        """Put down a node."""
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node, scope)
        else:
            self.fields(node, scope)

    def many(self, nodes: list[Any], scope: Scope | None) -> None:
        """Put down nodes, and how many there are."""
        self.parts.append(f"[{len(nodes)}")
        for node in nodes:
            handler = _HANDLERS.get(type(node))
            if handler is not None:
                handler(self, node, scope)
            else:
                self.fields(node, scope)

    def body(self, body: list[ast.stmt], scope: Scope | None, *, docstring: bool = True) -> None:
        """Put down statements, without those that do nothing or only declare a local variable's type."""
        kept = body[:1] if docstring and self.keep_docstrings and body and is_docstring(body[0]) else []
        if any(_does_nothing(part) for part in body):
            body = [*kept, *(part for part in body if not _does_nothing(part))]
        if scope is not None and scope.function and any(type(part) is ast.AnnAssign for part in body):
            for part in body:
                if _only_declares(part) and part.simple and scope.binder is not None:  # type: ignore[attr-defined]
                    scope.binder.bound.add(part.target.id)  # type: ignore[attr-defined]  # it is local now
            body = [part for part in body if not _only_declares(part)]
        self.many(body, scope)

    def fields(self, node: Any, scope: Scope | None) -> None:
        """Put down a node of no special meaning: its kind, and its fields by their names."""
        kind = type(node)
        parts = self.parts
        fields = _FIELDS.get(kind)
        if fields is None:
            if not isinstance(node, ast.AST):
                parts.append("-" if node is None else _plain(node))
                return
            fields = _FIELDS[kind] = [(f".{name}", name) for name in node._fields if name not in _LEFT_OUT]
        parts.append(f"({kind.__name__}")
        for mark, name in fields:
            value = getattr(node, name, None)
            if value is None or value == []:
                continue
            parts.append(mark)
            if type(value) is not list:
                self.write(value, scope)
            elif isinstance(value[0], ast.stmt):
                self.body(value, scope, docstring=False)
            else:
                self.many(value, scope)
        parts.append(")")

    # -- names

    def name(self, name: str, purpose: int, scope: Scope | None, chain: tuple[str, ...] = (), line: int = 0) -> None:
        """Put down a name; what it means is filled in at the end."""
        self.gaps.append((len(self.parts), name, purpose, scope, chain, line))  # type: ignore[arg-type]
        self.parts.append("")
        if scope is not None and purpose != _BIND:
            if name in SEES_LOCAL_NAMES:
                scope.sees = True
            if purpose == _LOAD:
                scope.loaded.add(name)
            elif purpose in (_STORE, _DELETE) and scope.binder is not None:
                scope.binder.bound.add(name)

    def bind(self, name: str, scope: Scope | None) -> None:
        """Put down a name that is bound otherwise than by a name in the tree."""
        if scope is not None and scope.binder is not None:
            scope.binder.bound.add(name)
        self.name(name, _BIND, scope)

    def outside(self, node: ast.expr, scope: Scope | None, found: set[str]) -> None:
        """Note the name that an expression begins with, should it turn out that it comes from outside."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.roots.append((node.id, scope, found))

    # -- the end

    def finish(self) -> Normal:
        """Fill in the names, and say what is used."""
        settle(self.scopes)
        normal, parts, uses, names = self.normal, self.parts, self.uses, self.names
        for index, name, purpose, scope, chain, line in self.gaps:
            if purpose == _BIND:
                parts[index] = "n" + (scope.own(name) if scope is not None else name)
                continue
            names.add(name)
            owner = scope.owner(name) if scope is not None else None
            if owner is not None:
                parts[index] = "n" + owner.canonical(name)
                if purpose in (_STORE, _DELETE):
                    continue
                for imported in owner.imports.get(name, ()):
                    uses.setdefault((imported, chain), line)
                if not owner.function:  # ``depth = depth`` in a class body: until it is bound there, the module's
                    uses.setdefault((name, chain), line)
                continue
            parts[index] = "g" + name
            self._from_outside(name, purpose, scope, chain, line)
        for text, scope, line in self.texts:
            if scope.sees or not renames(scope):  # whoever sees names may look up any of these
                for word in _WORD.findall(text):
                    if scope.owner(word) is None:
                        uses.setdefault((word, ()), line)
        for name, around, found in self.roots:
            if around is None or around.owner(name) is None:
                found.add(name)
        for imported, bound, around in self.imported:
            out_of_sight = around is not None and (not around.function or bound not in around.bound)
            normal.imports.append(imported._replace(whole=True) if out_of_sight else imported)
        normal.data = "\n".join(parts).encode("utf-8", "surrogatepass")
        normal.uses = [Use(name, chain, line) for (name, chain), line in uses.items()]
        normal.mentions = self.names & TELLING
        return normal

    def _from_outside(self, name: str, purpose: int, scope: Scope | None, chain: tuple[str, ...], line: int) -> None:
        normal = self.normal
        if purpose not in (_STORE, _DELETE) or scope is not None:
            self.uses.setdefault((name, chain), line)
        if purpose == _STORE and scope is not None:  # after a ``global`` statement
            normal.stores_outside.add(name)
        if purpose in (_CALL, _HUSHED):
            normal.calls.add(name)
        if name in SEES_ITS_MODULE and purpose != _HUSHED:
            normal.sees_module.add(name)
        if name == "sys" and chain[:1] == ("modules",):
            normal.calls_unknown_imports = True


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is ``pass``, ``...`` or another constant by itself, as a docstring is."""
    return type(statement) is ast.Pass or (type(statement) is ast.Expr and type(statement.value) is ast.Constant)


def is_docstring(statement: ast.AST) -> bool:
    """Whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _only_declares(node: ast.stmt) -> bool:
    """Whether a statement declares a variable's type and does nothing."""
    return isinstance(node, ast.AnnAssign) and node.value is None and isinstance(node.target, ast.Name)


def _plain(value: object) -> str:
    if type(value) is str:
        return f"n{value}" if value.isidentifier() else f"v{value!r}"
    return f"v{hex(value) if type(value) is int else repr(value)}"  # a very long integer has no decimal text


# -- scopes


def _function(w: _Writer, node: Any, scope: Scope | None) -> None:
    inner = Scope(scope, function=True)
    w.scopes.append(inner)
    w.parts.append(f"({type(node).__name__}")
    w.many(node.decorator_list, scope)
    w.bind(node.name, scope)
    if scope is not None:
        (scope.kept if node.decorator_list else scope.inner).add(node.name)
    if types := getattr(node, "type_params", None):  # from Python 3.12 on
        w.parts.append("types")
        w.many(types, inner)
    annotated = w.keep_annotations or bool(node.decorator_list) or (scope is not None and not scope.function)
    _arguments(w, node.args, scope, inner, annotated)
    if node.returns is not None:
        _annotation(w, node.returns, scope, annotated)
    w.body(node.body, inner)


def _lambda(w: _Writer, node: ast.Lambda, scope: Scope | None) -> None:
    inner = Scope(scope, function=True)
    w.scopes.append(inner)
    w.parts.append("(Lambda")
    _arguments(w, node.args, scope, inner, w.keep_annotations)
    w.write(node.body, inner)


def _arguments(w: _Writer, arguments: ast.arguments, scope: Scope | None, inner: Scope, annotated: bool) -> None:
    for mark, group in (
        ("/", arguments.posonlyargs),
        (".", arguments.args),
        ("*", [arguments.vararg] if arguments.vararg else []),
        (",", arguments.kwonlyargs),
        ("&", [arguments.kwarg] if arguments.kwarg else []),
    ):
        for argument in group:
            w.parts.append(mark + argument.arg)
            inner.bound.add(argument.arg)
            inner.kept.add(argument.arg)
            if argument.annotation is not None:
                _annotation(w, argument.annotation, scope, annotated)
    w.many(arguments.defaults, scope)
    w.many(arguments.kw_defaults, scope)


def _annotation(w: _Writer, node: ast.expr, scope: Scope | None, counts: bool) -> None:
    if counts or (w.evaluates and scope is not None and scope.function and not _names_built_in_types(node)):
        w.parts.append(":")
        w.write(node, scope)
    else:
        w.normal.annotation_names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _names_built_in_types(node: ast.expr) -> bool:
    """Whether evaluating an annotation surely does nothing."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id in _BUILT_IN_TYPES
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        generic = isinstance(node.value, ast.Name) and node.value.id in _GENERIC
        return generic and all(_names_built_in_types(part) for part in parts)
    return False


def _class(w: _Writer, node: Any, scope: Scope | None) -> None:
    inner = Scope(scope, function=False, renames=False)
    w.scopes.append(inner)
    w.parts.append("(ClassDef")
    w.many(node.decorator_list, scope)
    w.bind(node.name, scope)
    if scope is not None:
        scope.kept.add(node.name)
    w.many(node.bases, scope)
    w.many(node.keywords, scope)
    if types := getattr(node, "type_params", None):
        w.parts.append("types")
        w.many(types, inner)
    # An annotation in a class body makes fields (dataclasses, typed tuples, models): it always counts.
    keep = w.keep_annotations
    w.keep_annotations = keep or bool(node.decorator_list or node.keywords or node.bases)
    w.body(node.body, inner)
    w.keep_annotations = keep


def _comprehension(w: _Writer, node: Any, scope: Scope | None) -> None:
    inner = Scope(scope, function=True, comprehension=True)
    w.scopes.append(inner)
    around = inner.binder
    w.parts.append(f"({type(node).__name__} {len(node.generators)}")
    for index, generator in enumerate(node.generators):
        w.write(generator.iter, scope if index == 0 else inner)  # the first is evaluated outside
        inner.binder = inner
        w.write(generator.target, inner)
        inner.binder = around
        w.many(generator.ifs, inner)
        w.parts.append("async" if generator.is_async else "-")
    for part in ("elt", "key", "value"):
        if hasattr(node, part):
            w.write(getattr(node, part), inner)


# -- expressions


def _name(w: _Writer, node: ast.Name, scope: Scope | None) -> None:
    w.name(node.id, _CONTEXTS[type(node.ctx)], scope, (), node.lineno)


def _constant(w: _Writer, node: ast.Constant, scope: Scope | None) -> None:
    value = node.value
    kind = type(value)
    if kind is str and scope is not None:
        w.texts.append((value, scope, node.lineno))  # type: ignore[arg-type]
        if value[:2] == "__":  # type: ignore[index]
            w.names.add(str(value))
    w.parts.append(f"v{hex(value) if kind is int else repr(value)}")  # type: ignore[arg-type]


def _attribute(w: _Writer, node: ast.Attribute, scope: Scope | None) -> None:
    attributes = [node.attr]
    inner = node.value
    while type(inner) is ast.Attribute:
        attributes.append(inner.attr)
        inner = inner.value
    attributes.reverse()
    w.names.update(attributes)
    if scope is not None:
        for attribute in attributes:
            if attribute in SEES_THE_CALLER:
                scope.sees = True
            if attribute in TELLS_NAMES:
                scope.asks = True
    w.parts.append(f"({'.'.join(attributes)}")
    if type(inner) is ast.Name:
        w.name(inner.id, _LOAD, scope, tuple(attributes), inner.lineno)
    else:
        w.write(inner, scope)


def _call(w: _Writer, node: ast.Call, scope: Scope | None) -> None:
    function = node.func
    kind = type(function)
    parts = w.parts
    parts.append(f"(Call {len(node.args)} {len(node.keywords)}")
    if kind is ast.Name:
        called = function.id  # type: ignore[attr-defined]
        # The words of a text that is carried out are taken as names, so the module's other names are out of its reach.
        hushed = (called in ("eval", "exec") and scope is not None and _only_text(node)) or function is w.hushed
        w.name(called, _HUSHED if hushed else _CALL, scope, (), function.lineno)
    else:
        called = function.attr if kind is ast.Attribute else ""  # type: ignore[attr-defined]
        if kind is ast.Attribute:
            w.outside(function, scope, w.normal.calls_outside)
        w.write(function, scope)
    if called in ("import_module", "__import__"):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            name = first.value
            level = len(name) - len(name.lstrip("."))
            w.normal.imports.append(Import(name.lstrip("."), level, whole=True))
        else:
            w.normal.calls_unknown_imports = True
    for argument in node.args:
        w.write(argument, scope)
    for keyword in node.keywords:
        parts.append(f"={keyword.arg or '**'}")
        w.write(keyword.value, scope)


def _subscript(w: _Writer, node: ast.Subscript, scope: Scope | None) -> None:
    name = node.slice.value if isinstance(node.slice, ast.Constant) else None
    called = node.value.func if isinstance(node.value, ast.Call) else None
    if isinstance(called, ast.Name) and called.id == "globals" and isinstance(name, str):
        w.uses.setdefault((name, ()), node.lineno)
        w.hushed = called
    table = node.value.value if isinstance(node.value, ast.Attribute) and node.value.attr == "modules" else None
    if isinstance(name, str) and isinstance(table, ast.Name) and table.id == "sys":
        w.normal.imports.append(Import(name, whole=True))  # ``sys.modules["a"]`` needs it imported
    w.parts.append("(Subscript")
    w.write(node.value, scope)
    w.write(node.slice, scope)


def _binary(w: _Writer, node: ast.BinOp, scope: Scope | None) -> None:
    w.parts.append(f"({type(node.op).__name__}")
    w.write(node.left, scope)
    w.write(node.right, scope)


def _compare(w: _Writer, node: ast.Compare, scope: Scope | None) -> None:
    w.parts.append(f"(Compare {' '.join([type(operator).__name__ for operator in node.ops])}")
    w.write(node.left, scope)
    for comparator in node.comparators:
        w.write(comparator, scope)


# -- statements


def _expression(w: _Writer, node: ast.Expr, scope: Scope | None) -> None:
    w.parts.append("(Expr")
    w.write(node.value, scope)


def _return(w: _Writer, node: ast.Return, scope: Scope | None) -> None:
    w.parts.append("(Return")
    w.write(node.value, scope)


def _assign(w: _Writer, node: ast.Assign, scope: Scope | None) -> None:
    for target in node.targets:
        _stores(w, target, scope)
    w.parts.append("(Assign")
    w.many(node.targets, scope)
    w.write(node.value, scope)


def _augmented(w: _Writer, node: ast.AugAssign, scope: Scope | None) -> None:
    _stores(w, node.target, scope)
    w.parts.append(f"(AugAssign {type(node.op).__name__}")
    w.write(node.target, scope)
    w.write(node.value, scope)


def _annotated(w: _Writer, node: ast.AnnAssign, scope: Scope | None) -> None:
    _stores(w, node.target, scope)
    if node.value is not None and (scope is None or scope.function):
        if scope is None and w.keep_annotations:  # evaluated with the module
            _annotation(w, node.annotation, scope, True)
        w.parts.append("(Assign")
        w.many([node.target], scope)
        w.write(node.value, scope)
    else:
        w.fields(node, scope)


def _delete(w: _Writer, node: ast.Delete, scope: Scope | None) -> None:
    for target in node.targets:
        _stores(w, target, scope)
    w.fields(node, scope)


def _stores(w: _Writer, target: ast.expr, scope: Scope | None) -> None:
    """Note what is stored into, by the names that it begins with."""
    if type(target) is not ast.Name:
        for part in ast.walk(target):
            if isinstance(part, ast.Subscript | ast.Attribute):
                w.outside(part, scope, w.normal.stores_outside)


def _global(w: _Writer, node: ast.Global, scope: Scope | None) -> None:
    w.parts.append(f"(Global {' '.join(sorted(node.names))}")
    if scope is not None:
        scope.elsewhere.update(node.names)


def _nonlocal(w: _Writer, node: ast.Nonlocal, scope: Scope | None) -> None:
    w.parts.append("(Nonlocal")  # the names belong to a scope around, and are renamed where they are used
    if scope is not None:
        scope.outer.update(node.names)


def _handler(w: _Writer, node: ast.ExceptHandler, scope: Scope | None) -> None:
    w.parts.append("(ExceptHandler")
    w.write(node.type, scope)
    w.parts.append("as" if node.name else "-")
    if node.name:
        w.bind(node.name, scope)
    w.body(node.body, scope, docstring=False)


def _pattern(w: _Writer, node: Any, scope: Scope | None) -> None:
    """Patterns that give what they meet a name."""
    name = node.rest if isinstance(node, ast.MatchMapping) else node.name
    w.parts.append("as" if name else "-")
    if name:
        w.bind(name, scope)
    w.parts.append(f"({type(node).__name__}")
    if isinstance(node, ast.MatchMapping):
        w.many(node.keys, scope)
        w.many(node.patterns, scope)
    elif isinstance(node, ast.MatchAs):
        w.write(node.pattern, scope)


def _import(w: _Writer, node: ast.Import, scope: Scope | None) -> None:
    w.parts.append(f"(Import {len(node.names)}")
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        found = Import(alias.name, top_only=alias.asname is None and "." in alias.name)
        if alias.asname is not None and "." in alias.name:  # ``import a.b`` is not ``import a.b as a``
            w.parts.append("as")
        _imported(w, found, alias.name, bound, scope)


def _import_from(w: _Writer, node: ast.ImportFrom, scope: Scope | None) -> None:
    w.parts.append(f"(ImportFrom {node.level} {node.module or ''} {len(node.names)}")
    for alias in node.names:
        found = Import(node.module or "", node.level, alias.name)
        _imported(w, found, alias.name, alias.asname or alias.name, scope)


def _imported(w: _Writer, found: Import, name: str, bound: str, scope: Scope | None) -> None:
    w.imported.append((found, bound, scope))
    w.names.update((name, found.module))
    w.parts.append(f"n{name}")
    w.bind(bound, scope)
    if scope is not None and scope.function:
        scope.imports.setdefault(bound, []).append(found)


def _only_text(call: ast.Call) -> bool:
    """Whether a call's only argument is a literal text."""
    return (
        len(call.args) == 1
        and not call.keywords
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    )


# -- which is which

_KNOWN: Final[dict[type[ast.AST], tuple[Callable[[_Writer, Any, Scope | None], None] | None, str]]] = {
    ast.FunctionDef: (_function, "name args body decorator_list returns type_comment type_params"),
    ast.AsyncFunctionDef: (_function, "name args body decorator_list returns type_comment type_params"),
    ast.Lambda: (_lambda, "args body"),
    ast.arguments: (None, "posonlyargs args vararg kwonlyargs kw_defaults kwarg defaults"),
    ast.arg: (None, "arg annotation type_comment"),
    ast.ClassDef: (_class, "name bases keywords body decorator_list type_params"),
    ast.ListComp: (_comprehension, "elt generators"),
    ast.SetComp: (_comprehension, "elt generators"),
    ast.DictComp: (_comprehension, "key value generators"),
    ast.GeneratorExp: (_comprehension, "elt generators"),
    ast.comprehension: (None, "target iter ifs is_async"),
    ast.Name: (_name, "id ctx"),
    ast.Constant: (_constant, "value kind"),
    ast.Attribute: (_attribute, "value attr ctx"),
    ast.Call: (_call, "func args keywords"),
    ast.keyword: (None, "arg value"),
    ast.Subscript: (_subscript, "value slice ctx"),
    ast.BinOp: (_binary, "left op right"),
    ast.Compare: (_compare, "left ops comparators"),
    ast.Expr: (_expression, "value"),
    ast.Return: (_return, "value"),
    ast.Assign: (_assign, "targets value type_comment"),
    ast.AugAssign: (_augmented, "target op value"),
    ast.AnnAssign: (_annotated, "target annotation value simple"),
    ast.Delete: (_delete, "targets"),
    ast.Global: (_global, "names"),
    ast.Nonlocal: (_nonlocal, "names"),
    ast.ExceptHandler: (_handler, "type name body"),
    ast.MatchAs: (_pattern, "pattern name"),
    ast.MatchStar: (_pattern, "name"),
    ast.MatchMapping: (_pattern, "keys patterns rest"),
    ast.Import: (_import, "names"),
    ast.ImportFrom: (_import_from, "module names level"),
    ast.alias: (None, "name asname"),
}
_HANDLERS: Final = {kind: handler for kind, (handler, _) in _KNOWN.items() if handler is not None and kind}
_FIELDS: Final[dict[type[ast.AST], list[tuple[str, str]]]] = {}
_LEFT_OUT: Final = frozenset({"ctx", "type_comment", "kind", "type_ignores"})
UNKNOWN_FIELDS: Final = sorted(
    f"{kind.__name__}.{field}"
    for kind, (_, known) in _KNOWN.items()
    for field in kind._fields
    if field not in known.split()
)
"""Fields that this interpreter's syntax tree has and that nobody looked at yet; empty for every Python tried."""
