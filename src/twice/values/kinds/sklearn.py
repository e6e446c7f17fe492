"""scikit-learn: estimators, fitted or not, pipelines of them, and the objects inside, such as trees and losses."""

# ruff: noqa: D102 - the methods are described by Kind
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twice.values.kind import Kind
from twice.values.kinds.objects import LibraryObjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twice.values.compare import Comparison
    from twice.values.differences import Difference
    from twice.values.terms import Tagged

# The version is the environment's part; ``_stop_words_id`` is a memory address (scikit-learn issue 18669).
_ASIDE = frozenset({"_sklearn_version", "_stop_words_id"})


class EstimatorKind(LibraryObjectKind):
    """An estimator or another object of scikit-learn, by its own reduction; calls nothing outside of the libraries."""

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({_settings(value)})"

    def compare(self, left: Tagged, right: Tagged, comparison: Comparison, path: str) -> Difference | None:
        """Which parameters and which fitted attributes differ; the latter end in an underscore, by convention."""
        from dataclasses import replace

        found = comparison.states(left, right, path)
        if found is None:
            return None
        parts = found.children if found.path == path else (found,)
        names = [part.path.removeprefix(f"{path}.") for part in parts]
        fitted = [name for name in names if _is_fitted(name.partition(".")[0].partition("[")[0])]
        parameters = [name for name in names if name not in fitted]
        if found.path != path:
            return found
        what = ", ".join(
            f"{len(listed)} {word if len(listed) == 1 else word + 's'}"
            for listed, word in ((parameters, "parameter"), (fitted, "fitted attribute"))
            if listed
        )
        verb = "differs" if len(parameters) + len(fitted) == 1 else "differ"
        far = _how_far([part for part in parts if part.path.removeprefix(f"{path}.") in fitted], path)
        sentence = f"{what} {verb}{far}{_estimators(parts, path)}"
        return replace(found, what=sentence, detail={"parameters": parameters, "fitted": fitted})


def _is_fitted(name: str) -> bool:
    """Whether an attribute comes from fitting: by convention its name ends in an underscore, or begins with one."""
    return name.endswith("_") or name.startswith("_")


def _how_far(parts: Sequence[Difference], path: str) -> str:
    """How far fitted attributes are apart, in words: the first three that are numbers."""
    told = []
    for part in parts:
        if "norm_wise" in part.detail:
            ulps = part.detail.get("largest_ulp", _MANY)
            units = f", up to {ulps} ULP" if ulps < _MANY else ""
            told.append(f"{part.path.removeprefix(f'{path}.')} by {part.detail['norm_wise']:.2g} of its norm{units}")
    return f" ({'; '.join([*told[:3], *(['…'] if len(told) > 3 else [])])})" if told else ""


_MANY = 100_000
"""Units in the last place from which on they say less than the norm."""


def _estimators(parts: Iterable[Difference], path: str) -> str:
    """How many of an ensemble's estimators differ, in words."""
    for part in parts:
        if part.path.removesuffix(".items") == f"{path}.estimators_" and "differing" in part.detail:
            count = part.detail["length"][0] if "length" in part.detail else part.detail.get("size")
            return f"; {part.detail['differing']} of {count} estimators do" if count else ""
    return ""


def _settings(value: Any) -> str:
    """The parameters that are not the default, as scikit-learn shows them; plain ones only."""
    import inspect

    try:
        defaults = inspect.signature(type(value).__init__).parameters
    except (TypeError, ValueError):
        return ""
    shown = []
    for name, parameter in defaults.items():
        item = value.__dict__.get(name, parameter.default) if hasattr(value, "__dict__") else parameter.default
        if type(item) in (bool, int, float, str) and item != parameter.default:
            shown.append(f"{name}={item!r}")
    return ", ".join(shown)


KINDS: tuple[Kind, ...] = (
    EstimatorKind("sklearn.object", frozenset({"sklearn"}), frozenset({"numpy", "scipy"}), _ASIDE),
)
