from __future__ import annotations

import contextlib
import functools
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from twice.errors import CaptureError, Damaged, ValueNotStorable
from twice.values.compare import difference
from twice.values.encode import encode
from twice.values.fingerprint import fingerprint
from values import samples
from values.helpers import brought_back, in_other_process, round_trip, term_of

MODELS: dict[str, Any] = {
    "forest": samples.forest,
    "pipeline": samples.pipeline,
    "search": samples.search,
    "gradient descent": lambda: SGDClassifier(random_state=0),
    "support vectors": lambda: SVC(random_state=0),
    "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree"),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=3, random_state=0),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=3, random_state=0),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_a_fitted_model_comes_back_and_predicts_the_same(make: Any) -> None:
    features, target = samples.data()
    model = make()
    if not hasattr(model, "classes_"):
        model.fit(features, target)
    encoded = encode(model)
    back = brought_back(encoded)
    assert (back.predict(features) == model.predict(features)).all()
    assert fingerprint(back) == fingerprint(model)
    assert difference(term_of(model), term_of(back)) is None
    assert not encoded.executes
    assert all(name.split(":")[0].split(".")[0] in ("sklearn", "numpy", "scipy") for name in encoded.references)


@pytest.mark.parametrize("make", [samples.forest, samples.pipeline, samples.search, samples.vectorizer])
def test_a_model_trained_twice_has_one_fingerprint(make: Any) -> None:
    assert fingerprint(make()) == fingerprint(make())


def test_models_with_other_settings_differ() -> None:
    left, right = (LogisticRegression(C=c).fit(*samples.data()) for c in (1.0, 2.0))
    assert fingerprint(left) != fingerprint(right)
    found = difference(term_of(left), term_of(right))
    assert found is not None
    assert found.detail["parameters"] == ["C"]
    assert "coef_" in found.detail["fitted"]


def test_fingerprints_are_the_same_in_processes_with_other_hash_seeds() -> None:
    setup = "from values import samples"
    first = in_other_process("samples.fingerprints()", hash_seed=1, setup=setup)
    second = in_other_process("samples.fingerprints()", hash_seed=2, setup=setup)
    assert first == second


@pytest.mark.parametrize(
    "value",
    [
        scipy.sparse.random(5, 6, 0.4, format=layout, random_state=0)
        for layout in ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
    ],
    ids=lambda value: type(value).__name__,
)
def test_sparse_matrices_come_back(value: Any) -> None:
    back = round_trip(value)
    assert type(back) is type(value)
    assert (back.toarray() == value.toarray()).all()
    assert fingerprint(back) == fingerprint(value)


def test_a_frozen_distribution_comes_back() -> None:
    assert round_trip(scipy.stats.norm(1, 2)).mean() == 1


def test_objects_come_back_with_their_attributes() -> None:
    back = round_trip(samples.Plain([1, 2]))
    assert type(back) is samples.Plain
    assert back.x == [1, 2]
    slotted = round_trip(samples.Slotted(3))
    assert slotted.a == 3
    assert not hasattr(slotted, "b")


def test_objects_of_two_classes_with_the_same_attributes_differ() -> None:
    assert fingerprint(samples.Plain(1)) != fingerprint(samples.Other(1))
    found = difference(term_of(samples.Plain(1)), term_of(samples.Other(1)))
    assert found is not None


def test_a_bound_method_comes_back_bound() -> None:
    owner = samples.Slotted(3)
    back = round_trip([owner, owner.method])
    assert back[1]() == 3
    assert back[1].__self__ is back[0]


def test_the_interpreters_own_classes_come_back_under_the_names_that_types_has_for_them() -> None:
    import types

    for value in (types.GeneratorType, types.CodeType, types.FunctionType, types.NoneType):
        assert brought_back(encode(value)) is value


def test_a_method_that_a_class_would_wrap_comes_back_wrapped() -> None:
    wrappers: list[Any] = [staticmethod, classmethod]
    for wrapper in wrappers:
        back = brought_back(encode(wrapper(len)))
        assert type(back) is wrapper and back.__func__ is len


