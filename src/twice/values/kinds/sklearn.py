"""scikit-learn: estimators, fitted or not, pipelines of them, and the objects inside, such as trees and losses."""

from __future__ import annotations

from typing import Any

from twice.values.kind import Kind
from twice.values.kinds.objects import LibraryObjectKind

# The version is the environment's part; ``_stop_words_id`` is a memory address (scikit-learn issue 18669).
_ASIDE = frozenset({"_sklearn_version", "_stop_words_id"})


class EstimatorKind(LibraryObjectKind):
    """An estimator or another object of scikit-learn, by its own reduction; calls nothing outside of the libraries."""

    def preview(self, value: Any) -> str:
        return f"{type(value).__name__}({_settings(value)})"


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
