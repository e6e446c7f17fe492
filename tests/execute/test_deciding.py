"""Which step can start, and whether it must run: both pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twice.execute.rebuilder import World, decide, difference, ingredients, key
from twice.execute.scheduler import cut_off, ready
from twice.records.artifact import Artifact
from twice.records.digest import Digest, digest_bytes
from twice.records.environment import Interpreter, Settings
from twice.records.trace import FileRead, Trace, VariableRead, Watched

ORDER = ["a", "b", "c", "d"]
INPUTS: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def test_steps_become_ready_when_all_their_inputs_are_there() -> None:
    assert ready(ORDER, INPUTS, done=[], begun=[]) == ["a"]
    assert ready(ORDER, INPUTS, done=["a"], begun=["a"]) == ["b", "c"]
    assert ready(ORDER, INPUTS, done=["a", "b"], begun=["a", "b", "c"]) == []
    assert ready(ORDER, INPUTS, done=["a", "b", "c"], begun=["a", "b", "c"]) == ["d"]


def test_what_depends_on_a_failed_step_is_cut_off() -> None:
    assert cut_off(ORDER, INPUTS, ["b"]) == ["d"]
    assert cut_off(ORDER, INPUTS, ["a"]) == ["b", "c", "d"]
    assert cut_off(ORDER, INPUTS, []) == []


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9), max_size=4), min_size=1))
def test_every_step_becomes_ready_once(drawn: dict[int, set[int]]) -> None:
    order = [str(number) for number in sorted(drawn)]
    inputs = {str(n): [str(m) for m in drawn[n] if m < n and m in drawn] for n in drawn}
    done: list[str] = []
    while now := ready(order, inputs, done, done):
        assert all(source in done for source in inputs[now[0]])
        done.append(now[0])
    assert sorted(done) == sorted(order)


def named(text: str) -> Digest:
    return digest_bytes(text.encode())


def wanted(**changed: object) -> dict[str, str]:
    base: dict[str, object] = {
        "step": "fit",
        "code": named("code"),
        "inputs": {"load": named("input")},
        "references": {"m:Conf": named("class")},
        "parameters": {"depth": named("3")},
        "seed": 0,
        "settings": Settings(hash_seed=0, threads=2, timezone="UTC", locale="C.UTF-8"),
        "interpreter": Interpreter(implementation="CPython", version="3.11.7", build="", compiler=""),
        "files": {"project/d.csv": named("file")},
        "cwd": "project/.",
    }
    return ingredients(**{**base, **changed})  # type: ignore[arg-type]


OTHERS: dict[str, object] = {
    "step": "other",
    "code": named("other"),
    "inputs": {"load": named("other")},
    "references": {"m:Conf": named("other")},
    "parameters": {"depth": named("4")},
    "seed": 1,
    "settings": Settings(hash_seed=0, threads=4, timezone="UTC", locale="C.UTF-8"),
    "interpreter": Interpreter(implementation="CPython", version="3.12.1", build="", compiler=""),
    "files": {"project/d.csv": named("other")},
    "cwd": "project/sub",
}


def test_every_ingredient_moves_the_key_and_says_so() -> None:
    keys = {key(wanted())}
    for name, value in OTHERS.items():
        changed = wanted(**{name: value})
        assert difference(wanted(), changed)
        keys.add(key(changed))
    assert len(keys) == len(OTHERS) + 1


def trace(watched: Watched, text: str = "output") -> Trace:
    output = Artifact(kind="int", content=named(text), skeleton=named(text), size=1)
    return Trace(
        key=key(wanted()),
        step="fit",
        ingredients=wanted(),
        inputs={"load": named("input")},
        output=output,
        watched=watched,
        started=0,
        duration=1,
        host="host",
        environment=named("environment"),
    )


WORLD = World(
    file=lambda _root, path: named(path) if path == "here" else None,
    exists=lambda _root, path: path == "here",
    listing=lambda _root, path: named(path) if path == "folder" else None,
    variable=lambda name: named(name) if name == "SET" else None,
    distribution=lambda name: "1.0" if name == "numpy" else None,
    fact=lambda kind, _root, _path: named(kind) if kind == "link" else None,
)


def seen(**what: object) -> Watched:
    return Watched(watcher="audit", **what)  # type: ignore[arg-type]


def test_a_trace_is_reused_while_all_it_saw_is_as_it_was() -> None:
    files = (
        FileRead(root="project", path="here", what="file", content=named("here")),
        FileRead(root="project", path="gone", what="missing"),
        FileRead(root="project", path="here", what="exists"),
        FileRead(root="project", path="folder", what="listing", content=named("folder")),
    )
    variables = (VariableRead(name="SET", content=named("SET")), VariableRead(name="NOT", content=None))
    old = trace(seen(files=files, variables=variables, distributions=("numpy==1.0",)))
    assert decide(wanted(), [old], [old], WORLD).trace == old


def test_a_trace_is_not_reused_when_anything_it_saw_has_moved() -> None:
    moved = {
        "d.csv has changed": seen(files=(FileRead(root="p", path="here", what="file", content=named("x")),)),
        "is not there any more": seen(files=(FileRead(root="p", path="gone", what="file", content=named("x")),)),
        "here is there now: an earlier run of the step left it": seen(
            files=(FileRead(root="p", path="here", what="missing"),), written=(("p", "here"),)
        ),
        "is there now": seen(files=(FileRead(root="p", path="here", what="missing"),)),
        "not there any more": seen(files=(FileRead(root="p", path="gone", what="exists"),)),
        "are others": seen(files=(FileRead(root="p", path="folder", what="listing", content=named("x")),)),
        "SET": seen(variables=(VariableRead(name="SET", content=None),)),
        "numpy": seen(distributions=("numpy==2.0",)),
        "changed while it ran": seen(unstable=("d.csv",)),
    }
    for words, watched in moved.items():
        decision = decide(wanted(), [trace(watched)], [], WORLD)
        assert decision.trace is None
        assert words.replace("d.csv", "here") in decision.reason or words in decision.reason


def test_an_older_trace_that_fits_the_world_again_is_taken() -> None:
    fits = trace(seen(files=(FileRead(root="p", path="here", what="file", content=named("here")),)))
    stale = trace(seen(files=(FileRead(root="p", path="here", what="file", content=named("x")),)), "other")
    assert decide(wanted(), [fits, stale], [], WORLD).trace == fits
    assert decide(wanted(), [stale, fits], [], WORLD).trace == fits


def test_the_reason_names_what_changed() -> None:
    assert decide(wanted(), [], [], WORLD).reason == "it has not run before"
    old = trace(seen())
    assert decide(wanted(code=named("x")), [], [old], WORLD).reason == "its code has changed"
    assert "input load has changed" in decide(wanted(inputs={"load": named("x")}), [], [old], WORLD).reason
