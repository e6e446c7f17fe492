"""From a canonical stream back to the value."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from twice.errors import CaptureError, Damaged
from twice.values import terms
from twice.values.kind import Made, Making, import_by_name
from twice.values.registry import kind_named
from twice.values.terms import LEAVES, Term

WayBack = Callable[[Any], Any]
"""What a hook's state is given to; a generator function gets terms and makes its value in stages, as a kind may."""

_Building = Generator[Any, Any, Any]


def decode(
    skeleton: bytes | memoryview,
    buffers: Sequence[memoryview | Path] = (),
    aside: bytes | memoryview = b"",
    aside_buffers: Sequence[memoryview | Path] = (),
    *,
    find: Callable[[str, str], object] = import_by_name,
    place: Path | None = None,
    hooks: Mapping[str, WayBack] | None = None,
    calls: bool = True,
) -> object:
    """Put a value together again.

    Args:
        skeleton: Its structure.
        buffers: Its large parts. Arrays use the memory that they are given, so a private writable map makes arrays that
            can be written to, and a read-only one makes arrays that cannot.
        aside: What was kept aside.
        aside_buffers: Its large parts.
        find: Looks up classes and functions by module and qualified name.
        place: A folder for the files in the value; without one they are kept in memory until their path is asked for.
        hooks: For each tag of ``encode``'s hook, the way back.
        calls: Whether code that the value itself names may be called. It is, for values of the kind ``object``.

    Raises:
        Damaged: The bytes are not a value's stream, or call code though that was not allowed.
        CaptureError: The value names a class or function that is not here.
    """
    builder = _Builder(terms.parse(skeleton, buffers), Making(find=find, place=place, calls=calls), hooks or {})
    builder.shared, builder.asides = terms.parse_aside(aside, aside_buffers)
    return builder.value()


class _Main:
    """A term of the main stream, wanted from wherever it is referred to."""

    __slots__ = ("term",)

    def __init__(self, term: Term) -> None:
        self.term = term


