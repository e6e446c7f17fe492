"""Plain values of the standard library: times, exact numbers, paths, patterns, and the constants of the language."""

# ruff: noqa: ARG002, D102 - the methods and their arguments are described by Kind
from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import re
import types
import uuid
from typing import TYPE_CHECKING, Any

from twice.errors import ValueNotStorable
from twice.values.kind import Kind, Making

if TYPE_CHECKING:
    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged


class _Plain(Kind):
    """The base of kinds for exactly one class, immutable."""

    identity = False
    cls: type

    def recognises(self, cls: type) -> bool:
        return cls is self.cls

    def preview(self, value: Any) -> str:
        return str(value)

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        """In the value's own words: ``was 1/2 and is 1/3``. What is made for that is of the standard library."""
        from twice.values.differences import Difference
        from twice.values.terms import LEAVES, plain

        found = comparison.states(left, right, path)
        states = plain(left.state), plain(right.state)
        if found is None or not all(type(part) in LEAVES for side in states for part in _parts(side)):
            return found
        try:
            before, after = (self.preview(self.put_together(side, Making())) for side in states)
        except (ValueError, TypeError, ArithmeticError):
            return found
        return Difference(path, f"was {before} and is {after}")


def _parts(state: Any) -> tuple[Any, ...]:
    return state if isinstance(state, tuple) else (state,)


class ConstantKind(_Plain):
    """``...`` and ``NotImplemented``."""

    name = "constant"
    constants = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}  # noqa: RUF012 - never changed

    def recognises(self, cls: type) -> bool:
        return cls in (types.EllipsisType, types.NotImplementedType)

    def take_apart(self, value: object) -> object:
        return "Ellipsis" if value is Ellipsis else "NotImplemented"

    def put_together(self, state: Any, making: Making) -> object:
        return self.constants[state]


class RangeKind(_Plain):
    """A range, by what was given to make it."""

    name, cls = "range", range

    def take_apart(self, value: range) -> object:
        return (value.start, value.stop, value.step)

    def put_together(self, state: Any, making: Making) -> object:
        return range(*state)


class SliceKind(_Plain):
    """A slice."""

    name, cls = "slice", slice

    def take_apart(self, value: slice) -> object:
        return (value.start, value.stop, value.step)

    def put_together(self, state: Any, making: Making) -> object:
        return slice(*state)

    def preview(self, value: slice) -> str:
        return repr(value)


class DateKind(_Plain):
    """A day."""

    name, cls = "datetime.date", datetime.date

    def take_apart(self, value: datetime.date) -> object:
        return value.isoformat()

    def put_together(self, state: Any, making: Making) -> object:
        return datetime.date.fromisoformat(state)


class TimeKind(_Plain):
    """A time of day, with its zone as a value of its own."""

    name, cls = "datetime.time", datetime.time

    def take_apart(self, value: datetime.time) -> object:
        return {"time": value.replace(tzinfo=None, fold=0).isoformat(), "fold": value.fold, "zone": value.tzinfo}

    def put_together(self, state: Any, making: Making) -> object:
        naive = datetime.time.fromisoformat(state["time"])
        return naive.replace(fold=state["fold"], tzinfo=state["zone"])


class DateTimeKind(_Plain):
    """A moment, with its zone as a value of its own."""

    name, cls = "datetime.datetime", datetime.datetime

    def take_apart(self, value: datetime.datetime) -> object:
        return {"time": value.replace(tzinfo=None, fold=0).isoformat(), "fold": value.fold, "zone": value.tzinfo}

    def put_together(self, state: Any, making: Making) -> object:
        naive = datetime.datetime.fromisoformat(state["time"])
        return naive.replace(fold=state["fold"], tzinfo=state["zone"])


class TimeDeltaKind(_Plain):
    """A duration."""

    name, cls = "datetime.timedelta", datetime.timedelta

    def take_apart(self, value: datetime.timedelta) -> object:
        return (value.days, value.seconds, value.microseconds)

    def put_together(self, state: Any, making: Making) -> object:
        return datetime.timedelta(*state)


class TimeZoneKind(_Plain):
    """A fixed offset from UTC, with its name if it was given one."""

    name, cls = "datetime.timezone", datetime.timezone

    def take_apart(self, value: datetime.timezone) -> object:
        arguments = value.__getinitargs__()  # type: ignore[attr-defined]
        return {"offset": arguments[0], "name": arguments[1] if len(arguments) > 1 else None}

    def put_together(self, state: Any, making: Making) -> object:
        if state["name"] is not None:
            return datetime.timezone(state["offset"], state["name"])
        return datetime.timezone(state["offset"]) if state["offset"] else datetime.UTC


