"""The exam, sat by this kind."""

from __future__ import annotations

from money import Money

from twice.testing.kinds import Exam


def euros() -> Money:
    return Money(300, "EUR")


def dollars() -> Money:
    return Money(300, "USD")


def cents() -> Money:
    return Money(3, "EUR")


def test_money_sits_the_exam() -> None:
    Exam(euros, dollars, cents).sit()
