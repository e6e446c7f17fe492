"""A source taken into pieces: its definitions and the statements of its top level, each known by where it stands.

What there is to say of a source without looking at live objects follows from its bytes alone. It is gathered in
:class:`Known`, which can be kept under the digest of these bytes; a syntax tree is made only when something is asked
that nobody asked before.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from twice.records.digest import Digest, digest_bytes, digest_texts
from twice.source.normal import is_docstring, normalise
from twice.source.toplevel import called_names, may_set, registered_with, survey
from twice.source.uses import Import, Normal

if TYPE_CHECKING:
    from twice.source.modules import Source

FUNCTION, CLASS, LAMBDA, IMPORT, STATEMENT = "function", "class", "lambda", "import", "statement"
_KINDS = {
    ast.FunctionDef: FUNCTION,
    ast.AsyncFunctionDef: FUNCTION,
    ast.ClassDef: CLASS,
    ast.Lambda: LAMBDA,
    ast.Import: IMPORT,
    ast.ImportFrom: IMPORT,
}

_WITHOUT_BLOCKS = (ast.Expr, ast.Assign, ast.Return, ast.AugAssign)


class KnownPiece(msgspec.Struct, array_like=True, gc=False):
    """What is known of one piece.

    Attributes:
        kind: ``function``, ``class``, ``lambda``, ``import`` or ``statement``.
        name: What a definition binds; empty for other pieces.
        first: Its first line, decorators included.
        line: The line on which it begins itself.
        column: Where on that line.
        last: Its last line.
        last_column: Where it ends there.
        decorated: Whether it has decorators.
        calls: What it calls when it is carried out, each as a chain of names; None for what is no such chain.
        registers: Names whose ``register`` it calls.
        text: The digest of its lines as they are, once somebody asked.
        defaults: Parameters whose default is more than a written constant, each with its place counted from the last
            positional one (0 for one that is given by keyword only), once somebody asked.
        written: A function's defaults as they are written, the positional ones and those given by keyword only, each as
            ``repr`` would show it; ``...`` for one that is more than a plain constant; once somebody asked.
        body: The names that a class's body binds whatever the conditions, and its docstring; once somebody asked.
        normals: Its normal forms, by what counts in them, once somebody asked.
    """

    kind: str
    name: str
    first: int
    line: int
    column: int
    last: int
    last_column: int
    decorated: bool = False
    calls: list[tuple[str, ...] | None] = []
    registers: tuple[str, ...] = ()
    text: str = ""
    defaults: tuple[tuple[str, int], ...] | None = None
    written: tuple[list[str], dict[str, str]] | None = None
    body: tuple[list[str], str | None] | None = None
    normals: dict[int, Normal] = {}


class Known(msgspec.Struct, array_like=True, gc=False):
    """What is known of a source; a function of its bytes.

    Attributes:
        pieces: Its pieces, in an order that its bytes decide.
        classes: Classes by qualified name, in the order in which they stand.
        bindings: For each name of the top level, the pieces that bind it, in order.
        imports: What the top level imports when it is imported itself, in order, by the name that it binds.
        doubtful: Pieces of the top level that may do more than bind names.
        effects: Those that surely do.
        modules: What it imports by name, wherever in it: full names of modules.
        may_set: Whether importing it may make a setting, as far as its words tell; see ``source.settings``.
        evaluates: Whether carrying out a definition evaluates its annotations.
        whole: The normal forms of all statements together, once somebody asked.
    """

    pieces: list[KnownPiece] = []
    classes: dict[str, list[int]] = {}
    bindings: dict[str, list[int]] = {}
    imports: list[tuple[str, Import]] = []
    doubtful: list[int] = []
    effects: list[int] = []
    modules: list[str] = []
    may_set: bool = True
    evaluates: bool = True
    whole: dict[int, Normal] = {}


class Piece:
    """One definition or statement of a source.

    Args:
        source: The source.
        number: Which of its pieces.
        known: What is known of it.
    """

    __slots__ = ("first", "kind", "known", "last", "name", "number", "source")

    def __init__(self, source: Source, number: int, known: KnownPiece) -> None:
        self.source = source
        self.number = number
        self.known = known
        self.kind = known.kind
        self.name = known.name
        self.first = known.first
        self.last = known.last

    @property
    def node(self) -> ast.AST:
        """Its syntax tree."""
        return self.source.nodes[self.number]

    @property
    def is_definition(self) -> bool:
        """Whether it defines a function or class by a statement."""
        return self.kind in (FUNCTION, CLASS)

    @property
    def text(self) -> Digest:
        """The digest of its lines, from its first decorator to its end, as they are."""
        if not self.known.text:
            self.known.text = str(digest_texts(self.source.segment(self.first, self.last)))
            self.source.learned = True
        return Digest(self.known.text)

    @property
    def defaults(self) -> tuple[tuple[str, int], ...]:
        """A function's parameters whose default is more than a written constant, and where to find it."""
        if self.known.defaults is None:
            self.known.defaults = _defaults(self.node)
            self.source.learned = True
        return self.known.defaults

    @property
    def written(self) -> tuple[list[str], dict[str, str]]:
        """A function's defaults as they are written, as ``repr`` would show them; ``...`` for what is computed."""
        if self.known.written is None:
            self.known.written = _written(self.node)
            self.source.learned = True
        return self.known.written

    @property
    def body(self) -> tuple[list[str], str | None]:
        """The names that a class's body binds whatever the conditions, and its docstring as it is written."""
        if self.known.body is None:
            node = self.node
            assert isinstance(node, ast.ClassDef)
            always = [statement for statement in node.body if not isinstance(statement, ast.If | ast.Try)]
            bound = survey(ast.Module(always, [])).bindings
            self.known.body = sorted(bound), ast.get_docstring(node, clean=False)
            self.source.learned = True
        return self.known.body

    def normal(self, *, keep_annotations: bool = False, keep_docstrings: bool = False) -> Normal:
        """Its normal form; instead of the bytes themselves, their digest."""
        return normal_of(self.source, self.known.normals, [self], keep_annotations, keep_docstrings)


