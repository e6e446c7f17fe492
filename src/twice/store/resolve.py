"""From what people say to the version or run that they mean."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from twice.errors import NotFound
from twice.records.digest import ALGORITHM, Digest
from twice.records.run import Ref, RunRecord
from twice.records.version import Version
from twice.store.filing import Filing, RunFact
from twice.store.refs import KEYWORDS, Refs

SHORTEST = 4
"""Hexadecimal digits that a digest's prefix must have."""
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Found:
    """What a text means.

    Attributes:
        version: The version.
        run: The run that was named, or that stands for the name; None where only a version was named.
        text: What was asked for.
    """

    version: Digest
    run: Digest | None
    text: str


class Resolver:
    """Finds out what a text means.

    Names that people chose come first, then ``latest`` and ``previous``, then digests: so a label such as ``2024``
    means what it was set to, whatever digests there are. Where names contradict each other, nothing is guessed.

    Args:
        refs: The names.
        filing: The versions and runs.
    """

    def __init__(self, refs: Refs, filing: Filing) -> None:
        self._refs = refs
        self._filing = filing

    def resolve(self, text: str, pipeline: str | None = None) -> Found:
        """The version or run that a text means.

        Args:
            text: ``churn@v1.0``, ``v1.0``, a saved name, ``latest``, ``previous``, ``churn@latest``, or a digest or its
                first digits.
            pipeline: Whose labels and runs are meant where the text does not say.

        Raises:
            NotFound: It means nothing, or more than one thing.
        """
        found = self._by_name(text, pipeline) or self._by_keyword(text, pipeline) or self._by_digest(text)
        if found is None and any(fact.pipeline == text and fact.purpose != "verify" for fact in self._filing.runs()):
            found = self._by_keyword(f"{text}@{KEYWORDS[0]}", None)  # a pipeline's name alone means its last run
        if found is None:
            raise self._nothing(text)
        return found

    def _by_name(self, text: str, pipeline: str | None) -> Found | None:
        candidates: list[tuple[str, Ref]] = []
        if (saved := self._refs.name(text)) is not None:
            candidates.append((f"the saved name {text}", saved))
        for owner, label in _splits(text):
            if (ref := self._refs.label(owner, label)) is not None:
                candidates.append((f"{owner}@{label}", ref))
        if pipeline is not None:
            if (ref := self._refs.label(pipeline, text)) is not None:
                candidates.append((f"{pipeline}@{text}", ref))
            # Whoever says which pipeline means its names, where it has such a name.
            candidates = [pair for pair in candidates if pair[1].pipeline == pipeline] or candidates
        if not candidates or pipeline is None:
            candidates += [(f"{ref.pipeline}@{ref.label}", ref) for ref in self._refs.labelled(text)]
        if not candidates:
            return None
        if len({ref.version for _, ref in candidates}) > 1:
            raise _ambiguous(text, [f"{shown} (version {ref.version.short})" for shown, ref in candidates])
        return Found(candidates[0][1].version, candidates[0][1].run, text)

    def _by_keyword(self, text: str, pipeline: str | None) -> Found | None:
        for owner, word in [(pipeline, text), *_splits(text)]:
            if word in KEYWORDS:
                # A verification is held against a run; it is not one that "latest" could mean.
                runs = [
                    fact
                    for fact in self._filing.runs()
                    if fact.purpose != "verify" and (owner is None or fact.pipeline == owner)
                ]
                place = -1 - KEYWORDS.index(word)
                if len(runs) < -place:
                    of = f" of {owner}" if owner else ""
                    count = "no run" if not runs else "only one run"
                    raise NotFound(f"there is no {word} run{of}: the store has {count}{of}.", hint="`twice log`")
                return Found(runs[place].version, runs[place].digest, text)
        return None

    def _by_digest(self, text: str) -> Found | None:
        found: dict[str, Found] = {}
        for owner, word in [(None, text), *_splits(text)]:
            digits = word.lower().removeprefix(f"{ALGORITHM}:")
            if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", digits):
                continue
            for digest in self._filing.starting_with(digits, Version):
                if owner is None or self._filing.load(digest, Version).pipeline == owner:
                    found[f"version {digest.hex}"] = Found(digest, None, text)
            for digest in self._filing.starting_with(digits, RunRecord):
                version = self._filing.load(digest, RunRecord).version
                if owner is None or self._filing.load(version, Version).pipeline == owner:
                    found[f"run {digest.hex}"] = Found(version, digest, text)
        if len(found) > 1:
            raise _ambiguous(text, list(found), "give more digits")
        return next(iter(found.values()), None)

    def _nothing(self, text: str) -> NotFound:
        labels = [f"{ref.pipeline}@{ref.label}" for ref in self._refs.labels()]
        names = list(self._refs.saved_names())
        known = list(dict.fromkeys([*names, *labels]))
        short = {label.rpartition("@")[2]: label for label in labels}
        near = difflib.get_close_matches(text, [*known, *short], n=3, cutoff=0.6)
        meant = list(dict.fromkeys(word if word in known else short[word] for word in near))
        if meant:
            hint = f"did you mean {' or '.join(meant)}?"
        elif known:
            hint = f"there is: {_listed(known)}"
        elif runs := self._filing.runs():
            hint = f"nothing was saved under a name yet; there are {_counted(runs)}, and `latest` names the last"
        else:
            hint = "nothing was run or saved in this store yet"
        return NotFound(f"nothing in the store is named {text!r}.", hint=hint)


def _splits(text: str) -> list[tuple[str, str]]:
    """Every way to read a text as ``pipeline@label``; either may itself hold an ``@``."""
    pairs = [(text[: at.start()], text[at.end() :]) for at in re.finditer("@", text)]
    return [(owner, label) for owner, label in pairs if owner and label]


def _ambiguous(text: str, candidates: list[str], advice: str = "say which, as in churn@v1.0") -> NotFound:
    return NotFound(f"{text!r} can mean {len(candidates)} things: {_listed(candidates)}.", hint=advice)


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _counted(runs: list[RunFact]) -> str:
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"
