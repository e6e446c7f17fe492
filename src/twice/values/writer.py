"""Writes terms: the machinery under ``twice.values.encode``."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from twice.errors import ValueNotStorable
from twice.values.columns import Body, Column, NeedsRows, body
from twice.values.format import LONG, MAGIC_ASIDE, OUTSIDE, REPEATED, RUN, heading, varint
from twice.values.kind import Aside, Buffer, BufferSource, FileSource, Hook, Hooked, Kind, Often, Texts, size_of
from twice.values.memory import Memory, Place, Reserved, Window, sharing
from twice.values.packing import fit, run_of
from twice.values.registry import KindFinder

_HOOKED = (FunctionType, BuiltinFunctionType, type, ModuleType, Hooked, type(lru_cache(len)))
_SMALL = 1 << 10
_SMALL_INTS = {
    value: b"i"
    + bytes((value.bit_length() // 8 + 1,))
    + value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    for value in range(-_SMALL, _SMALL)
}


_SHORT = 64
_SHORT_TEXTS = [b"u" + varint(2 * size) for size in range(_SHORT)]
_SHORT_BUFFERS = [b"b" + varint(2 * size) for size in range(_SHORT)]


class NeedsReferences(Exception):  # noqa: N818 - a signal, not an error
    """The value contains itself, or repeats too much; it is to be written again with references."""


_Seen = tuple[int, int, int, int, int, int, int, int, bool] | tuple[int, Column]
"""Where an object with an identity was written: its number, then offsets in the stream, the buffers and the parts
aside where it begins, the same where it ends (-1 while it is open) with the numbers given until then, and whether it
can contain itself. A plain tuple, since there may be millions. For a row its number, and whether its column is open."""


_Long = tuple[object, int, int, int, bool]
"""A long immutable object, its number, where in the stream it begins and ends, and whether nothing in it has an
identity, is a buffer or is put aside."""


class _Notes:
    """What is learned about the whole value on the way."""

    def __init__(self) -> None:
        self.references: set[str] = set()
        self.executes = False


class _Piece:
    """A term that is already written."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


_BEFORE_IT_IS = frozenset({"class", "call", "arguments", "keywords"})
"""Parts of a reduction that are there before the object: nothing in them can refer to it."""

_DEEPEST = 10_000
"""So many reductions may lie inside each other; only a class that makes itself anew each time has more."""

_SHOWN = 100
"""So many steps of the way to a part are shown."""

_Steps = Generator[object, None, None]


