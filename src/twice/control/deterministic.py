"""What libraries offer so that the same numbers come again, switched on; what they cannot do is refused.

Each control, and what it costs, is in ``docs/deterministic.md``. A library is never imported for this: what is there is
set now, what a step imports later the moment it is loaded.

Runs in workers: standard library only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

VARIABLES: Mapping[str, str] = {
    "MKL_CBWR": "COMPATIBLE",  # one code path on every processor, the slowest
    "TF_DETERMINISTIC_OPS": "1",  # also heard by Keras 2 and by processes that a step starts
    "TF_CUDNN_DETERMINISTIC": "1",
    "FLAGS_cudnn_deterministic": "1",  # PaddlePaddle
    "FLAGS_cpu_deterministic": "1",
    "NCCL_ALGO": "Ring",  # or the algorithm, and with it the order of sums, is chosen anew by measurement
    "NVIDIA_TF32_OVERRIDE": "0",
}
"""What must be in a worker's environment before its interpreter starts; threads are one besides, see ``switches``."""

HOW_TO_ALLOW = "leave deterministic=True out, or say on the step why it may differ: @step(allow='…')"


class NotDeterministic(RuntimeError):  # noqa: N818 - it says what is refused
    """A step of a deterministic pipeline asks for what its library cannot do in the same way twice."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}, and the pipeline is deterministic=True; {HOW_TO_ALLOW}")


def _torch(module: Any) -> None:
    switch = getattr(module, "use_deterministic_algorithms", None)
    if switch is None:  # a module of the user's own may well be named torch
        return
    switch(True)  # an operation that has no deterministic form raises from now on
    module.backends.cudnn.benchmark = False
    module.backends.cudnn.deterministic = True

    @functools.wraps(switch)
    def kept(mode: bool, *, warn_only: bool = False) -> None:
        if not mode or warn_only:
            raise NotDeterministic("torch was asked to let pass what is not deterministic, or only to warn of it")
        switch(True)

    module.use_deterministic_algorithms = kept


def _tensorflow(module: Any) -> None:
    experimental = getattr(getattr(module, "config", None), "experimental", None)
    enable = getattr(experimental, "enable_op_determinism", None)
    if callable(enable):
        enable()  # an operation that has no deterministic form raises from now on


def _lightgbm(module: Any) -> None:
    def checked(params: dict[str, Any]) -> dict[str, Any]:
        device = next((params[name] for name in ("device_type", "device") if name in params), "cpu")
        if str(device) != "cpu":
            raise NotDeterministic(f"LightGBM is deterministic on the CPU only, and device_type is {device!r}")
        if str(params.get("deterministic", True)).lower() in ("false", "0"):
            raise NotDeterministic("LightGBM was given deterministic=False")
        rows = "force_row_wise" if "force_col_wise" not in params else "force_col_wise"
        return {rows: True, **params, "deterministic": True}  # or it measures which of both is faster

    _with_params(module, checked)


def _xgboost(module: Any) -> None:
    def checked(params: dict[str, Any]) -> dict[str, Any]:
        if params.get("booster") != "gblinear":
            return params
        if params.get("updater", "coord_descent") == "shotgun":
            raise NotDeterministic("XGBoost's updater 'shotgun' lets threads race; coord_descent does not")
        return {**params, "updater": "coord_descent"}  # its default would be shotgun

    _with_params(module, checked)


def _with_params(module: Any, checked: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Have a library's ``Booster`` made with parameters that were looked at."""
    booster = getattr(module, "Booster", None)
    made = getattr(booster, "__init__", None)
    if booster is None or made is None:
        return

    @functools.wraps(made)
    def make(self: Any, params: Any = None, *arguments: Any, **keywords: Any) -> None:
        # A model that is only read from a file is what it is.
        known = isinstance(params, dict) or (params is None and (arguments or keywords.get("train_set") is not None))
        made(self, checked(dict(params or {})) if known else params, *arguments, **keywords)

    booster.__init__ = make


def _catboost(module: Any) -> None:
    model = getattr(module, "CatBoost", None)
    fit = getattr(model, "_fit", None)
    if model is None or fit is None:
        return

    @functools.wraps(fit)
    def fitted(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if str(self.get_params().get("task_type", "CPU")).upper() == "GPU":
            raise NotDeterministic("CatBoost's training on a GPU is not deterministic")
        return fit(self, *arguments, **keywords)

    model._fit = fitted


CONTROLS: Mapping[str, Callable[[Any], None]] = {
    "torch": _torch,
    "tensorflow": _tensorflow,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
}
"""The module after whose loading something can be switched on → what does so."""