class Top:
    """The top level of a source, in pieces.

    Attributes:
        bindings: For each name, the pieces that bind it, in order.
        imports: What it imports when it is imported itself, in order, by the name that it binds.
        doubtful: Pieces that may do more than bind names: decorated definitions, classes with bases, assignments from
            a call.
        effects: Pieces that surely do.
    """

    def __init__(self, source: Source | None = None) -> None:
        known = source.known if source is not None else Known()
        pieces = source.pieces if source is not None else []
        self.bindings = {name: [pieces[number] for number in bound] for name, bound in known.bindings.items()}
        self.imports = known.imports
        self.doubtful = [pieces[number] for number in known.doubtful]
        self.effects = [pieces[number] for number in known.effects]

    def definition(self, name: str, line: int = 0) -> Piece | None:
        """The definition that a name stands for: the one that begins at ``line``, else the last to bind it, if one did.

        A program may be looked at before it has come to its last definition of a name.
        """
        bound = self.bindings.get(name, [])
        found = [piece for piece in bound if piece.is_definition]
        for piece in reversed(found):
            if piece.first == line:
                return piece
        return found[-1] if found and bound[-1] is found[-1] else None

    def registrations(self, name: str) -> list[Piece]:
        """The pieces that register something with what a name stands for."""
        return [piece for piece in (*self.doubtful, *self.effects) if name in piece.known.registers]


def normal_of(
    source: Source,
    normals: dict[int, Normal],
    pieces: list[Piece] | None,
    keep_annotations: bool,
    keep_docstrings: bool,
) -> Normal:
    """A normal form that is known, or is made and known from now on; of the whole source where no pieces are given."""
    counts = keep_annotations + 2 * keep_docstrings
    found = normals.get(counts)
    if found is None:
        code: Sequence[ast.AST] = source.tree.body if pieces is None else [piece.node for piece in pieces]
        if pieces is None and not keep_docstrings and code and is_docstring(code[0]):
            code = code[1:]
        found = normalise(
            code,
            keep_annotations=keep_annotations,
            keep_docstrings=keep_docstrings,
            evaluates=source.known.evaluates,
        )
        found.data = digest_bytes(found.data).encode()
        normals[counts] = found
        source.learned = True
    return found


def together(normals: Sequence[Normal]) -> Normal:
    """The normal form of some pieces of one source, one after the other."""
    if len(normals) == 1:
        return normals[0]
    found = Normal(data=digest_texts(*(normal.data for normal in normals)).encode())
    for normal in normals:
        found.uses = [*found.uses, *normal.uses]
        found.imports = [*found.imports, *normal.imports]
        found.mentions = found.mentions | normal.mentions
        found.calls_unknown_imports = found.calls_unknown_imports or normal.calls_unknown_imports
        found.annotation_names = found.annotation_names | normal.annotation_names
        found.sees_module = found.sees_module | normal.sees_module
        found.stores_outside = found.stores_outside | normal.stores_outside
        found.calls_outside = found.calls_outside | normal.calls_outside
        found.calls = found.calls | normal.calls
    return found


