"""What the records already show about why two outputs differ."""

from __future__ import annotations

from twice.compare.suspects import sentence, suspects
from twice.records.artifact import Artifact
from twice.records.digest import digest_bytes
from twice.records.trace import FileRead, Observed, Trace, VariableRead, Watched

NAME = digest_bytes(b"name")
OUTPUT = Artifact(kind="int", content=NAME, skeleton=NAME, size=1)


def trace(watched: Watched | None = None, **ingredients: str) -> Trace:
    return Trace(
        key=NAME,
        step="fit",
        ingredients={"step": "fit", "code": "1", "threads": "2", **ingredients},
        inputs={},
        output=OUTPUT,
        watched=watched or Watched(watcher="audit"),
        started=0,
        duration=1,
        host="here",
        environment=NAME,
    )


def test_ingredients_variables_and_files_that_differ_are_named() -> None:
    def seen(text: bytes) -> Watched:
        content = digest_bytes(text)
        return Watched(
            watcher="audit",
            files=(FileRead(root="project", path="d.csv", what="file", content=content),),
            variables=(VariableRead(name="MODE", content=content),),
        )

    found = suspects(trace(seen(b"1"), code="1"), trace(seen(b"2"), code="2", threads="4"))
    assert found == ("its code", "threads", "the environment variable MODE", "the file d.csv")
    assert sentence(found).startswith("consistent with: its code, threads")


def test_entropy_and_clocks_are_suspects_with_their_line_and_global_generators_are_not() -> None:
    watched = Watched(
        watcher="audit",
        observed=(
            Observed(what="entropy", which="os.urandom", root="project", path="flow.py", line=3),
            Observed(what="global generator", which="random"),
        ),
    )
    assert suspects(trace(), trace(watched)) == ("entropy: os.urandom (flow.py:3)",)


def test_two_traces_with_nothing_apart_may_be_of_a_step_that_disagrees_with_itself() -> None:
    assert sentence(suspects(trace(), trace())) == "nothing that was recorded differs: it may disagree with itself"
