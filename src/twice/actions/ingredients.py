"""What differs between two times that a step was asked for, ingredient by ingredient, in words and as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from twice.actions.diff import views
from twice.actions.file_change import FileState, file_change, folder_change
from twice.errors import Damaged, NotFound
from twice.history.changes import Change, code_changes, sentence
from twice.present.findings import ChangeView
from twice.records.artifact import Artifact
from twice.records.code import Code, Snapshot
from twice.records.digest import Digest
from twice.records.environment import Distribution, Environment
from twice.records.run import RunRecord
from twice.records.trace import FileRead, Trace, Watched
from twice.records.version import InputFile, StepSpec, Version
from twice.source.importer import MAIN
from twice.store.store import Store

Read = Callable[[str, str, Digest | None, bool], bytes | None]
"""The bytes of a file by its root, path, content and whether the vault has it; None where they cannot be had."""


@dataclass(frozen=True)
class Asked:
    """A step as it was asked for in a run, or as it would be now.

    Attributes:
        step: Its name.
        ingredients: What its key is made of.
        watched: What it was seen to use; for now, how that is now.
        spec: The step as it was drawn.
        code: What the code says.
        snapshot: The files of the code.
        environment: What is installed.
        declared: The pipeline's input files.
        inputs: What it receives.
        read: Gives the bytes of a file.
    """

    step: str
    ingredients: Mapping[str, str]
    watched: Watched
    spec: StepSpec
    code: Code
    snapshot: Snapshot
    environment: Environment
    declared: tuple[InputFile, ...]
    inputs: Mapping[str, Artifact]
    read: Read


def asked_in(store: Store, record: RunRecord, step: str, trace: Trace) -> Asked:
    """A step as it was asked for in a run."""
    version = store.load(record.version, Version)
    spec = next(spec for spec in version.steps if spec.name == step)
    traces = {result.step: result.trace for result in record.steps}
    inputs: dict[str, Artifact] = {}
    for parameter, source in spec.inputs.items():
        if (digest := traces.get(source)) is not None:
            inputs[parameter] = store.load(digest, Trace).output

    def read(root: str, path: str, content: Digest | None, stored: bool) -> bytes | None:
        del root, path
        return _stored(store, content) if stored else None

    return Asked(
        step=step,
        ingredients=trace.ingredients,
        watched=trace.watched,
        spec=spec,
        code=store.load(version.code, Code),
        snapshot=store.load(record.snapshot, Snapshot),
        environment=store.load(record.environment, Environment),
        declared=version.files,
        inputs=inputs,
        read=read,
    )


def _stored(store: Store, content: Digest | None) -> bytes | None:
    try:
        return store.get(content) if content is not None else None
    except (NotFound, Damaged):
        return None


def differing(before: Asked, after: Asked) -> dict[str, tuple[str, str]]:
    """The ingredients of the key that differ, as they are recorded."""
    return {
        name: (before.ingredients.get(name, ""), after.ingredients.get(name, ""))
        for name in sorted({*before.ingredients, *after.ingredients})
        if before.ingredients.get(name) != after.ingredients.get(name)
    }


_SETTINGS = ("seed", "hash seed", "threads", "time zone", "locale", "working directory", "deterministic", "strict")


def changed(store: Store, before: Asked, after: Asked, *, edited: bool = False) -> tuple[ChangeView, ...]:
    """What differs between two, code first.

    Args:
        store: The vault.
        before: The earlier one.
        after: The later one.
        edited: The code differs, although both have one trace: somebody called the edit compatible.
    """
    return tuple(_Changed(store, before, after, edited).all())


class _Changed:
    def __init__(self, store: Store, before: Asked, after: Asked, edited: bool) -> None:
        self.store = store
        self.edited = edited
        self.before = before
        self.after = after
        self.step = after.step
        self.names = sorted(
            name
            for name in {*before.ingredients, *after.ingredients}
            if before.ingredients.get(name) != after.ingredients.get(name)
        )

    def all(self) -> Iterator[ChangeView]:
        yield from self.of_code()
        yield from self.of_parameters()
        yield from self.of_inputs()
        yield from self.of_files()
        yield from self.of_variables()
        yield from self.of_distributions()
        yield from self.of_the_rest()

    def view(self, what: str, name: str, before: str, after: str, detail: str = "", patch: str = "") -> ChangeView:
        told = sentence(Change(what, name, before, after))
        return ChangeView(
            what=what,
            name=name,
            before=before,
            after=after,
            steps=(self.step,),
            via=(),
            sentence=told,
            patch=patch,
            detail=detail,
        )

    def of(self, kind: str) -> Iterator[str]:
        """The names of what differs, of one kind of ingredient."""
        return (name.removeprefix(f"{kind} ") for name in self.names if name.startswith(f"{kind} "))

    def of_code(self) -> Iterator[ChangeView]:
        classes = list(self.of("class"))
        if "code" not in self.names and not classes and not self.edited:
            return
        found = [
            change
            for change in code_changes(self.before.code, self.after.code)
            if change.what == "code" and (self.step in change.steps or change.name in classes)
        ]
        for view in views(self.store, (self.before.snapshot, self.after.snapshot), found):
            values = [_value(self.store, side.snapshot, view.name) for side in (self.before, self.after)]
            shown = f"{values[0]} → {values[1]}" if not view.patch and all(values) and values[0] != values[1] else ""
            yield ChangeView(**{**vars(view), "steps": (self.step,), "detail": shown})
        known = {change.name for change in found}
        for name in classes:
            if name not in known:
                yield self.view("code", name, "inside an input", "with other code")
        if not known and "code" in self.names and not list(self._reached_distributions()):
            yield self.view("code", "how things are reached", "as recorded", "otherwise")

    def of_parameters(self) -> Iterator[ChangeView]:
        left, right = self.before.spec.parameters, self.after.spec.parameters
        for name in self.of("parameter"):
            shown = [side[name].preview if name in side else "" for side in (left, right)]
            if shown[0] == shown[1] and name in left and name in right:
                difference = self._of_values(left[name], right[name])
            else:
                difference = ""
            yield self.view("parameter", f"{self.step}.{name}", shown[0], shown[1], difference)

    def of_inputs(self) -> Iterator[ChangeView]:
        left, right = self.before.inputs, self.after.inputs
        for name in self.of("input"):
            source = self.after.spec.inputs.get(name) or self.before.spec.inputs.get(name, "")
            shown = [side[name].preview if name in side else "" for side in (left, right)]
            both = name in left and name in right
            difference = self._of_values(left[name], right[name]) if both else ""
            if both and shown[0] == shown[1]:
                shown = [
                    f"{text} ({side[name].content.short})" for text, side in zip(shown, (left, right), strict=True)
                ]
            named = f"input {name}" if source in ("", name) else f"input {name} (the output of {source})"
            yield self.view("input", named, shown[0], shown[1], difference)

    def _of_values(self, left: Artifact, right: Artifact) -> str:
        """How two recorded values differ, in a sentence; nothing where that takes long or cannot be said."""
        from twice.actions.fetch import term
        from twice.errors import TwiceError
        from twice.values.compare import difference

        if max(left.size, right.size) > _LOOKED_INTO:
            return ""
        try:
            found = difference(term(self.store, left), term(self.store, right))
        except (TwiceError, OSError):
            return ""
        # Two plain values are there to be seen.
        return found.what if found is not None and not found.what.startswith("was ") else ""

    def of_files(self) -> Iterator[ChangeView]:
        left, right = ({f"{f.root}/{f.path}": f for f in side.declared} for side in (self.before, self.after))
        told = set()
        for name in self.of("file"):
            was, now = left.get(name), right.get(name)
            file = now or was
            assert file is not None
            told.add((file.root, file.path))
            yield file_change(file.path, self._declared(self.before, was), self._declared(self.after, now), self.step)
        yield from self._watched_files(told)

    def _declared(self, side: Asked, file: InputFile | None) -> FileState | None:
        if file is None:
            return None
        return FileState(file.content, file.size, lambda: side.read(file.root, file.path, file.content, file.stored))

    def _watched_files(self, told: set[tuple[str, str]]) -> Iterator[ChangeView]:
        left, right = (
            {(file.root, file.path, file.what): file for file in side.watched.files}
            for side in (self.before, self.after)
        )
        of_one_key = not self.names
        for root, path, what in sorted({*left, *right}):
            was, now = left.get((root, path, what)), right.get((root, path, what))
            if (root, path) in told or (was is not None and now is not None and was.content == now.content):
                continue
            if what in ("missing", "exists"):
                # That it was looked for and not there in one, and read in the other, is told of the reading.
                if was is not None and now is None and (root, path, "file") not in right and of_one_key:
                    yield self.view("file", path, *(("", "there") if what == "missing" else ("there", "")))
                continue
            if (was is None or now is None) and not of_one_key:
                continue  # other code looks at other things
            if what == "listing":
                yield folder_change(path, self._names(self.before, was), self._names(self.after, now), self.step)
            elif what == "file":
                yield file_change(path, self._state(self.before, was), self._state(self.after, now), self.step)
            elif (root, path, "file") not in left:
                yield self.view("file", f"{what} of {path}", _there(was), _there(now, "another"))

    def _state(self, side: Asked, file: FileRead | None) -> FileState | None:
        if file is None or file.content is None:
            return None
        return FileState(file.content, file.size, lambda: side.read(file.root, file.path, file.content, file.stored))

    def _names(self, side: Asked, folder: FileRead | None) -> list[str] | None:
        if folder is None or folder.content is None:
            return []
        data = side.read(folder.root, folder.path, folder.content, folder.stored)
        return None if data is None else [str(name) for name in json.loads(data)]

    def of_variables(self) -> Iterator[ChangeView]:
        left, right = ({v.name: v.content for v in side.watched.variables} for side in (self.before, self.after))
        for name in sorted({*left, *right}):
            if left.get(name) == right.get(name) or ((name not in left or name not in right) and self.names):
                continue
            if name == "*":
                yield self.view("variable", "the names of all variables", "as recorded", "others")
                continue
            known = [side.environment.variables.get(name, "") for side in (self.before, self.after)]
            digests = [left.get(name), right.get(name)]
            shown = ["not set" if digest is None else text for text, digest in zip(known, digests, strict=True)]
            if not all(shown):  # its value is kept as a digest only, since it may be a secret
                shown = ["not set" if digest is None else "a value" for digest in digests]
                shown = ["one value", "another value"] if shown[0] == shown[1] else shown
            yield self.view("variable", name, *shown)

    def of_distributions(self) -> Iterator[ChangeView]:
        told = set()
        for name in (*self._reached_distributions(), *self.of("distribution"), *self._loaded_distributions()):
            if name not in told:
                told.add(name)
                yield self.view("distribution", name, *(_installed(side.environment, name) for side in self.both))

    @property
    def both(self) -> tuple[Asked, Asked]:
        return self.before, self.after

    def _reached_distributions(self) -> Iterator[str]:
        if "code" not in self.names:
            return
        left, right = (
            {id_ for id_ in side.code.steps[self.step].reaches if "==" in id_ and ":" not in id_}
            if self.step in side.code.steps
            else set[str]()
            for side in self.both
        )
        yield from sorted({id_.partition("==")[0] for id_ in left ^ right})

    def _loaded_distributions(self) -> Iterator[str]:
        if not self.names:
            left, right = (set(side.watched.distributions) for side in self.both)
            yield from sorted({loaded.partition("==")[0] for loaded in left ^ right})

    def of_the_rest(self) -> Iterator[ChangeView]:
        for name in self.names:
            if name in _SETTINGS or name == "interpreter" or name == "step" or name.startswith("launch "):
                before, after = (side.ingredients.get(name, "") for side in self.both)
                yield self.view("interpreter" if name == "interpreter" else "setting", name, before, after)


_LOOKED_INTO = 64 << 20
"""Bytes up to which values are compared to say how they differ."""


def _there(file: FileRead | None, word: str = "recorded") -> str:
    return word if file is not None and file.content is not None else ""


def _installed(environment: Environment, name: str) -> str:
    found: Distribution | None = next((one for one in environment.distributions if one.name == name), None)
    if found is None:
        return ""
    edited = ", ".join(file for file, *_ in found.edited)
    return f"{found.version} (edited by hand: {edited})" if edited else found.version


def _value(store: Store, snapshot: Snapshot, id_: str) -> str:
    """What a captured variable held, in short; empty if it was not captured by its value."""
    module, _, name = id_.partition(":")
    outline = json.loads(store.get(snapshot.outline))
    if id_ == "the program's arguments":
        number = outline.get("argv")
    elif module == MAIN or module.startswith(f"{MAIN}/"):
        entry = outline["main"].get(name, {})
        number = entry.get("value") if entry.get("how") == "value" else None
    else:
        number = outline["values"].get(module, {}).get(name)
    return snapshot.values[number].preview if isinstance(number, int) else ""
