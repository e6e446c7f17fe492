"""Classes and values for the tests, in a module that other processes can import."""

from __future__ import annotations

import enum
import functools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


class Plain:
    def __init__(self, x: Any) -> None:
        self.x = x


class Other:
    def __init__(self, x: Any) -> None:
        self.x = x


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: int) -> None:
        self.a = a

    def method(self) -> int:
        return self.a


class WithState:
    """An object that brings code of its own for coming back."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __getstate__(self) -> dict[str, int]:
        return {"y": self.x}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.x = state["y"]


class Trap:
    """An object whose loading leaves a mark."""

    sprung: list[str] = []  # noqa: RUF012 - the mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (spring, ("sprung",))


def spring(text: str) -> str:
    Trap.sprung.append(text)
    return text


class MyDict(dict[str, int]):
    pass


@dataclass
class Record:
    name: str
    values: list[int] = field(default_factory=list)
    parent: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    x: int
    y: tuple[int, ...] = ()


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


Point = namedtuple("Point", ["x", "y"])


class Typed(NamedTuple):
    x: int
    y: str = ""


def doubled(x: Any) -> Any:
    return x * 2


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, 4))
    return features, (features[:, 0] + features[:, 1] > 0).astype(int)


def forest() -> Any:
    return RandomForestClassifier(n_estimators=5, random_state=0).fit(*data())


def pipeline() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*data())


def vectorizer() -> Any:
    return TfidfVectorizer(stop_words="english").fit(["a cat sat here", "the dog sat there", "dogs and cats"])


def search() -> Any:
    steps = make_pipeline(StandardScaler(), LogisticRegression())
    found = GridSearchCV(steps, {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(*data())
    # How long things took is measured anew each time.
    found.refit_time_ = 0.0
    for name in list(found.cv_results_):
        if name.endswith("_time"):
            found.cv_results_[name][:] = 0
    return found


def columns() -> Any:
    frame = pd.DataFrame(data()[0], columns=["a", "b", "c", "d"])
    return ColumnTransformer([("scale", StandardScaler(), ["a"]), ("double", FunctionTransformer(doubled), ["b"])]).fit(
        frame
    )


def frame() -> pd.DataFrame:
    result = pd.DataFrame(
        {
            "integers": [1, 2, 3],
            "floats": [1.5, np.nan, -0.0],
            "texts": ["x", None, "é"],
            "objects": pd.Series([[1], {"k": 2}, None], dtype=object),
            "mixed": pd.Series(["x", 1, None], dtype=object),
            "categories": pd.Categorical(["u", "v", "u"], categories=["v", "u", "w"], ordered=True),
            "nullable integers": pd.array([1, None, 2], dtype="Int64"),
            "nullable floats": pd.array([1.5, None, 2.0], dtype="Float32"),
            "nullable booleans": pd.array([True, None, False], dtype="boolean"),
            "nullable texts": pd.array(["a", None, "b"], dtype="string"),
            "moments": pd.date_range("2020", periods=3),
            "zoned": pd.date_range("2020", periods=3, tz="Europe/Paris"),
            "durations": pd.to_timedelta([1, 2, 3], unit="h"),
            "periods": pd.period_range("2020", periods=3, freq="M"),
            "intervals": pd.interval_range(0, 3),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0]),
        }
    )
    result.attrs["source"] = "here"
    return result


def figure() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    result = Figure(figsize=(3, 2), dpi=50)
    axes = result.subplots()
    axes.plot([1, 3, 2], label="line")
    axes.legend()
    axes.set_title("title")
    return result


def everything() -> dict[str, Any]:
    """Values whose fingerprints must be the same in every process."""
    return {
        "texts": {"apple", "pear", "fig", "plum"},
        "frozen": frozenset({"apple", "pear", ("a", 1), 2.5, None}),
        "large": {f"text {number}" for number in range(50)},
        "sets": {frozenset({"a", "b"}), frozenset({"c"})},
        "objects": Plain({"a", "b", "c"}),
        "plain": [1, "a", b"b", 1.5, None, True, 2**90, {"k": (1, [2])}],
        "array": np.arange(20000.0).reshape(100, 200),
        "frame": frame(),
        "forest": forest(),
        "pipeline": pipeline(),
        "vectorizer": vectorizer(),
        "search": search(),
        "columns": columns(),
        "figure": figure(),
        "generator": np.random.default_rng(3),
        "partial": functools.partial(doubled, x=2),
        "colour": {Colour.RED, Colour.BLUE},
    }


def fingerprints() -> dict[str, str]:
    from twice.values.fingerprint import fingerprint

    return {name: str(fingerprint(value)) for name, value in everything().items()}


class Forgetful:
    """An object that is not equal to what comes back of it."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 0
