"""Whether carrying out a definition again makes what it made: by now the names in its head may lead elsewhere.

``class B(A)`` finds its base by the name ``A``, and ``@cached def f`` its decorator by ``cached``. A script's
definitions are carried out again when its names have their last values. So what a definition found under a name that
was given to something else later has to be handed to it, or what it made has to come back another way.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from types import FunctionType

from twice.errors import CaptureError
from twice.source.modules import MAIN
from twice.source.pieces import Piece
from twice.source.reach.live import MISSING, ask, codes_in, is_local_function, module_of, namespace_of, resolve
from twice.source.reach.sources import Sources
from twice.source.toplevel import chain_of
from twice.source.typed import STRING


def bases_by_value(class_: type, module: str, definition: Piece, around: Mapping[str, object]) -> tuple[object, ...]:
    """What a class inherits from, if the words of its own statement lead to something else by now; else empty.

    Args:
        class_: The class.
        module: The module whose names its statement looks up.
        definition: Its statement.
        around: The variables of a function around it.
    """
    statement = definition.node
    held = vars(class_).get("__orig_bases__", class_.__bases__)
    if not isinstance(statement, ast.ClassDef) or len(statement.bases) != len(held):
        return ()
    names = {**namespace_of(module), **around}
    moved = any(_leads_elsewhere(written, base, names) for written, base in zip(statement.bases, held, strict=True))
    return tuple(held) if moved else ()


def _leads_elsewhere(written: ast.expr, base: object, names: Mapping[str, object]) -> bool:
    if isinstance(written, ast.Subscript):  # ``Generic[T]``
        written, base = written.value, ask(base, "__origin__", base)
    chain = chain_of(written)
    return chain is not None and resolve(chain, names) is not base


def decorator_is_another(value: object) -> bool:
    """Whether the decorator that made a function is not what its name leads to by now.

    A function that a decorator made stands inside of it, so it is found among the decorator's own code.

    Args:
        value: What the decorated name stands for.
    """
    if not isinstance(value, FunctionType):
        return False
    maker, inside, _ = value.__code__.co_qualname.partition(".<locals>.")
    if not inside:
        return False
    now = resolve(maker.split("."), namespace_of(module_of(value)))
    while not isinstance(now, FunctionType) and (inner := ask(now, "__wrapped__")) is not None:
        now = inner
    return now is MISSING or not isinstance(now, FunctionType) or value.__code__ not in set(codes_in(now.__code__))


def is_bare(class_: type, definition: Piece, others: list[Piece]) -> bool:
    """Whether a class of the script is what its statement made, before a decorator made something else of it.

    Args:
        class_: The class.
        definition: Its statement.
        others: The other statements that give something to the class's name.

    Raises:
        CaptureError: A decorator made something of the class itself, too, as ``dataclass`` does.
    """
    if not definition.known.decorated or others or "." in class_.__qualname__:
        return False
    now = namespace_of(MAIN).get(class_.__name__, MISSING)
    if now is MISSING or now is class_:
        return False
    functions = [value for value in vars(class_).values() if isinstance(value, FunctionType)]
    if any(function.__code__.co_filename == STRING or not is_local_function(function) for function in functions):
        raise CaptureError(
            f"the class {class_.__qualname__} (line {definition.first}) has a decorator that made something else of "
            "it, and the class itself cannot be made again.",
            hint="give the class a name of its own, and call that decorator with it below",
        )
    return True


def metaclass_by_value(class_: type, module: str, definition: Piece, around: Mapping[str, object]) -> type | None:
    """The class of a class, if what its statement calls so is something else by now; else None."""
    for keyword in getattr(definition.node, "keywords", ()):
        chain = chain_of(keyword.value) if keyword.arg == "metaclass" else None
        if chain is not None and resolve(chain, {**namespace_of(module), **around}) is not type(class_):
            return type(class_)
    return None


def others(sources: Sources, name: str, definition: Piece) -> list[Piece]:
    """The other statements that give something to one of the script's names."""
    bound = [piece for text in sources.of_script() for piece in sources.survey_of(text).bindings.get(name, [])]
    return [piece for piece in bound if piece is not definition]


def has_another_decorator(sources: Sources, definition: Piece) -> bool:
    """Whether the name of one of a definition's decorators was given to something else, by it or after it."""
    decorators = {chain[0] for chain in definition.known.calls if chain} if definition.known.decorated else ()
    return definition.name in decorators or bool(decorators and given_later(sources, definition, decorators))


def given_later(sources: Sources, statement: Piece, names: Collection[str]) -> str:
    """Which of some names the script gave to something else after a statement; empty if none."""
    texts = sources.of_script()
    if statement.source not in texts:
        return ""
    where = texts.index(statement.source)
    for name in names:
        bound = sources.survey_of(statement.source).bindings.get(name, [])
        before = [piece for piece in bound if piece.last < statement.first]
        for piece in others(sources, name, statement):
            later = texts.index(piece.source) > where or (piece.source is statement.source and piece not in before)
            if later and piece.text not in [one.text for one in before]:
                return name
    return ""
