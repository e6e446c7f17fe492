"""What code says, without its layout.

:func:`normalise` writes a syntax tree as bytes in which comments, blank lines, formatting, docstrings, annotations that
nothing reads, and the names of local variables leave no mark, and whatever can change behaviour does. On the way it
collects what the code *uses*: every name that it does not bind itself, with the attributes taken from it, and every
import inside a function.

Empty and absent fields are left out, so that a field which a later Python adds to its syntax tree changes nothing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, *_COMPREHENSIONS)

SEES_LOCAL_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})
"""Built-ins through which code can see what its local variables are called."""

SEES_THE_CALLER = frozenset({"query", "eval", "evaluate", "sql", "execute", "f_locals"})
"""Methods of libraries that look up names in whoever calls them: ``frame.query("age > @limit")``, NumExpr, DuckDB."""

SEES_ITS_MODULE = frozenset({"globals", "eval", "exec", "__import__"})
"""Built-ins through which code can reach any name of its module."""

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

_DEEPEST = 100_000
"""A sum of a thousand terms is a tree of a thousand storeys; walking it takes Python calls only, and no C stack."""

_TELLS_NAMES = frozenset({"__name__", "__qualname__"})
_WORD = re.compile(r"[^\W\d]\w*")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(frozen=True)
class Import:
    """One name bound by an import statement.

    Attributes:
        module: The module named, without leading dots.
        level: How many leading dots.
        attribute: What is taken from it; None for ``import x``, ``*`` for a star import.
        top_only: ``import a.b`` without ``as`` binds ``a``.
        whole: What is done with it cannot be followed by name, as with ``importlib.import_module("a")``.
    """

    module: str
    level: int = 0
    attribute: str | None = None
    top_only: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Use:
    """A name that code takes from outside itself.

    Attributes:
        name: The name, or the import that brought it, when that stands inside the function.
        chain: The attributes taken from it, one after the other: ``np.random.rand`` is ``np`` and ``random, rand``.
        line: Where.
    """

    name: str | Import
    chain: tuple[str, ...]
    line: int


@dataclass
class Normal:
    """A normalised piece of code, and what it uses.

    Attributes:
        data: The canonical bytes.
        uses: Names taken from outside, in the order in which they are met.
        imports: Imports that it carries out, wherever they stand.
        identifiers: Every name and attribute mentioned.
        calls_unknown_imports: It imports a module whose name is computed.
        annotation_names: Names that stand in annotations which do not count.
        sees_module: Built-ins that it uses to reach names of its module that cannot be told from its text.
        stores_outside: It stores into or deletes from something it does not own, by name.
        calls_outside: It calls a method of something it does not own, by name.
        calls: It calls something it does not own, by name.
    """

    data: bytes = b""
    uses: list[Use] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    identifiers: set[str] = field(default_factory=set)
    calls_unknown_imports: bool = False
    annotation_names: set[str] = field(default_factory=set)
    sees_module: set[str] = field(default_factory=set)
    stores_outside: set[str] = field(default_factory=set)
    calls_outside: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)


@dataclass
class _Scope:
    """One scope: which names it binds, and what they are called in the normal form."""

    kind: str
    bound: set[str]
    kept: set[str]
    parent: _Scope | None
    depth: int
    renames: bool
    elsewhere: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        if not self.renames or name in self.kept or self.kind == "class":
            return name
        return self.called.setdefault(name, f"%{self.depth}.{len(self.called)}")


def normalise(
    node: ast.AST | list[ast.stmt], *, keep_annotations: bool = False, keep_docstrings: bool = False
) -> Normal:
    """The normal form of a definition or of some statements.

    Args:
        node: A definition, an expression, or a list of statements of one module or class.
        keep_annotations: Count annotations that nothing is known to read, too.
        keep_docstrings: Count docstrings, too.
    """
    writer = _Writer(keep_annotations, keep_docstrings)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEPEST))
    try:
        for part in node if isinstance(node, list) else [node]:
            writer.write(part, None)
    finally:
        sys.setrecursionlimit(limit)
    writer.normal.data = b"".join(writer.parts)
    return writer.normal


class _Writer:
    def __init__(self, keep_annotations: bool, keep_docstrings: bool) -> None:
        self.parts: list[bytes] = []
        self.normal = Normal()
        self.keep_annotations = keep_annotations
        self.keep_docstrings = keep_docstrings

    # -- the stream: every item carries its length, so that nothing can run together

    def text(self, tag: bytes, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self.parts += (tag, len(data).to_bytes(4, "big"), data)

    def write(self, node: object, scope: _Scope | None) -> None:
        if isinstance(node, ast.AST):
            handler = getattr(self, f"_{type(node).__name__}", None)
            if handler is not None:
                handler(node, scope)
            else:
                self.generic(node, scope)
        elif isinstance(node, list):
            items = [item for item in node if not _only_declares(item, scope)]
            self.parts += (b"[", len(items).to_bytes(4, "big"))
            for item in items:
                self.write(item, scope)
        elif node is None:
            self.parts.append(b"-")
        elif isinstance(node, str):
            self.text(b"n", node)
        else:
            told = hex(node) if type(node) is int else repr(node)  # a very long integer has no decimal text
            self.text(b"v", f"{type(node).__name__}:{told}")

    def generic(self, node: ast.AST, scope: _Scope | None, **replaced: object) -> None:
        self.text(b"(", type(node).__name__)
        for name in node._fields:
            value = replaced[name] if name in replaced else getattr(node, name, None)
            if value is None or value == [] or name in ("ctx", "type_comment", "kind", "type_ignores"):
                continue
            self.text(b".", name)
            self.write(value, scope)
        self.parts.append(b")")

    def body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return body if self.keep_docstrings else _without_docstring(body)

    # -- scopes

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: _Scope | None) -> None:
        inner = _function_scope(node, scope)
        self.text(b"(", type(node).__name__)
        if not isinstance(node, ast.Lambda):
            self.write(node.decorator_list, scope)
            self.bind(node.name, scope)
            if getattr(node, "type_params", None):
                self.write(getattr(node, "type_params", None), inner)  # from Python 3.12 on
        annotated = self.keep_annotations or (
            not isinstance(node, ast.Lambda) and bool(node.decorator_list or (scope and scope.kind == "class"))
        )
        self.arguments(node.args, scope, annotated)
        if not isinstance(node, ast.Lambda) and node.returns is not None:
            self.annotation(node.returns, scope, counts=annotated)
        if isinstance(node, ast.Lambda):
            self.write(node.body, inner)
        else:
            self.write(self.body(node.body), inner)
        self.parts.append(b")")

    _FunctionDef = _AsyncFunctionDef = _Lambda = _function

    def arguments(self, arguments: ast.arguments, scope: _Scope | None, annotated: bool) -> None:
        for group in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg"):
            found = getattr(arguments, group)
            if not found:
                continue
            self.text(b".", group)
            for argument in found if isinstance(found, list) else [found]:
                self.text(b"n", argument.arg)
                if argument.annotation is not None:
                    self.annotation(argument.annotation, scope, counts=annotated)
        for group in ("defaults", "kw_defaults"):
            self.text(b".", group)
            self.write(getattr(arguments, group), scope)

    def annotation(self, node: ast.expr, scope: _Scope | None, *, counts: bool) -> None:
        if counts:
            self.text(b".", "annotation")
            self.write(node, scope)
        else:
            self.normal.annotation_names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}

    def _ClassDef(self, node: ast.ClassDef, scope: _Scope | None) -> None:  # noqa: N802
        bound, elsewhere = _bound_in(node.body), _declared_elsewhere(node.body)
        inner = _Scope("class", bound, set(), scope, _depth(scope), False, elsewhere)
        self.text(b"(", "ClassDef")
        self.write(node.decorator_list, scope)
        self.bind(node.name, scope)
        self.write(node.bases, scope)
        self.write(node.keywords, scope)
        if getattr(node, "type_params", None):
            self.write(getattr(node, "type_params", None), inner)
        # An annotation in a class body makes fields (dataclasses, typed tuples, models): it always counts.
        keep, self.keep_annotations = (
            self.keep_annotations,
            self.keep_annotations or bool(node.decorator_list or node.keywords or node.bases),
        )
        self.write(self.body(node.body), inner)
        self.keep_annotations = keep
        self.parts.append(b")")

    def _comprehension_scope(self, node: ast.ListComp, scope: _Scope | None) -> None:
        bound: set[str] = set()
        for generator in node.generators:
            bound |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
        inner = _Scope("function", bound, set(), scope, _depth(scope) + 1, scope is None or _renames(scope))
        self.text(b"(", type(node).__name__)
        for index, generator in enumerate(node.generators):
            self.write(generator.iter, scope if index == 0 else inner)  # the first is evaluated outside
            self.write(generator.target, inner)
            self.write(generator.ifs, inner)
            self.write(generator.is_async, inner)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.write(getattr(node, part), inner)
        self.parts.append(b")")

    _ListComp = _SetComp = _DictComp = _GeneratorExp = _comprehension_scope

    # -- names

    def bind(self, name: str, scope: _Scope | None) -> None:
        self.text(b"n", scope.canonical(name) if scope is not None and name in scope.bound else name)

    def lookup(self, name: str, scope: _Scope | None) -> tuple[_Scope | None, bool]:
        """The scope that binds a name, and whether that scope is the one it is looked up in."""
        here, first = scope, True
        while here is not None:
            if name in here.elsewhere:
                return None, False
            if name in here.bound and (here.kind == "function" or first):
                return here, first
            here, first = here.parent, False
        return None, False

    def _Name(self, node: ast.Name, scope: _Scope | None) -> None:  # noqa: N802
        self.root(node, (), scope)

    def root(self, node: ast.Name, chain: tuple[str, ...], scope: _Scope | None) -> None:
        self.normal.identifiers.add(node.id)
        owner, _ = self.lookup(node.id, scope)
        if owner is None:
            self.text(b"g", node.id)
            if isinstance(node.ctx, ast.Load) or chain or scope is not None:
                self.normal.uses.append(Use(node.id, chain, node.lineno))
            if isinstance(node.ctx, ast.Store) and not chain and scope is not None:  # after a ``global`` statement
                self.normal.stores_outside.add(node.id)
            if node.id in SEES_ITS_MODULE:
                self.normal.sees_module.add(node.id)
            if node.id == "sys" and chain[:1] == ("modules",):
                self.normal.calls_unknown_imports = True
            return
        self.text(b"n", owner.canonical(node.id))
        if isinstance(node.ctx, ast.Load) or chain:
            self.normal.uses += [Use(found, chain, node.lineno) for found in owner.imports.get(node.id, ())]
            if owner.kind == "class":  # ``depth = depth`` in a class body: until it is bound there, it is the module's
                self.normal.uses.append(Use(node.id, chain, node.lineno))

    def _Constant(self, node: ast.Constant, scope: _Scope | None) -> None:  # noqa: N802
        self.generic(node, scope)
        if isinstance(node.value, str) and scope is not None and not _renames(scope):
            for word in _WORD.findall(node.value):  # whoever sees names may look up any of these
                if self.lookup(word, scope)[0] is None:
                    self.normal.uses.append(Use(word, (), node.lineno))

    def _Attribute(self, node: ast.Attribute, scope: _Scope | None) -> None:  # noqa: N802
        chain: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        chain.reverse()
        self.normal.identifiers.update(chain)
        self.text(b"(", "Attribute")
        if isinstance(inner, ast.Name):
            self.root(inner, tuple(chain), scope)
        else:
            self.write(inner, scope)
        for attribute in chain:
            self.text(b".", attribute)
        self.parts.append(b")")

    def _Global(self, node: ast.Global, scope: _Scope | None) -> None:  # noqa: N802, ARG002
        self.text(b"(", f"Global {sorted(node.names)}")

    def _Nonlocal(self, node: ast.Nonlocal, scope: _Scope | None) -> None:  # noqa: N802, ARG002
        self.parts.append(b"(Nonlocal")  # the names belong to a scope around, and are renamed where they are used

    def _ExceptHandler(self, node: ast.ExceptHandler, scope: _Scope | None) -> None:  # noqa: N802
        name = node.name and scope.canonical(node.name) if scope is not None and node.name in scope.bound else node.name
        self.generic(node, scope, name=name)

    def _named_pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: _Scope | None) -> None:
        name_field = "rest" if isinstance(node, ast.MatchMapping) else "name"
        name = getattr(node, name_field)
        if name is not None and scope is not None and name in scope.bound:
            name = scope.canonical(name)
        self.generic(node, scope, **{name_field: name})

    _MatchAs = _MatchStar = _MatchMapping = _named_pattern

    # -- statements with a meaning of their own here

    def _Import(self, node: ast.Import, scope: _Scope | None) -> None:  # noqa: N802
        self.text(b"(", "Import")
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self.normal.imports.append(replace(_imported(alias), whole=_out_of_sight(bound, scope)))
            self.text(b"n", alias.name)
            self.bind(bound, scope)

    def _ImportFrom(self, node: ast.ImportFrom, scope: _Scope | None) -> None:  # noqa: N802
        self.text(b"(", f"ImportFrom {node.level} {node.module or ''}")
        for alias in node.names:
            bound = alias.asname or alias.name
            whole = _out_of_sight(bound, scope)
            self.normal.imports.append(Import(node.module or "", node.level, alias.name, whole=whole))
            self.text(b"n", alias.name)
            self.bind(bound, scope)

    def _AnnAssign(self, node: ast.AnnAssign, scope: _Scope | None) -> None:  # noqa: N802
        in_function = scope is not None and scope.kind == "function"
        if node.value is not None and (in_function or scope is None):
            self.generic(ast.Assign(targets=[node.target], value=node.value), scope)
        else:
            self.generic(node, scope)

    def _Call(self, node: ast.Call, scope: _Scope | None) -> None:  # noqa: N802
        function = node.func
        called = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if called in ("import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                name = first.value
                level = len(name) - len(name.lstrip("."))
                self.normal.imports.append(Import(name.lstrip("."), level, whole=True))
            else:
                self.normal.calls_unknown_imports = True
        if isinstance(function, ast.Attribute) and (root := _root(function)) is not None:
            owner, _ = self.lookup(root, scope)
            if owner is None:
                self.normal.calls_outside.add(root)
        if isinstance(function, ast.Name) and self.lookup(function.id, scope)[0] is None:
            self.normal.calls.add(function.id)
        before = set(self.normal.sees_module)
        self.generic(node, scope)
        if isinstance(function, ast.Name) and function.id in ("eval", "exec") and _only_text(node):
            # The words of the text were taken as names, so the module's other names are out of its reach.
            self.normal.sees_module -= {function.id} - before

    def _Subscript(self, node: ast.Subscript, scope: _Scope | None) -> None:  # noqa: N802
        before = set(self.normal.sees_module)
        self.generic(node, scope)
        name = node.slice.value if isinstance(node.slice, ast.Constant) else None
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "globals" and isinstance(name, str):
            self.normal.uses.append(Use(name, (), node.lineno))
            self.normal.sees_module -= {"globals"} - before

    def _stores(self, node: ast.Assign | ast.AugAssign | ast.Delete, scope: _Scope | None) -> None:
        targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Subscript | ast.Attribute) and (root := _root(part)) is not None:
                    owner, _ = self.lookup(root, scope)
                    if owner is None:
                        self.normal.stores_outside.add(root)
        self.generic(node, scope)

    _Assign = _AugAssign = _Delete = _stores


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _depth(scope: _Scope | None) -> int:
    return 0 if scope is None else scope.depth


def _renames(scope: _Scope | None) -> bool:
    while scope is not None:
        if scope.kind == "function":
            return scope.renames
        scope = scope.parent
    return True


def _only_declares(node: object, scope: _Scope | None) -> bool:
    """Whether a statement declares a local variable's type and does nothing."""
    return (
        isinstance(node, ast.AnnAssign)
        and node.value is None
        and isinstance(node.target, ast.Name)
        and scope is not None
        and scope.kind == "function"
    )