def test_only_objects_that_bring_code_for_coming_back_are_marked() -> None:
    assert not encode(samples.Plain(1)).executes
    assert not encode(samples.Record("a")).executes
    assert encode(samples.WithState(1)).executes
    assert encode([samples.pipeline(), samples.WithState(1)]).executes
    assert round_trip(samples.WithState(1)).x == 1


def test_looking_at_a_value_executes_nothing() -> None:
    encoded = encode([samples.Trap(), 1])
    samples.Trap.sprung.clear()
    term = term_of([samples.Trap(), 1])
    assert difference(term, term_of([samples.Trap(), 2])) is not None
    assert samples.Trap.sprung == []
    assert encoded.executes
    brought_back(encoded)
    assert samples.Trap.sprung == ["sprung"]


def test_a_value_that_is_not_marked_and_yet_calls_is_refused() -> None:
    samples.Trap.sprung.clear()
    with pytest.raises(Damaged, match="calls code"):
        brought_back(encode(samples.Trap()), calls=False)
    assert samples.Trap.sprung == []


@pytest.mark.parametrize("kind", [b"sklearn.object", b"pandas.object", b"matplotlib.object", b"tool"])
def test_a_forged_value_of_a_trusted_kind_calls_nothing_foreign(kind: bytes) -> None:
    samples.Trap.sprung.clear()
    skeleton = encode(samples.Trap()).skeleton.replace(b"K\x0cobject", b"K" + bytes((2 * len(kind),)) + kind)
    from twice.values.decode import decode

    with pytest.raises(CaptureError):
        decode(skeleton, calls=False)
    assert samples.Trap.sprung == []


def test_looking_at_a_value_imports_nothing() -> None:
    skeleton = encode(np.float64(2)).skeleton.hex()
    setup = "from twice.values.terms import parse"
    code = f"(str(parse(bytes.fromhex({skeleton!r}))), 'numpy' in sys.modules)[1]"
    assert in_other_process(code, hash_seed=0, setup=setup) is False


def test_plain_values_are_handled_without_importing_any_library() -> None:
    setup = (
        "from twice.values.encode import encode\n"
        "from twice.values.decode import decode\n"
        "decode(encode([1, {'a': 2}]).skeleton)"
    )
    code = "sorted({'numpy', 'pandas', 'sklearn', 'matplotlib', 'scipy', 'blake3', 'msgspec'} & sys.modules.keys())"
    assert in_other_process(code, hash_seed=0, setup=setup) == []


def test_references_name_what_is_outside_the_standard_library() -> None:
    assert encode([int, samples.doubled, samples.Plain(1)]).references == (
        "values.samples:Plain",
        "values.samples:doubled",
    )


def test_what_cannot_be_found_again_is_refused_with_its_place_and_a_hint() -> None:
    def local() -> None: ...

    class Local: ...

    for value, why in ((lambda: 1, "lambda"), (local, "inside a function"), (Local(), "inside a function")):
        with pytest.raises(ValueNotStorable, match=why) as caught:
            encode({"model": [1, 2, value]})
        assert caught.value.path.startswith('output["model"][2]'.replace('"', "'"))
        assert caught.value.hint


def test_what_cannot_be_taken_apart_is_refused_with_its_place() -> None:
    holder = samples.Plain({"stream": (number for number in [1])})
    with pytest.raises(ValueNotStorable, match="generator") as caught:
        encode([holder])
    assert caught.value.path == "output[0].x['stream']"
    with open(__file__, encoding="utf-8") as file, contextlib.suppress(ValueNotStorable):
        encode(file)
        raise AssertionError("an open file was stored")


def test_a_class_that_is_not_there_any_more_is_told_by_name() -> None:
    encoded = encode(samples.Plain(1))

    def find(module: str, name: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}")

    with pytest.raises(CaptureError, match=r"values\.samples"):
        brought_back(encoded, find=find)