def take_apart(tree: ast.Module, *, lambdas: bool) -> tuple[Known, list[ast.AST]]:
    """What the syntax tree of a source says of its pieces, and the node of each.

    Args:
        tree: The tree.
        lambdas: Whether there may be any.
    """
    known = Known()
    nodes: list[ast.AST] = []
    numbers: dict[int, int] = {}

    def number(node: ast.AST) -> int:
        found = numbers.get(id(node))
        if found is None:
            found = numbers[id(node)] = len(nodes)
            nodes.append(node)
            known.pieces.append(_piece(node))
        return found

    for qualname, definition in _definitions(tree.body, ""):
        found = number(definition)
        if isinstance(definition, ast.ClassDef):
            known.classes.setdefault(qualname, []).append(found)
    if lambdas:
        for node in ast.walk(tree):
            if isinstance(node, ast.Lambda):
                number(node)
    known.modules = sorted(_imported(tree.body))
    known.may_set = may_set(tree.body)
    known.evaluates = sys.version_info < (3, 14) and not _defers_annotations(tree.body)
    top = survey(tree)
    known.bindings = {name: [number(statement) for statement in bound] for name, bound in top.bindings.items()}
    known.imports = top.imports
    known.doubtful = [number(statement) for statement in top.doubtful]
    known.effects = [number(statement) for statement in top.effects]
    for index in {*known.doubtful, *known.effects}:
        statement = nodes[index]
        assert isinstance(statement, ast.stmt)
        known.pieces[index].calls = called_names(statement)
        known.pieces[index].registers = registered_with(statement)
    return known, nodes


def _piece(node: ast.AST) -> KnownPiece:
    decorators = getattr(node, "decorator_list", None)
    line = getattr(node, "lineno", 0)
    kind = _KINDS.get(type(node), STATEMENT)
    return KnownPiece(
        kind=kind,
        name="<lambda>" if kind == LAMBDA else getattr(node, "name", "") if kind in (FUNCTION, CLASS) else "",
        first=decorators[0].lineno if decorators else line,
        line=line,
        column=getattr(node, "col_offset", 0),
        last=getattr(node, "end_lineno", None) or 0,
        last_column=getattr(node, "end_col_offset", None) or 0,
        decorated=bool(decorators),
    )


def modules_imported(data: bytes) -> list[str]:
    """The modules that a source imports by their full names, wherever in it."""
    return sorted(_imported(ast.parse(data).body))


def _definitions(
    body: list[ast.stmt], prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """All definitions by qualified name, those inside others included; they are statements, so only these are seen."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + statement.name, statement
            yield from _definitions(statement.body, f"{prefix}{statement.name}.<locals>.")
        elif isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, statement
            yield from _definitions(statement.body, f"{prefix}{statement.name}.")
        else:
            for inner in _bodies(statement):
                yield from _definitions(inner, prefix)


def _imported(body: list[ast.stmt]) -> set[str]:
    """The modules that some statements, and those inside them, import by their full names."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            if statement.module and not statement.level:
                found.add(statement.module)
        else:
            for inner in _bodies(statement):
                found |= _imported(inner)
    return found


def _defers_annotations(body: list[ast.stmt]) -> bool:
    """Whether a module asks that its annotations are not evaluated."""
    futures = [part for part in body if isinstance(part, ast.ImportFrom) and part.module == "__future__"]
    return any(alias.name == "annotations" for part in futures for alias in part.names)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a statement."""
    if isinstance(statement, _WITHOUT_BLOCKS):
        return  # most have none
    for part in ("body", "orelse", "finalbody"):
        if inner := getattr(statement, part, None):
            yield inner
    for further in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield further.body


def _defaults(node: ast.AST) -> tuple[tuple[str, int], ...]:
    arguments = getattr(node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return ()
    positional = [*arguments.posonlyargs, *arguments.args]
    last = enumerate(zip(reversed(positional), reversed(arguments.defaults), strict=False), 1)
    written = [(argument.arg, place) for place, (argument, default) in last if not _is_constant(default)]
    written.reverse()
    written += [
        (argument.arg, 0)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None and not _is_constant(default)
    ]
    return tuple(written)


def _written(node: ast.AST) -> tuple[list[str], dict[str, str]]:
    arguments = getattr(node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return [], {}
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return (
        [_shown(default) for default in arguments.defaults],
        {argument.arg: _shown(default) for argument, default in keywords if default is not None},
    )


def _shown(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if _is_constant(node):
        with contextlib.suppress(ValueError, TypeError, MemoryError):  # ``not 1`` and the like
            return repr(ast.literal_eval(node))
    return "..."


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.Tuple):
        return all(_is_constant(part) for part in node.elts)
    return isinstance(node, ast.Constant)