def _out_of_sight(name: str, scope: _Scope | None) -> bool:
    """Whether an import binds a name whose uses are not seen here: a global one, or one of a class."""
    return scope is not None and (scope.kind == "class" or name not in scope.bound)


def _only_text(call: ast.Call) -> bool:
    """Whether a call's only argument is a literal text."""
    return (
        len(call.args) == 1
        and not call.keywords
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    )


def _imported(alias: ast.alias) -> Import:
    return Import(alias.name, top_only=alias.asname is None and "." in alias.name)


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return body[1:] if body and is_docstring(body[0]) else body


def _own_nodes(body: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    """All nodes of a scope, without those of scopes inside it (but with their decorators, defaults and bases)."""
    pending: list[ast.AST] = list(reversed(body))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.Lambda):
            pending += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.ClassDef):
            pending += [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
        else:
            pending += reversed(list(ast.iter_child_nodes(node)))


def _bound_in(body: list[ast.stmt] | list[ast.expr]) -> set[str]:
    """The names that a scope binds itself; a walrus inside a comprehension binds here, its targets do not."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    inside: set[int] = set()
    for node in _own_nodes(body):
        if isinstance(node, _COMPREHENSIONS):
            for generator in node.generators:
                inside |= {id(part) for part in ast.walk(generator.target)}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and id(node) not in inside:
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
    return bound - elsewhere


def parameter_names(arguments: ast.arguments) -> set[str]:
    """The names of all parameters."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return {argument.arg for argument in every}


def _declared_elsewhere(body: list[ast.stmt] | list[ast.expr]) -> set[str]:
    """The names that a scope declares global."""
    return {name for node in _own_nodes(body) if isinstance(node, ast.Global) for name in node.names}


def _told_names(node: ast.AST, body: list[ast.stmt] | list[ast.expr]) -> set[str]:
    """The names of functions and classes inside a function that somebody may get to see, as ``__name__``."""
    inner = [part for part in _own_nodes(body) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    told = {part.name for part in _own_nodes(body) if isinstance(part, ast.ClassDef)}
    told |= {part.name for part in inner if part.decorator_list}
    if not inner:
        return told
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    loaded = {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and id(part) not in called
    }
    asks = any(isinstance(part, ast.Attribute) and part.attr in _TELLS_NAMES for part in ast.walk(node))
    return told | {part.name for part in inner if asks or part.name in loaded}


def _function_scope(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, parent: _Scope | None) -> _Scope:
    parameters = parameter_names(node.args)
    body: list[ast.stmt] | list[ast.expr] = [node.body] if isinstance(node, ast.Lambda) else node.body
    bound = _bound_in(body)
    sees = any(
        (isinstance(part, ast.Name) and part.id in SEES_LOCAL_NAMES)
        or (isinstance(part, ast.Attribute) and part.attr in SEES_THE_CALLER)
        for part in ast.walk(node)
    )
    scope = _Scope(
        "function",
        bound | parameters,
        parameters | _told_names(node, body),
        parent,
        _depth(parent) + 1,
        not sees and _renames(parent),
        _declared_elsewhere(body),
    )
    for part in _own_nodes(body):
        if isinstance(part, ast.Import):
            for alias in part.names:
                scope.imports.setdefault(alias.asname or alias.name.partition(".")[0], []).append(_imported(alias))
        elif isinstance(part, ast.ImportFrom):
            for alias in part.names:
                found = Import(part.module or "", part.level, alias.name)
                scope.imports.setdefault(alias.asname or alias.name, []).append(found)
    return scope
