"""Two runs that saw different files explain different outputs; two that looked at other things do not."""

from __future__ import annotations

from twice.history.alike import contradict
from twice.records.digest import Digest, digest_bytes
from twice.records.trace import FileRead, VariableRead, Watched

HERE, THERE = digest_bytes(b"here"), digest_bytes(b"there")


def looked(what: str, path: str = "cache.json", content: Digest | None = None) -> Watched:
    return Watched(watcher="audit", files=(FileRead(root="project", path=path, what=what, content=content),))


def differ(left: Watched, right: Watched) -> bool:
    assert contradict(left, right) == contradict(right, left)
    return contradict(left, right)


def test_other_contents_and_something_and_nothing_contradict_each_other() -> None:
    assert differ(looked("file", content=HERE), looked("file", content=THERE))
    assert differ(looked("listing", content=HERE), looked("listing", content=THERE))
    assert differ(looked("size", content=HERE), looked("size", content=THERE))
    for what in ("file", "exists", "listing"):
        assert differ(looked("missing"), looked(what))
    assert not differ(looked("file", content=HERE), looked("file", content=HERE))


def test_what_only_one_of_them_looked_at_contradicts_nothing() -> None:
    nothing = Watched(watcher="audit")
    assert not differ(nothing, looked("file", content=HERE)) and not differ(nothing, looked("missing"))
    assert not differ(looked("missing", "a.json"), looked("file", "b.json", HERE))


def test_that_a_folder_is_there_and_since_when_belongs_to_the_place() -> None:
    assert not differ(looked("exists", "."), Watched(watcher="audit"))
    assert not differ(looked("times", ".", HERE), looked("times", ".", THERE))


def test_another_value_of_a_variable_contradicts() -> None:
    def variable(content: Digest | None) -> Watched:
        return Watched(watcher="audit", variables=(VariableRead(name="MODE", content=content),))

    assert differ(variable(HERE), variable(THERE)) and differ(variable(HERE), variable(None))
    assert not differ(variable(HERE), Watched(watcher="audit"))