class _Builder:
    """Builds values from terms; each open one is a generator on a stack, so that nesting may be deep."""

    def __init__(self, root: Term, making: Making, hooks: Mapping[str, WayBack]) -> None:
        self.root = root
        self.making = making
        self.hooks = hooks
        self.shared: dict[int, int] = {}
        self.asides: dict[int, Term] = {}
        self.built: dict[int, Any] = {}
        self.built_aside: dict[int, Any] = {}
        self.numbered: dict[int, Term] | None = None
        self.awaited: set[int] = set()

    def value(self) -> Any:
        """The whole value."""
        if type(self.root) in LEAVES:
            return self.root
        stack: list[tuple[_Building, bool]] = [(self._make(self.root, False), False)]
        answer: Any = None
        while stack:
            building, inside = stack[-1]
            try:
                wanted = building.send(answer)
            except StopIteration as stop:
                stack.pop()
                answer = stop.value
                continue
            answer = None
            if isinstance(wanted, terms.AsidePart):
                wanted, inside = self.asides.get(wanted.number), True
            elif isinstance(wanted, _Main):
                wanted, inside = wanted.term, False
            if type(wanted) in LEAVES:
                answer = wanted
            else:
                stack.append((self._make(wanted, inside), inside))
        return answer

    def _make(self, term: Any, inside: bool) -> _Building:
        """Build one term; ``inside`` the aside stream numbers mean something else."""
        built = self.built_aside if inside else self.built
        if isinstance(term, terms.Reference):
            if term.target is not None:
                return built[term.number] if term.number in built else (yield term.target)
            if term.outer:
                return (yield from self._original(term.number))
            if term.number not in built:
                raise Damaged("a value refers to a part of itself that cannot exist yet.")
            return built[term.number]
        number = getattr(term, "number", -1)
        if number >= 0 and not inside:
            if number in self.shared:
                return (yield from self._original(self.shared[number]))
            if number in built:
                return built[number]
        if isinstance(term, terms.Container):
            return (yield from self._container(term, built))
        if isinstance(term, terms.Mapping):
            mapping: dict[Any, Any] = {}
            built[number] = mapping
            for key, value in term.items():
                made = key if type(key) in LEAVES else (yield key)
                mapping[made] = value if type(value) in LEAVES else (yield value)
            return mapping
        if isinstance(term, terms.Tagged):
            return (yield from self._tagged(term, built))
        if isinstance(term, terms.Record):
            return (yield from self._record(term))
        if isinstance(term, terms.Bytes):
            if term.form == "bytearray":
                built[number] = bytearray(term.view())
                return built[number]
            return term.data
        raise Damaged(f"a value cannot be made from a {type(term).__name__}.")

    def _original(self, number: int) -> _Building:
        """What others repeat. What is written by columns is built row by row, so it may not have been its turn yet."""
        if number not in self.built:
            if self.numbered is None:
                self.numbered = _numbered(self.root)
            if number in self.awaited or number not in self.numbered:
                raise Damaged("a value repeats a part of itself that cannot exist yet.")
            self.awaited.add(number)
            yield _Main(self.numbered[number])
        return self.built[number]

    def _container(self, term: terms.Container, built: dict[int, Any]) -> _Building:
        if term.form == "list":
            result: list[Any] = []
            built[term.number] = result
        elif term.form == "set":
            members: set[Any] = set()
            built[term.number] = members
            for item in term.items:
                members.add(item if type(item) in LEAVES else (yield item))
            return members
        else:
            result = []
        if term.leaves:
            result += term.items
        else:
            for item in term.items:
                result.append(item if type(item) in LEAVES else (yield item))
        if term.form == "list":
            return result
        made = tuple(result) if term.form == "tuple" else frozenset(result)
        if term.number != -1:
            built[term.number] = made
        return made

    def _record(self, term: terms.Record) -> _Building:
        state: dict[str, Any] = {}
        for name, part in term.fields().items():
            state[name] = part if type(part) in LEAVES else (yield part)
        return state

    def _tagged(self, term: terms.Tagged, built: dict[int, Any]) -> _Building:
        if term.kind.startswith("@"):
            way_back = self.hooks.get(term.kind[1:])
            if way_back is None:
                raise CaptureError(f"a value holds captured code ({term.kind[1:]}) and nothing here brings it back.")
            from inspect import isgeneratorfunction

            if isgeneratorfunction(way_back):
                return (yield from self._staged(way_back(_parts(term)), term, built))
            value = way_back((yield term.state))
        else:
            kind = kind_named(term.kind)
            if kind.executes and not self.making.calls:
                raise Damaged(
                    f"a value holds something of the kind {kind.name!r}, whose loading calls code, "
                    "and was recorded as if it did not.",
                    hint="do not load it: it was not written by Twice",
                )
            try:
                if kind.staged:
                    return (yield from self._staged(kind.stages(_parts(term), self.making), term, built))
                state = yield term.state
                value = kind.put_together(state, self.making)
            except (ImportError, AttributeError) as problem:
                raise CaptureError(
                    f"a stored value of the kind {kind.name!r} cannot be brought back here: {problem}.",
                    hint="load it in the environment that it was made in",
                ) from problem
        if term.number != -1:
            built[term.number] = value
        return value

    def _staged(self, stages: Any, term: terms.Tagged, built: dict[int, Any]) -> _Building:
        answer: Any = None
        while True:
            try:
                wanted = stages.send(answer)
            except StopIteration as stop:
                if term.number != -1:
                    built[term.number] = stop.value
                return stop.value
            if isinstance(wanted, Made):
                built[term.number] = wanted.value
                answer = None
            else:
                answer = wanted if type(wanted) in LEAVES else (yield wanted)


def _parts(term: terms.Tagged) -> Any:
    """A state's named parts as terms, or the one term it is."""
    return term.state.fields() if isinstance(term.state, terms.Record) else term.state


def _numbered(root: Term) -> dict[int, Term]:
    """All terms with an identity, by number."""
    found: dict[int, Term] = {}
    pending = [root]
    while pending:
        term = pending.pop()
        if getattr(term, "number", -1) >= 0 and not isinstance(term, terms.Reference | terms.AsidePart):
            found[term.number] = term  # type: ignore[union-attr]
        if isinstance(term, terms.Container) and not term.leaves:
            pending += term.items
        elif isinstance(term, terms.Mapping):
            pending += (*term.keys, *term.values)
        elif isinstance(term, terms.Record):
            pending += term.parts
        elif isinstance(term, terms.Tagged):
            pending.append(term.state)
    return found
