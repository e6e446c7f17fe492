"""What two models answer on the same data. Asking calls them, so it is done where a version's code runs anyway.

Only data that is at hand is used: what the step received, and what later steps receive beside the model. Made-up
numbers would say little of how far two models are apart where their data lie.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from twice.values.kind import library

ROWS = 10_000
"""Rows of one piece of data on which models are asked."""

_MODELS, _PIECES, _DEEP = 6, 2, 3


RECORDED, NOW = "the recorded output", "the output now"
"""What the two values are called among what a worker is given."""


def predictions(given: Mapping[str, object]) -> list[dict[str, Any]]:
    """How far the models in two values are apart in what they predict.

    Args:
        given: The two values, and what data is at hand, under the words by which people know it.

    Returns:
        For each pair of models that are not the same, and each piece of data that suits both: ``path`` (of the models
        in the value), ``what`` in words, and ``figures``. Where nothing suits them, that is said.
    """
    found: list[dict[str, Any]] = []
    recorded, now = given[RECORDED], given[NOW]
    pieces = [piece for name, value in given.items() if name != NOW for piece in _pieces(value, name, 0)]
    for number, (path, left, right) in enumerate(_models(recorded, now, "", 0)):
        if number == _MODELS:
            break
        told = list(_of_pair(left, right, pieces))
        if not told:
            why = "predictions were not compared: no data that the step or a later one received suits both models"
            told = [(why, {})]
        found += [{"path": path, "what": what, "figures": figures} for what, figures in told]
    return found


def _of_pair(left: Any, right: Any, pieces: list[tuple[str, Any]]) -> Iterator[tuple[str, dict[str, float]]]:
    told = 0
    for name, piece in pieces:
        asked = [_asked(model, piece) for model in (left, right)]
        if asked[0] is None or asked[1] is None:
            continue
        rows = _length(piece)
        shown = f"on {name}" + (f" (the first {ROWS:,} of {rows:,} rows)" if rows > ROWS else "")
        what, figures = _apart(asked[0], asked[1], labels=_classifies(left))
        yield f"predictions {shown}: {what}", figures
        told += 1
        if told == _PIECES:
            return


# Models.


def _models(left: Any, right: Any, path: str, depth: int) -> Iterator[tuple[str, Any, Any]]:
    """The pairs of models in two values, at the same places, that are not the same."""
    from twice.values.fingerprint import fingerprint

    if type(left) is not type(right) or depth > _DEEP:
        return
    if _is_model(left):
        same = False
        with contextlib.suppress(Exception):
            same = fingerprint(left) == fingerprint(right)
        if not same:
            yield path, left, right
    elif isinstance(left, dict):
        for key in left:
            if key in right:
                yield from _models(left[key], right[key], f"{path}[{key!r}]", depth + 1)
    elif isinstance(left, list | tuple):
        fields = getattr(type(left), "_fields", None)
        for index, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _models(one, other, f"{path}.{fields[index]}" if fields else f"{path}[{index}]", depth + 1)
    elif isinstance(getattr(left, "__dict__", None), dict) and isinstance(getattr(right, "__dict__", None), dict):
        for name, one in vars(left).items():
            if name in vars(right):
                yield from _models(one, vars(right)[name], f"{path}.{name}", depth + 1)


def _is_model(value: Any) -> bool:
    if isinstance(value, type):
        return False
    return _is_module(value) or callable(getattr(value, "predict", None))


def _is_module(value: Any) -> bool:
    return any(base.__module__ == "torch.nn.modules.module" for base in type(value).__mro__)


def _classifies(model: Any) -> bool:
    return getattr(model, "_estimator_type", "") == "classifier" or hasattr(model, "classes_")


def _names(model: Any) -> list[str]:
    """The names of the features that a model wants; empty if it does not say."""
    for name in ("feature_names_in_", "feature_names_", "feature_names", "feature_name"):
        try:
            found = getattr(model, name, None)
            found = found() if callable(found) else found
            if found is not None and len(found):
                return [str(one) for one in found]
        except Exception:
            continue
    return []


def _width(model: Any) -> int | None:
    """How many features a model wants; None if it does not say."""
    for name in ("n_features_in_", "num_features", "num_feature"):
        try:
            found = getattr(model, name, None)
            found = found() if callable(found) else found
            if isinstance(found, int) and found > 0:
                return found
        except Exception:
            continue
    return None


# Data.


def _pieces(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    """What of a value may be asked about: tables, matrices, tensors, columns and lists of texts."""
    if isinstance(value, dict):
        if depth < _DEEP:
            for key, part in value.items():
                yield from _pieces(part, f"{name}[{key!r}]", depth + 1)
    elif isinstance(value, list | tuple) and not _texts(value):
        if depth < _DEEP and len(value) <= 20:
            for index, part in enumerate(value):
                yield from _pieces(part, f"{name}[{index}]", depth + 1)
    elif len(getattr(value, "shape", ())) >= 2 or _texts(value):
        yield name, value


def _texts(value: Any) -> bool:
    """Whether these are texts, one for each answer."""
    if isinstance(value, list | tuple):
        return len(value) > 1 and all(isinstance(one, str) for one in value)
    if len(getattr(value, "shape", ())) != 1 or not hasattr(value, "dtype") or not len(value):
        return False
    return all(isinstance(one, str) for one in list(value[: min(len(value), 20)]))


def _length(piece: Any) -> int:
    return int(piece.shape[0]) if hasattr(piece, "shape") else len(piece)


def _suited(model: Any, piece: Any) -> Any:
    """The part of a piece of data that a model may be asked about; None if it is not of the model's form."""
    first = piece[:ROWS]
    columns = getattr(piece, "columns", None)
    names, width = _names(model), _width(model)
    if columns is not None and names and all(name in columns for name in names):
        return first[names]
    if width is not None and (len(getattr(piece, "shape", ())) != 2 or piece.shape[1] != width):
        return None
    return first