def test_the_hook_is_asked_first_for_functions_classes_and_modules() -> None:
    asked: list[object] = []

    def local(x: int) -> int:
        return x + 1

    def hook(value: object) -> tuple[str, object] | None:
        asked.append(value)
        return ("code", {"name": "local", "captured": [1]}) if value is local else None

    encoded = encode([local, samples.Plain, sys, local], hook=hook)
    assert asked == [local, samples.Plain, sys, local]
    back = brought_back(encoded, hooks={"code": lambda state: (state["name"], state["captured"])})
    assert back[0] == ("local", [1])
    assert back[0] is back[3]
    assert back[1:3] == [samples.Plain, sys]
    with pytest.raises(CaptureError):
        brought_back(encoded)


def test_a_hook_can_make_things_that_know_themselves() -> None:
    class Code:
        inside: Any = None

    code = Code()

    def hook(value: object) -> tuple[str, object] | None:
        return ("class", {"holds": [value]}) if value is Code else None

    def way_back(parts: dict[str, Any]) -> Any:
        from twice.values.kind import Made

        made = samples.Plain(None)
        yield Made(made)
        made.x = yield parts["holds"]
        return made

    back = brought_back(encode(Code, hook=hook), hooks={"class": way_back})
    assert back.x[0] is back
    assert code.inside is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.95612345, "0.9561"),
        ({"accuracy": 0.95612345, "n": 3}, "{'accuracy': 0.9561, 'n': 3}"),
        ((1,), "(1,)"),
        ({1, 2}, "set of 2"),
        (np.zeros((569, 30)), "array float64 (569, 30)"),
        (samples.frame(), "DataFrame 3 × 16"),
        (samples.forest(), "RandomForestClassifier(n_estimators=5, random_state=0)"),
        (samples.Plain(1), "Plain object"),
        (samples.Record("a"), "Record(name, values, parent)"),
        (samples.figure(), "Figure 150 × 100"),
        ("a" * 200, "'" + "a" * 70 + "'…"),
        ("line\nbreak", "'line\\nbreak'"),
        (2**300, "int of 301 bits"),
    ],
)
def test_previews_are_short_and_say_what_it_is(value: Any, text: str) -> None:
    assert encode(value).preview == text


def test_a_preview_is_never_longer_than_a_line() -> None:
    assert len(encode({f"a long key {n}": ["text" * 9] * 5 for n in range(99)}).preview) <= 80


class Liar:
    """Its reduction is whatever it is told to answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __reduce__(self) -> Any:
        return self.answer


@pytest.mark.parametrize("answer", [(1, 2, 3), (list, 5), (), (list,), 7, "nothing", "Liar"])
@pytest.mark.parametrize("count", [1, 20])
def test_what_does_not_tell_the_truth_of_itself_is_refused(answer: Any, count: int) -> None:
    with pytest.raises(ValueNotStorable, match="Liar"):
        encode([Liar(answer) for _ in range(count)])


def test_a_cached_lambda_is_refused_as_a_lambda_is() -> None:
    with pytest.raises(ValueNotStorable):
        encode(functools.lru_cache(lambda: 1))


class MadeOfItself:
    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return MadeOfItself, (self,)


class MadeOfAnother:
    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return MadeOfAnother, (MadeOfAnother(),)


def test_an_object_that_has_to_be_there_before_it_is_made_is_refused() -> None:
    with pytest.raises(ValueNotStorable, match=r"^output\['a'\].*: a MadeOfItself contains itself"):
        encode({"a": MadeOfItself()})
    with pytest.raises(ValueNotStorable, match="MadeOfAnother is reduced to more and more others") as caught:
        encode([MadeOfAnother()])
    assert len(caught.value.path) < 1000


class Knot:
    """Refers to itself from its state, which comes when it is made."""

    def __init__(self) -> None:
        self.me = self

    def __reduce__(self) -> tuple[Any, ...]:
        return Knot, (), {"me": self}


def test_an_object_may_refer_to_itself_from_its_state() -> None:
    back = round_trip(Knot())
    assert back.me is back