class Writer:
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
        self.hook = hook
        self.graph = graph
        self.columns = columns
        self.content_only = content_only
        self.describe = describe
        self.outer = outer
        self.out = bytearray()
        self.buffers: list[BufferSource] = []
        self.finder = finder or KindFinder()
        self.notes: _Notes = _Notes() if outer is None else outer.notes
        self.memo: dict[int, _Seen] = {}
        self.alive: list[object] = []
        self.again: list[tuple[int, int, dict[int, _Seen]]] = []
        self.long: dict[int, _Long] = {}
        self.numbers = 0
        self.repeated = 0
        self.asides = 0
        self.depth = 0
        self.sharing: list[tuple[int, int]] = []
        self.entries: list[tuple[int, bytes]] = []
        self.windows: list[tuple[int, Window]] = []
        self.bytearrays: list[bytearray] = []
        self.reserved: Reserved | None = None
        self.reserved_at = 0
        self.aside: Writer | None = None
        self.stack: list[tuple[object, Iterator[object]]] = []
        self.top_kind = ""
        self.leaf: dict[type, Callable[[Any], None]] = {
            type(None): self._none,
            bool: self._bool,
            int: self._int,
            float: self._float,
            complex: self._complex,
            str: self._str,
            bytes: self._bytes,
            _Piece: self._piece,
        }
        self.container: dict[type, Callable[[Any], _Steps]] = {
            tuple: self._tuple,
            list: self._list,
            dict: self._dict,
            set: self._set,
            frozenset: self._frozenset,
            bytearray: self._bytearray,
            Buffer: self._buffer,
            Aside: self._aside,
            Window: self._nowhere,
            Reserved: self._reserved,
            Often: self._often,
            Texts: self._texts,
            Body: self._column,
        }
        self.pieces: dict[Hashable, bytes] = {} if outer is None else outer.pieces

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

    # Leaves.

    def _none(self, _: None) -> None:
        self.out += b"N"

    def _bool(self, value: bool) -> None:
        self.out += b"T" if value else b"F"

    def _int(self, value: int) -> None:
        if -_SMALL <= value < _SMALL:
            self.out += _SMALL_INTS[value]
            return
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        self.out += b"i" + varint(len(data)) + data

    def _float(self, value: float) -> None:
        self.out += struct.pack("<cd", b"d", value)

    def _complex(self, value: complex) -> None:
        self.out += struct.pack("<cdd", b"c", value.real, value.imag)

    def _str(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        if len(data) < _SHORT:
            self.out += _SHORT_TEXTS[len(data)] + data
        else:
            self.out += b"u"
            self.blob(data)

    def _bytes(self, value: bytes) -> None:
        self.out += b"y"
        self.blob(value)

    def _piece(self, value: _Piece) -> None:
        self.out += value.data

    def blob(self, source: BufferSource) -> None:
        """Write bytes, here if they are few and outside if they are many."""
        size = len(source) if type(source) is bytes else size_of(source)
        if size >= OUTSIDE:
            self.out += varint(2 * size + 1)
            self.buffers.append(source)
        else:
            self.out += varint(2 * size)
            if isinstance(source, FileSource):
                data = source.path.read_bytes()
                if len(data) != size:
                    self.refuse(f"the file {source.path.name!r} changed while it was read")
                source = data
            self.out += source

    def buffers_of(self, items: Iterable[Buffer]) -> None:
        """Write buffers one after the other."""
        for item in items:
            source = item.source
            if type(source) is memoryview and source.nbytes < _SHORT:
                self.out += _SHORT_BUFFERS[source.nbytes] + source
            else:
                self.out += b"b"
                self.blob(source)

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
            items = self._sorted(value)
            self.out += b"s"
            yield from self._body(items, rows=False)
            self._close(value)

    def _frozenset(self, value: frozenset[Any]) -> _Steps:
        if self.long and self._long_again(value):
            return
        items = self._sorted(value)
        begin = self._begin()
        self.out += b"z"
        yield from self._body(items, rows=False)
        if len(self.out) - begin[0] >= LONG:
            self._note_long(value, begin)

    def _bytearray(self, value: bytearray) -> _Steps:
        if not self._met(value):
            self.out += b"Y"
            if not self.again:
                self.bytearrays.append(value)
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

    def _sorted(self, items: Iterable[Any]) -> Sequence[Any]:
        """A set's items in their canonical order."""
        members = list(items)
        types = set(map(type, members))
        if len(members) >= RUN and (types == {str} or (types == {int} and fit(members))):
            return sorted(members)
        pieces: list[tuple[bytes, object]] = []
        for item in members:
            mark = self._mark()
            self.write(item)
            piece = bytes(self.out[mark.out :])
            pure = (self.numbers, len(self.buffers), self.asides, len(self.long)) == mark.given
            self._rewind(mark)
            # What has numbers, buffers, parts aside or long terms is written again in its place; the rest is done.
            pieces.append((piece, _Piece(piece) if pure else item))
        pieces.sort(key=lambda pair: pair[0])
        return [item for _, item in pieces]

    def _mark(self) -> _Mark:
        aside = None if self.aside is None else self.aside._mark()
        given = (self.numbers, len(self.buffers), self.asides, len(self.long))
        lengths = (len(self.sharing), len(self.entries), len(self.windows), len(self.bytearrays))
        return _Mark(len(self.out), given, len(self.memo), self.repeated, *lengths, aside)

    def _rewind(self, mark: _Mark) -> None:
        del self.out[mark.out :]
        self.numbers, buffers, self.asides, long = mark.given
        del self.buffers[buffers:]
        while len(self.memo) > mark.memo:
            self.memo.popitem()
        while len(self.long) > long:
            self.long.popitem()
        self.repeated = mark.repeated
        del self.sharing[mark.sharing :]
        del self.entries[mark.entries :]
        del self.windows[mark.windows :]
        del self.bytearrays[mark.bytearrays :]
        if mark.aside is None:
            self.aside = None
        elif self.aside is not None:
            self.aside._rewind(mark.aside)

    # What is immutable.

    def _begin(self) -> tuple[int, int, int, int]:
        return len(self.out), self.numbers, len(self.buffers), self.asides

    def _note_long(self, value: object, begin: tuple[int, int, int, int]) -> None:
        """Note where a long immutable object was written."""
        start, *given = begin
        pure = given == [self.numbers, len(self.buffers), self.asides]
        self.long[id(value)] = (value, len(self.long), start, len(self.out), pure)

    def _long_again(self, value: object) -> bool:
        """Whether a long immutable object was met before, and is now done with."""
        found = self.long.get(id(value))
        if found is None:
            return False
        _, number, start, end, pure = found
        if self.graph:
            self.out += b"v" + varint(number)
            return True
        self.repeats(end - start)
        if pure:
            self.out += self.out[start:end]
        return pure

    # Identity.

    def _met(self, value: object, *, staged: bool = True) -> bool:
        """Whether the object was met before and is now done with; if not, it is given a number."""
        seen = self.memo.get(id(value))
        if seen is None:
            if self.outer is not None and self._met_outside(value):
                return True
            self.memo[id(value)] = (self.numbers, len(self.out), len(self.buffers), self.asides, -1, -1, -1, -1, staged)
            self.numbers += 1
            return False
        if len(seen) == 2:
            self._write_again(value, *seen)
            return False
        number, end, staged = seen[0], seen[4], seen[8]
        if self.graph:
            if end < 0 and not staged:
                self._refuse_cycle(value)
            self.out += b"r" + varint(number)
            return True
        if end < 0:
            raise NeedsReferences
        self._repeat(seen)
        return True

    def meet_all(self, items: Sequence[object], column: Column) -> int:
        """Give rows their numbers; says how many were met before."""
        memo, repeated = self.memo, 0
        for number, item in enumerate(items, self.numbers):
            seen = memo.get(id(item))
            if seen is None:
                memo[id(item)] = (number, column)
                continue
            if len(seen) == 2:
                if seen[1].open and seen[1] is not column:
                    raise NeedsRows
            elif seen[4] < 0:
                raise NeedsReferences
            repeated += 1
            self._share(number, seen[0])
        self.numbers += len(items)
        return repeated

    def repeats(self, size: int) -> None:
        """Take into account that bytes say again what was said."""
        self.repeated += size
        if self.repeated > REPEATED:
            raise NeedsReferences

    def _share(self, repetition: int, number: int) -> None:
        if not self.again:
            self.sharing.append((repetition, number))

    def _write_again(self, value: object, number: int, column: Column) -> None:
        """Begin to write a row of a column again, elsewhere: in full, and with nothing that was written remembered."""
        if column.open:
            raise NeedsRows
        self._share(self.numbers, number)
        self.again.append((id(value), len(self.out), self.memo))
        self.memo = {id(value): (self.numbers, len(self.out), len(self.buffers), self.asides, -1, -1, -1, -1, True)}
        self.numbers += 1

    def _repeat(self, seen: tuple[int, int, int, int, int, int, int, int, bool]) -> None:
        """Write an object again, in full: a copy of what was written for it."""
        number, start, buffers, asides, end, buffers_end, asides_end, numbers_end, _ = seen
        self.repeats(end - start)
        self._share(self.numbers, number)
        self.numbers += numbers_end - number
        self.asides += asides_end - asides
        self.out += self.out[start:end]
        self.buffers += self.buffers[buffers:buffers_end]

    def _met_outside(self, value: object) -> bool:
        assert self.outer is not None
        seen = self.outer.memo.get(id(value))
        if seen is None:
            return False
        if len(seen) == 2:
            if seen[1].open:
                raise NeedsRows
        elif seen[4] < 0 and not seen[8]:
            self._refuse_cycle(value)
        self.out += b"o" + varint(seen[0])
        return True

    def _refuse_cycle(self, value: object) -> None:
        self.refuse(
            f"a {type(value).__qualname__} contains itself, in a way that cannot be brought back",
            hint="break the cycle before returning it",
        )

    def _close(self, value: object) -> None:
        """Note where an object ends, so that it can be repeated."""
        seen = self.memo[id(value)]
        assert len(seen) == 9
        end = (len(self.out), len(self.buffers), self.asides, self.numbers, True)
        self.memo[id(value)] = (*seen[:4], *end)
        if self.again and self.again[-1][0] == id(value):
            _, start, self.memo = self.again.pop()
            self.repeats(len(self.out) - start)

    # What does not belong to the meaning.

    def _aside(self, value: Aside) -> _Steps:
        if self.outer is not None:
            yield value.value
            return
        self.write_aside(value)

    def write_aside(self, value: Aside) -> None:
        """Write that something is put aside, and put it there."""
        self.out += b"a"
        self.asides += 1
        if value.value is None or self.again or self.content_only:
            return
        if type(value.value) is Window:
            self._look_through(value.value)
        else:
            self._put_aside(self.asides - 1, value.value)

    def _put_aside(self, number: int, value: object) -> None:
        if self.aside is None:
            self.aside = Writer(
                self.hook, graph=True, columns=False, describe=self.describe, outer=self, finder=self.finder
            )
        start = len(self.aside.out)
        self.aside.stack = [*self.stack]
        self.aside.write(value)
        self.entries.append((number, bytes(self.aside.out[start:])))

    def _nowhere(self, _: Window) -> _Steps:
        # What is kept aside has memory of its own.
        self.out += b"N"
        yield from ()

    def _reserved(self, value: Reserved) -> _Steps:
        before = self.reserved, self.reserved_at
        self.reserved, self.reserved_at = value, len(self.stack)
        yield value.value
        self.reserved, self.reserved_at = before

    def _look_through(self, window: Window) -> None:
        # An array in a cell of a table is not the table's to copy.
        if self.reserved is not None and not any(type(above) is tuple for above, _ in self.stack[self.reserved_at :]):
            if self.reserved.owner is None:
                return
            window.owner = id(self.reserved.owner)
        self.windows.append((self.asides - 1, window))

    def _put_windows_aside(self) -> None:
        """Note which arrays share memory; only known at the end, since a view that is alone is an array like any."""
        if not any(window.borrowed for _, window in self.windows):
            return
        numbers = {id(window): number for number, window in self.windows}
        windows = [window for _, window in self.windows]
        windows += [Window(part, _bytearray_place, borrowed=False) for part in self.bytearrays if part]
        for group in sharing(windows):
            low = min(place.bounds[0] for _, place in group)
            memory = Memory(max(place.bounds[1] for _, place in group) - low, group[0][1].form)
            self.alive.append(memory)
            for window, place in group:
                self._put_aside(numbers[id(window)], (memory, place.address - low, place.strides))

    def aside_stream(self) -> tuple[bytes, list[BufferSource]]:
        """All that is kept aside; empty if there is nothing."""
        try:
            self._put_windows_aside()
        except ValueNotStorable as problem:
            raise ValueNotStorable(
                f"{self.describe}: {problem.message}", path=self.describe, hint=problem.hint
            ) from problem
        if not self.entries and not self.sharing:
            return b"", []
        out = bytearray(MAGIC_ASIDE)
        out += varint(len(self.sharing))
        for repetition, original in self.sharing:
            out += varint(repetition) + varint(original)
        out += varint(len(self.entries))
        for number, data in self.entries:
            out += varint(number) + data
        return bytes(out), [] if self.aside is None else self.aside.buffers

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

    # Errors.

    def refuse(self, why: str, *, hint: str = "") -> None:
        """Say that the value cannot be stored, and where in it the trouble is."""
        path = self.path()
        raise ValueNotStorable(f"{path}: {why}.", path=path, hint=hint)

    def path(self) -> str:
        """Where in the value the writer is, as an expression."""
        owners = [owner for owner, _ in self.stack if owner is not None]
        steps = zip([None, *owners[:_SHOWN]], owners[:_SHOWN], owners[1:], strict=False)
        way = "".join(_step(above, owner, below) for above, owner, below in steps)
        return self.describe + way + ("…" if len(owners) > _SHOWN else "")


def _bytearray_place(value: bytearray) -> Place:
    import ctypes

    return Place(ctypes.addressof(ctypes.c_char.from_buffer(value)), (len(value),), (1,), 1, form="fixed")


class _Mark(NamedTuple):
    out: int
    given: tuple[int, int, int, int]
    memo: int
    repeated: int
    sharing: int
    entries: int
    windows: int
    bytearrays: int
    aside: _Mark | None


def _step(above: object, owner: object, below: object) -> str:
    """How one gets from an object to a part of it; ``above`` is what the object is itself a part of."""
    if isinstance(owner, list | tuple):
        if isinstance(owner, tuple) and (name := _field_of(above, below)):
            return f".{name}"
        return next((f"[{index}]" for index, item in enumerate(owner) if item is below), "")
    if isinstance(owner, dict):
        key = next((key for key, item in owner.items() if item is below), None)
        if isinstance(key, str) and not isinstance(above, dict) and vars_of(above) == owner.keys():
            return f".{key}"
        return f"[{key!r}]" if type(key) in (str, int, float, bool, bytes) else "[…]"
    return ""


def _field_of(value: object, part: object) -> str:
    """The name of the field of a data class or the like that holds an object; empty if none does."""
    cls = type(value)
    names = getattr(cls, "__dataclass_fields__", None) or [one.name for one in getattr(cls, "__attrs_attrs__", ())]
    return next((name for name in names if getattr(value, name, None) is part), "")


def vars_of(value: object) -> Iterable[str]:
    """The names of an object's own attributes."""
    attributes = getattr(value, "__dict__", None)
    return attributes.keys() if isinstance(attributes, dict) else ()