class ZoneInfoKind(_Plain):
    """A time zone, by its key; its rules belong to the environment."""

    name = "zoneinfo.ZoneInfo"

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "zoneinfo" and cls.__qualname__ == "ZoneInfo"

    def take_apart(self, value: Any) -> object:
        if value.key is None:
            raise ValueNotStorable(
                "a time zone read from a file has no key", hint='use zoneinfo.ZoneInfo("Europe/Paris")'
            )
        return value.key

    def put_together(self, state: Any, making: Making) -> object:
        import zoneinfo

        return zoneinfo.ZoneInfo(state)


class DecimalKind(_Plain):
    """A decimal number with all its digits: ``1.0`` and ``1.00`` differ."""

    name, cls = "decimal.Decimal", decimal.Decimal

    def take_apart(self, value: decimal.Decimal) -> object:
        return str(value)

    def put_together(self, state: Any, making: Making) -> object:
        return decimal.Decimal(state)


class FractionKind(_Plain):
    """A fraction in lowest terms."""

    name, cls = "fractions.Fraction", fractions.Fraction

    def take_apart(self, value: fractions.Fraction) -> object:
        return (value.numerator, value.denominator)

    def put_together(self, state: Any, making: Making) -> object:
        return fractions.Fraction(*state)


class UUIDKind(_Plain):
    """A UUID."""

    name, cls = "uuid.UUID", uuid.UUID

    def take_apart(self, value: uuid.UUID) -> object:
        return value.bytes

    def put_together(self, state: Any, making: Making) -> object:
        return uuid.UUID(bytes=state)


class PathKind(_Plain):
    """A path as a piece of text; what it leads to is not part of it (see ``twice.values.files``)."""

    name = "pathlib.Path"
    flavours = (
        pathlib.PosixPath,
        pathlib.WindowsPath,
        pathlib.PurePosixPath,
        pathlib.PureWindowsPath,
    )

    def recognises(self, cls: type) -> bool:
        return cls in self.flavours

    def take_apart(self, value: pathlib.PurePath) -> object:
        return {"class": type(value).__name__, "path": str(value)}

    def put_together(self, state: Any, making: Making) -> object:
        chosen = {flavour.__name__: flavour for flavour in self.flavours}[state["class"]]
        return chosen(state["path"])


class PatternKind(_Plain):
    """A regular expression: its text and its flags."""

    name, cls = "re.Pattern", re.Pattern

    def take_apart(self, value: re.Pattern[Any]) -> object:
        return {"pattern": value.pattern, "flags": int(value.flags)}

    def put_together(self, state: Any, making: Making) -> object:
        flags = state["flags"]
        return re.compile(state["pattern"], flags)

    def preview(self, value: re.Pattern[Any]) -> str:
        return f"pattern {value.pattern!r}"


class EnumKind(Kind):
    """A member of an enumeration: its class, its name, and for combined flags its value."""

    name = "enum.Enum"
    identity = False

    def recognises(self, cls: type) -> bool:
        return issubclass(cls, enum.Enum)

    def take_apart(self, value: enum.Enum) -> object:
        cls = type(value)
        named = value.name is not None and value.name in cls.__members__
        return {"class": cls, "name": value.name if named else None, "value": value.value}

    def put_together(self, state: Any, making: Making) -> object:
        if state["name"] is not None:
            return state["class"].__members__[state["name"]]
        return state["class"](state["value"])

    def preview(self, value: enum.Enum) -> str:
        return f"{type(value).__name__}.{value.name}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.differences import Difference

        names: tuple[Any, Any] = (left.part("name"), right.part("name"))
        if left.part("class") is None or names[0] == names[1] or not all(names):
            return comparison.states(left, right, path)
        if comparison.differ(left.part("class"), right.part("class"), path) is not None:
            return comparison.states(left, right, path)
        return Difference(path, f"was {names[0]} and is {names[1]}")


class NamespaceKind(Kind):
    """A ``types.SimpleNamespace``."""

    name = "types.SimpleNamespace"
    staged = True

    def recognises(self, cls: type) -> bool:
        return cls is types.SimpleNamespace

    def take_apart(self, value: types.SimpleNamespace) -> object:
        return {"attributes": value.__dict__}

    def stages(self, state: Any, making: Making) -> Any:
        from twice.values.kind import Made

        result = types.SimpleNamespace()
        yield Made(result)
        result.__dict__.update((yield state["attributes"]))
        return result

    def preview(self, value: types.SimpleNamespace) -> str:
        return f"SimpleNamespace({', '.join(value.__dict__)})"


KINDS: tuple[Kind, ...] = (
    ConstantKind(), RangeKind(), SliceKind(), DateKind(), TimeKind(), DateTimeKind(), TimeDeltaKind(), TimeZoneKind(),
    ZoneInfoKind(), DecimalKind(), FractionKind(), UUIDKind(), PathKind(), PatternKind(), EnumKind(), NamespaceKind(),
)  # fmt: skip
