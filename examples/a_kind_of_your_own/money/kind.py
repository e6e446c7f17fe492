"""The kind of value that tells Twice what an amount of money is."""

# ruff: noqa: ARG002 - the methods and their arguments are those of Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Kind, Making

if TYPE_CHECKING:
    from twice.values.compare import Comparison, Difference
    from twice.values.terms import Tagged


class MoneyKind(Kind):
    """An amount: its cents and its currency."""

    name = "money.Money"
    roots = frozenset({"money"})
    identity = False  # equal amounts are one amount

    def recognises(self, cls: type) -> bool:
        return cls.__module__ == "money" and cls.__qualname__ == "Money"

    def take_apart(self, value: Any) -> object:
        return {"cents": value.cents, "currency": value.currency}

    def put_together(self, state: Any, making: Making) -> object:
        from money import Money

        return Money(state["cents"], state["currency"])

    def preview(self, value: Any) -> str:
        return f"{value.cents / 100:.2f} {value.currency}"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        from twice.values.compare import Difference

        if left.part("currency") != right.part("currency"):
            return Difference(path, f"was in {left.part('currency')!r} and is in {right.part('currency')!r}")
        return comparison.differ(left.part("cents"), right.part("cents"), f"{path}.cents")
