"""PyTorch's operations are noted with digests of what they were given and gave, and with the user's line."""

from __future__ import annotations

from typing import Any

import pytest

from twice.control.operators import logged

torch: Any = pytest.importorskip("torch")


def _step(scale: float) -> Any:
    weight = torch.ones(3, requires_grad=True)
    (weight * scale).sum().backward()
    return torch.softmax(weight.grad, 0).tolist()


def test_every_operation_is_noted_in_the_same_way_twice_and_another_number_shows() -> None:
    value, once = logged(_step, {"scale": 2.0}, [__file__])
    assert value == pytest.approx([1 / 3] * 3)
    assert once == logged(_step, {"scale": 2.0}, [__file__])[1]
    other = logged(_step, {"scale": 3.0}, [__file__])[1]
    names = [operation[0] for operation in once]
    first = next(number for number, (one, another) in enumerate(zip(once, other, strict=True)) if one != another)
    assert names[first] == "aten.mul.Tensor" and any("backward" in name or "softmax" in name for name in names)
    assert {(path, line > 0) for *_, path, line in once} == {(__file__, True)}


def test_numbers_in_another_order_are_other_numbers() -> None:
    logs = [logged(lambda at: torch.arange(4).roll(at), {"at": at}, [__file__])[1] for at in (1, 2)]
    assert logs[0][0] == logs[1][0] and logs[0][-1][2] != logs[1][-1][2]
