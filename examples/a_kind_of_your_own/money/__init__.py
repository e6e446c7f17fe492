"""A library with a class that brings code of its own for coming back, so that Twice would mark its objects."""

from __future__ import annotations

from typing import Any, ClassVar


class Money:
    """An amount in a currency; amounts of one currency are one object."""

    _known: ClassVar[dict[tuple[int, str], Money]] = {}

    def __new__(cls, cents: int, currency: str) -> Money:
        made = cls._known.get((cents, currency))
        if made is None:
            made = cls._known[cents, currency] = object.__new__(cls)
            made.cents, made.currency = cents, currency
        return made

    cents: int
    currency: str

    def __reduce__(self) -> tuple[Any, ...]:
        return Money, (self.cents, self.currency)
