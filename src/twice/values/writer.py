"""Writes terms: the machinery under ``twice.values.encode``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from twice.errors import ValueNotStorable
from twice.values.asides import Asides
from twice.values.columns import Body, body
from twice.values.format import LONG, RUN, heading, varint
from twice.values.identity import Identities
from twice.values.kind import Aside, Buffer, Hook, Hooked, Kind, Often, Texts
from twice.values.memory import Reserved, Window
from twice.values.packing import run_of
from twice.values.registry import KindFinder
from twice.values.sets import in_order

_HOOKED = (FunctionType, BuiltinFunctionType, type, ModuleType, Hooked, type(lru_cache(len)))


class _Notes:
    """What is learned about the whole value on the way."""

    def __init__(self) -> None:
        self.references: set[str] = set()
        self.executes = False


_BEFORE_IT_IS = frozenset({"class", "call", "arguments", "keywords"})
"""Parts of a reduction that are there before the object: nothing in them can refer to it."""

_DEEPEST = 10_000
"""So many reductions may lie inside each other; only a class that makes itself anew each time has more."""

_Steps = Generator[object, None, None]


class Writer(Identities):
    """Writes terms one after the other; each open container is a generator on a stack, so that nesting may be deep."""

    def __init__(
        self,
        hook: Hook | None,
        *,
        graph: bool,
        columns: bool,
        describe: str,
        outer: Writer | None = None,
        finder: KindFinder | None = None,
        content_only: bool = False,
    ) -> None:
        super().__init__(describe, graph=graph, outer=outer)
        self.hook = hook
        self.columns = columns
        self.content_only = content_only
        self.finder = finder or KindFinder()
        self.notes: _Notes = _Notes() if outer is None else outer.notes
        self.alive: list[object] = []
        self.depth = 0
        self.beside = Asides(self)
        self.top_kind = ""
        self.container: dict[type, Callable[[Any], _Steps]] = {
            tuple: self._tuple,
            list: self._list,
            dict: self._dict,
            set: self._set,
            frozenset: self._frozenset,
            bytearray: self._bytearray,
            Buffer: self._buffer,
            Aside: self.beside.aside,
            Window: self.beside.window,
            Reserved: self.beside.held,
            Often: self._often,
            Texts: self._texts,
            Body: self._column,
        }
        self.pieces: dict[Hashable, bytes] = {} if outer is None else outer.pieces

    def inner(self) -> Writer:
        """What writes that which is put aside, and refers to this stream for what is met in both."""
        return Writer(self.hook, graph=True, columns=False, describe=self.describe, outer=self, finder=self.finder)

    # The loop.

    def write(self, value: object) -> None:
        """Write one term."""
        leaf, container = self.leaf, self.container
        stack = self.stack
        floor = len(stack)
        stack.append((None, iter((value,))))
        while len(stack) > floor:
            for item in stack[-1][1]:
                kind = type(item)
                writer = leaf.get(kind)
                if writer is not None:
                    writer(item)
                    continue
                opener = container.get(kind, self._other)
                stack.append((item, opener(item)))
                break
            else:
                stack.pop()

    def kind_of(self, value: object) -> str:
        """The word for the whole value."""
        cls = type(value)
        if cls in self.leaf or cls in self.container:
            return "None" if value is None else cls.__name__
        return self.top_kind

    # Containers: each yields its parts in order and writes what stands around them.

    def _tuple(self, value: tuple[Any, ...]) -> _Steps:
        if self.long and self._long_again(value):
            return
        begin = self._begin()
        self.out += b"("
        yield from self._body(value)
        if len(self.out) - begin[0] >= LONG:
            self._note_long(value, begin)

    def _list(self, value: list[Any]) -> _Steps:
        if not self._met(value):
            self.out += b"["
            yield from self._body(value)
            self._close(value)

    def _dict(self, value: dict[Any, Any]) -> _Steps:
        if not self._met(value):
            self.out += b"{"
            yield from self._body(tuple(value))
            yield from self._body(tuple(value.values()))
            self._close(value)

    def _set(self, value: set[Any]) -> _Steps:
        if not self._met(value):
            items = in_order(self, value)
            self.out += b"s"
            yield from self._body(items, rows=False)
            self._close(value)

    def _frozenset(self, value: frozenset[Any]) -> _Steps:
        if self.long and self._long_again(value):
            return
        items = in_order(self, value)
        begin = self._begin()
        self.out += b"z"
        yield from self._body(items, rows=False)
        if len(self.out) - begin[0] >= LONG:
            self._note_long(value, begin)

    def _bytearray(self, value: bytearray) -> _Steps:
        if not self._met(value):
            self.out += b"Y"
            if not self.again:
                self.beside.bytearrays.append(value)
            self.blob(bytes(value))
            self._close(value)
        yield from ()

    def _buffer(self, value: Buffer) -> _Steps:
        self.out += b"b"
        self.blob(value.source)
        yield from ()

    def _texts(self, value: Texts) -> _Steps:
        code, blobs = (b"t", []) if value.missing is None else (b"n", [value.missing])
        self.out += b"(" + code + varint(value.count)
        for source in (*blobs, value.lengths, value.data):
            self.blob(source)
        yield from ()

    def _often(self, value: Often) -> _Steps:
        piece = self.pieces.get(value.value)
        if piece is None:
            start = len(self.out)
            yield value.value
            if len(self.out) - start < LONG:  # longer ones are looked for where they are
                self.pieces[value.value] = bytes(self.out[start:])
        else:
            self.out += piece

    def _body(self, items: Sequence[Any], *, rows: bool = True) -> Iterable[object]:
        count = len(items)
        if count >= RUN:
            types = set(map(type, items))
            run = run_of(items, types)
            if run is not None:
                code, blobs = run
                self.out += code + varint(count)
                for data in blobs:
                    self.blob(data)
                return ()
            if rows and self.columns and len(types) == 1:
                return body(self, items, types.pop())
        self.out += b"m" + varint(count)
        return items

    def _column(self, column: Body) -> _Steps:
        yield from self._body(column.items)

    # Everything else.

    def _other(self, value: object) -> _Steps:
        if self.hook is not None and isinstance(value, _HOOKED):
            taken = self.hook(value)
            if taken is not None:
                tag, state = taken
                yield from self._tagged(value, f"@{tag}", state, identity=not isinstance(value, Hooked), staged=True)
                return
        if isinstance(value, type) and value in self.pieces:
            self.out += self.pieces[value]
            return
        start = len(self.out)
        for kind in self.finder.kinds_of(type(value)):
            if kind.content_only and self.outer is not None:
                continue
            state = self._state(kind, value)
            if state is NotImplemented:
                continue
            self.notes.executes |= kind.executes
            if kind.name in ("class", "function", "module"):
                self._note_reference(str(state))
            if kind.name == "class":
                # The same few classes occur again and again; a reference has no parts and no number.
                self.out += heading(kind.name, None, False)
                self._str(str(state))
                self.pieces[value] = bytes(self.out[start:])
                self.top_kind = self.top_kind or kind.name
                return
            yield from self._tagged(value, kind.name, state, identity=kind.identity, staged=kind.staged)
            return
        self.refuse(f"no kind of value recognises a {type(value).__qualname__}")

    def is_hooked(self, value: object) -> bool:
        """Whether a value is one that the caller's hook may want to take apart."""
        return self.hook is not None and isinstance(value, _HOOKED)

    def _state(self, kind: Kind, value: object) -> object:
        # What was met before is not taken apart again, but for rows.
        if kind.identity:
            seen = self.memo.get(id(value))
            if (seen is not None and len(seen) != 2) or (self.outer is not None and id(value) in self.outer.memo):
                return None
        try:
            return kind.take_apart(value)
        except ValueNotStorable as problem:
            path = self.path()
            raise ValueNotStorable(f"{path}: {problem.message}", path=path, hint=problem.hint) from problem.__cause__

    def _tagged(self, value: object, name: str, state: object, *, identity: bool, staged: bool) -> _Steps:
        if not self.top_kind:
            self.top_kind = name
        reduction = state if type(state) is dict and "arguments" in state else None
        if self._met(value, staged=staged and reduction is None) if identity else self.long and self._long_again(value):
            return
        begin = self._begin()
        # States are made for the occasion; while they live, no other object can have their parts' addresses.
        self.alive.append(state)
        if reduction is not None:
            self.out += heading(name, tuple(reduction), identity)
            yield from self._reduction(value, reduction, identity=identity)
        elif type(state) is dict:
            self.out += heading(name, tuple(state), identity)
            yield from state.values()
        else:
            self.out += heading(name, None, identity)
            yield state
        if identity:
            self._close(value)
        elif len(self.out) - begin[0] >= LONG:
            self._note_long(value, begin)

    def _reduction(self, value: object, state: dict[str, Any], *, identity: bool) -> _Steps:
        """The parts of a reduction; from its state on, which comes last, they may refer to the object."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse(
                f"a {type(value).__qualname__} is reduced to more and more others of its kind",
                hint="have its __reduce__ name what it is made from, and not another one of itself",
            )
        waiting = identity
        for name, part in state.items():
            if waiting and name not in _BEFORE_IT_IS:
                waiting = False
                seen = self.memo[id(value)]
                self.memo[id(value)] = (*seen[:8], True)
            yield part
        self.depth -= 1

    def _note_reference(self, name: str) -> None:
        if name.partition(":")[0].partition(".")[0] not in sys.stdlib_module_names:
            self.notes.references.add(name)
