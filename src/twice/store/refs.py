"""Refs: the names that people choose. A name means one version for ever."""

from __future__ import annotations

import warnings

from twice.errors import Damaged, LabelTaken, NotFound, StoreError, StoreWarning
from twice.records.canonical import decode, encode
from twice.records.run import Ref
from twice.store.backend import Backend
from twice.store.quote import quote, unquote

LABELS = "refs"
NAMES = "names"
KEYWORDS = ("latest", "previous")


class Refs:
    """The labels of pipelines and the saved names.

    Args:
        backend: Where they are filed.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def set_label(self, pipeline: str, label: str, ref: Ref) -> Ref:
        """Give a label its meaning.

        Returns:
            What the label means now: the given ref, or the one that was there, if it is of the same version.

        Raises:
            LabelTaken: The label means another version.
            StoreError: It cannot be a label.
        """
        if (ref.pipeline, ref.label) != (pipeline, label):
            raise StoreError(f"the ref of {ref.pipeline}@{ref.label} cannot be filed as {pipeline}@{label}.")
        _refuse_keyword(label)
        return self._set(_label_name(pipeline, label), ref, f"{pipeline}@{label}")

    def set_name(self, name: str, ref: Ref) -> Ref:
        """Give a saved name its meaning; the law is that of :meth:`set_label`."""
        _refuse_keyword(name)
        return self._set(_saved_name(name), ref, name)

    def label(self, pipeline: str, label: str) -> Ref | None:
        """What a label means; None if it means nothing.

        Raises:
            Damaged: It means something that cannot be read any more.
        """
        try:
            name = _label_name(pipeline, label)
        except StoreError:
            return None  # what cannot be a label means nothing
        return self._read_if_there(name)

    def name(self, name: str) -> Ref | None:
        """What a saved name means; None if it means nothing."""
        try:
            file_name = _saved_name(name)
        except StoreError:
            return None
        return self._read_if_there(file_name)

    def labels(self) -> list[Ref]:
        """All labels, by pipeline and then oldest first; damaged ones are left out with a warning."""
        names = [name for name in self._backend.names(f"{LABELS}/") if is_ref_name(name)]
        found = [ref for name in names if (ref := self._readable(name)) is not None]
        return sorted(found, key=lambda ref: (ref.pipeline, ref.created, ref.label))

    def labelled(self, label: str) -> list[Ref]:
        """What a label means in each pipeline that has it.

        Raises:
            Damaged: In one of them it means something that cannot be read any more.
        """
        try:
            file_name = quote(label, "label")
        except StoreError:
            return []
        names = [name for name in self._backend.names(f"{LABELS}/") if is_ref_name(name)]
        found = [self._read_if_there(name) for name in names if name.rpartition("/")[2] == file_name]
        return [ref for ref in found if ref is not None]

    def saved_names(self) -> dict[str, Ref]:
        """All saved names, sorted; damaged ones are left out with a warning."""
        found = {}
        for name in self._backend.names(f"{NAMES}/"):
            if is_ref_name(name) and (ref := self._readable(name)) is not None:
                found[shown(name)] = ref
        return dict(sorted(found.items()))

    def _set(self, name: str, ref: Ref, said: str) -> Ref:
        if self._backend.claim(name, encode(ref)):
            return ref
        present = self._read(name)
        if present.version == ref.version:
            return present
        raise LabelTaken(
            f"{said} already means version {present.version.short}, and a name means one thing for ever; "
            f"the version to be saved is {ref.version.short}.",
            hint=f"save it under another name, or see what changed: twice diff {present.version.short} "
            f"{ref.version.short}",
        )

    def _read(self, name: str) -> Ref:
        return read_ref(self._backend, name)

    def _read_if_there(self, name: str) -> Ref | None:
        try:
            return self._read(name)
        except NotFound:
            return None

    def _readable(self, name: str) -> Ref | None:
        try:
            return self._read_if_there(name)
        except Damaged as problem:
            warnings.warn(f"left out: {problem.message}", StoreWarning, stacklevel=4)
            return None


def read_ref(backend: Backend, name: str) -> Ref:
    """The ref that is filed under a name.

    Raises:
        NotFound: There is none.
        Damaged: It cannot be read.
    """
    data = backend.read(name)
    try:
        return decode(data, Ref)
    except Damaged as problem:
        raise Damaged(
            f"the name {shown(name)} is damaged: {problem.message}",
            hint=f"what it named is still there; remove the file {name} in the store and save again under that name",
        ) from problem


def is_ref_name(name: str) -> bool:
    """Whether a ref of ours can be filed under a name; other programs leave files too."""
    folder, *parts = name.split("/")
    return len(parts) == {LABELS: 2, NAMES: 1}.get(folder) and None not in map(unquote, parts)


def shown(name: str) -> str:
    """The name that a ref is filed under, as people say it."""
    return "@".join(unquote(part) or part for part in name.split("/")[1:])


def _label_name(pipeline: str, label: str) -> str:
    return f"{LABELS}/{quote(pipeline, 'pipeline')}/{quote(label, 'label')}"


def _saved_name(name: str) -> str:
    return f"{NAMES}/{quote(name, 'saved version')}"


def _refuse_keyword(text: str) -> None:
    if text in KEYWORDS:
        raise StoreError(
            f"{text!r} cannot be the name of a version: it always means the {text} run.",
            hint="choose a name such as v1.0",
        )
