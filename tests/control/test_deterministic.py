"""Libraries that are not here: their switches are called where they have them, and a namesake is left alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from twice.control.deterministic import CONTROLS, NotDeterministic


def test_tensorflows_own_switch_is_called_once_it_is_loaded() -> None:
    said: list[str] = []
    experimental = SimpleNamespace(enable_op_determinism=lambda: said.append("on"))
    CONTROLS["tensorflow"](SimpleNamespace(config=SimpleNamespace(experimental=experimental)))
    assert said == ["on"]


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_a_module_of_the_users_own_of_the_same_name_is_left_alone(name: str) -> None:
    module = SimpleNamespace(answer=42)
    CONTROLS[name](module)
    assert vars(module) == {"answer": 42}


def test_pytorchs_switch_is_turned_on_and_cannot_be_turned_off_again() -> None:
    modes: list[bool] = []
    cudnn = SimpleNamespace(benchmark=True, deterministic=False)
    module = SimpleNamespace(use_deterministic_algorithms=modes.append, backends=SimpleNamespace(cudnn=cudnn))
    CONTROLS["torch"](module)
    assert modes == [True] and (cudnn.benchmark, cudnn.deterministic) == (False, True)
    for asked in ({"mode": False}, {"mode": True, "warn_only": True}):
        with pytest.raises(NotDeterministic, match="deterministic=True"):
            module.use_deterministic_algorithms(**asked)