def _asked(model: Any, piece: Any) -> Any:
    """What a model answers, and the probabilities beside it or None; None if it takes no such data."""
    np = library("numpy")
    with contextlib.suppress(Exception):
        data = _suited(model, piece)
        if data is None:
            return None
        if _is_module(model):
            return np.asarray(_passed_on(model, data)), None
        answers = np.asarray(model.predict(_as_booster_wants(model, data)))
        scores = None
        if callable(getattr(model, "predict_proba", None)):
            with contextlib.suppress(Exception):
                scores = np.asarray(model.predict_proba(data))
        return answers, scores
    return None


def _as_booster_wants(model: Any, data: Any) -> Any:
    if type(model).__module__.partition(".")[0] == "xgboost" and type(model).__qualname__ == "Booster":
        return library("xgboost").DMatrix(data)
    return data


def _passed_on(module: Any, data: Any) -> Any:
    torch = library("torch")
    kind = next((one.dtype for one in module.parameters() if one.is_floating_point()), torch.float32)
    given = data if isinstance(data, torch.Tensor) else torch.as_tensor(library("numpy").asarray(data), dtype=kind)
    module.eval()  # no layer that draws random numbers
    with torch.no_grad():
        return module(given).cpu().numpy()


# Answers.


def _apart(before: Any, after: Any, *, labels: bool) -> tuple[str, dict[str, float]]:
    """How far answers are apart, in words and figures."""
    (first, scores), (second, other_scores) = before, after
    if first.shape != second.shape:
        return f"the shape was {first.shape} and is {second.shape}", {}
    if labels or first.dtype.kind not in "fc":
        what, figures = _labels_apart(first, second)
    else:
        what, figures = _numbers_apart(first, second, "numbers")
    if scores is not None and other_scores is not None and scores.shape == other_scores.shape:
        said, more = _numbers_apart(scores, other_scores, "probabilities")
        what = f"{what}; {said}"
        figures |= {f"probabilities_{name}": value for name, value in more.items()}
    return what, figures


def _labels_apart(before: Any, after: Any) -> tuple[str, dict[str, float]]:
    np = library("numpy")
    differing = np.asarray(before != after)
    if differing.ndim > 1:  # of several outputs: rows in which one differs
        differing = differing.reshape(len(before), -1).any(axis=1)
    count, size = int(np.count_nonzero(differing)), len(before)
    what = f"{count:,} of {size:,} labels differ" if count else f"all {size:,} labels are the same"
    return what, {"rows": size, "differing": count}


def _numbers_apart(before: Any, after: Any, word: str) -> tuple[str, dict[str, float]]:
    from twice.values.compare import Comparison
    from twice.values.kinds.arrays import figures

    found = figures(before, after.astype(before.dtype), Comparison(), "")
    if found is None:
        return f"all {before.size:,} {word} are the same", {"rows": len(before), "differing": 0}
    told = {name: float(found.detail[name]) for name in ("differing", *_SAID) if name in found.detail}
    what = f"{found.detail['differing']:,} of {before.size:,} {word} differ"
    what += "".join(f", {said} {told[name]:.2g}" for name, said in _SAID.items() if name in told)
    return what, {"rows": float(len(before)), **told}


_SAID = {"norm_wise": "norm-wise relative error", "largest_absolute": "the largest by"}
